//! Endpoints, their secrets and operations.

mod change;
mod problems;
pub mod secret;
mod view;
pub mod work;

use axum::{Json as Body, extract::State, http::StatusCode};

pub(crate) use self::view::BacklogView;
use self::{
    change::{CreateEndpointRequest, EndpointChange},
    view::EndpointView,
};
use crate::{
    app::App,
    domain::{EndpointId, TenantId, perm},
    http::{
        auth::May,
        extract::{Json, Path},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    webhooks::store::{
        deliveries,
        endpoints::{self, Endpoint, EndpointKey},
    },
};

const LIST: &str = "endpoints";

/// List endpoints
///
/// Oldest first.
#[utoipa::path(get, path = "/api/v1/endpoints", params(PagingParams),
    responses((status = 200, description = "A page of endpoints", body = Page<EndpointView>)))]
pub async fn list(
    caller: May<perm::EndpointsManage>,
    State(app): State<App>,
    paging: Paging,
) -> Result<Body<Page<EndpointView>>, Problem> {
    let after = paging.key(LIST)?;
    let mut tx = caller.begin().await?;
    let rows = endpoints::list(tx.on(), caller.tenant, after, paging.rows()).await?;
    let keys: Vec<EndpointKey> = rows.iter().map(Endpoint::key).collect();
    let mut backlogs = deliveries::backlogs(tx.on(), &keys).await?;
    tx.commit().await?;
    let names = app.webhooks.header_names(caller.tenant, &rows).await?;
    let now = app.clock.now();
    let views = rows.into_iter().zip(names).map(|(row, names)| {
        let backlog = backlogs.remove(&row.id).unwrap_or_default();
        EndpointView::of(row, names, backlog, now)
    });
    Ok(Body(Page::new(&paging, LIST, views.collect(), |it| it.id)))
}

/// Show an endpoint
#[utoipa::path(get, path = "/api/v1/endpoints/{id}", params(("id" = EndpointId, Path)),
    responses((status = 200, description = "The endpoint", body = EndpointView)))]
pub async fn show(
    caller: May<perm::EndpointsManage>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Body<EndpointView>, Problem> {
    let found = app.webhooks.find(caller.tenant, id).await?;
    to_view(&app, caller.tenant, found).await.map(Body)
}

/// Add an endpoint
///
/// Events that occur from now on are delivered there, signed with a secret of its own. Needs the scopes `write` and `events`.
#[utoipa::path(post, path = "/api/v1/endpoints", request_body = CreateEndpointRequest,
    responses((status = 201, description = "Added", body = EndpointView)))]
pub async fn create(
    caller: May<(perm::EndpointsManage, perm::EventsRead)>,
    State(app): State<App>,
    Json(new): Json<CreateEndpointRequest>,
) -> Result<(StatusCode, Body<EndpointView>), Problem> {
    let created = app.webhooks.create(&caller, new.into()).await?;
    let view = to_view(&app, caller.tenant, created).await?;
    Ok((StatusCode::CREATED, Body(view)))
}

/// Update an endpoint
///
/// Clears its failure history. With `enabled: true` or another `url`, deliveries waiting for a retry are sent at once, a hundred thousand at
/// most, and the rest when they are due. Needs the scopes `write` and `events`.
#[utoipa::path(patch, path = "/api/v1/endpoints/{id}", params(("id" = EndpointId, Path)),
    request_body = EndpointChange, responses((status = 200, description = "The endpoint as it is now", body = EndpointView)))]
pub async fn change(
    caller: May<(perm::EndpointsManage, perm::EventsRead)>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
    Json(change): Json<EndpointChange>,
) -> Result<Body<EndpointView>, Problem> {
    let changed = app.webhooks.change(&caller, id, change.into()).await?;
    to_view(&app, caller.tenant, changed).await.map(Body)
}

/// Delete an endpoint
///
/// Deletes its deliveries too. Nothing more is sent there. Needs the scopes `write` and `events`.
#[utoipa::path(delete, path = "/api/v1/endpoints/{id}", params(("id" = EndpointId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete(
    caller: May<(perm::EndpointsManage, perm::EventsRead)>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<StatusCode, Problem> {
    app.webhooks.remove(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn to_view(app: &App, tenant: TenantId, row: Endpoint) -> Result<EndpointView, Problem> {
    let names = app.webhooks.header_names(tenant, std::slice::from_ref(&row)).await?;
    let mut backlogs = deliveries::backlogs(app.db.reader(), &[row.key()]).await?;
    let backlog = backlogs.remove(&row.id).unwrap_or_default();
    Ok(EndpointView::of(row, names.concat(), backlog, app.clock.now()))
}
