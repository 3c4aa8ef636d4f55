//! Where events go: endpoints, their secrets, and what is asked of them.

mod change;
mod problems;
pub mod secret;
mod shown;
pub mod work;

use axum::{Json as Body, extract::State, http::StatusCode};

use self::{
    change::{EndpointChange, NewEndpoint},
    shown::Endpoint,
};
use crate::{
    app::App,
    domain::{EndpointId, TenantId},
    http::{
        auth::{Reader, Subscriber},
        extract::{Json, Path},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    webhooks::store::endpoints,
};

const LIST: &str = "endpoints";

/// List endpoints
///
/// The oldest first.
#[utoipa::path(get, path = "/api/v1/endpoints", params(PagingParams),
    responses((status = 200, description = "A page of endpoints", body = Page<Endpoint>)))]
pub async fn list(reader: Reader, State(app): State<App>, paging: Paging) -> Result<Body<Page<Endpoint>>, Problem> {
    let after = paging.key(LIST)?;
    let mut tx = reader.begin().await?;
    let rows = endpoints::list(&mut tx, reader.tenant, after, paging.rows()).await?;
    tx.commit().await?;
    let names = app.webhooks.header_names(reader.tenant, &rows).await?;
    let shown = rows.into_iter().zip(names).map(|(row, names)| Endpoint::of(row, names));
    Ok(Body(Page::new(&paging, LIST, shown.collect(), |it| it.id)))
}

/// Show an endpoint
#[utoipa::path(get, path = "/api/v1/endpoints/{id}", params(("id" = EndpointId, Path)),
    responses((status = 200, description = "The endpoint", body = Endpoint)))]
pub async fn show(
    reader: Reader,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Body<Endpoint>, Problem> {
    let found = app.webhooks.find(reader.tenant, id).await?;
    shown(&app, reader.tenant, found).await.map(Body)
}

/// Add an endpoint
///
/// Events that happen from now on are sent there, signed with a secret of its own. Needs the scopes `write` and `events`.
#[utoipa::path(post, path = "/api/v1/endpoints", request_body = NewEndpoint,
    responses((status = 201, description = "Added", body = Endpoint)))]
pub async fn create(
    subscriber: Subscriber,
    State(app): State<App>,
    Json(new): Json<NewEndpoint>,
) -> Result<(StatusCode, Body<Endpoint>), Problem> {
    let created = app.webhooks.create(subscriber.tenant, new.into()).await?;
    let shown = shown(&app, subscriber.tenant, created).await?;
    Ok((StatusCode::CREATED, Body(shown)))
}

/// Update an endpoint
///
/// What it has failed before is forgotten. With `enabled: true` or another `url`, what waits for its next attempt is sent at once, a hundred
/// thousand deliveries at most, and the rest at their time. Needs the scopes `write` and `events`.
#[utoipa::path(patch, path = "/api/v1/endpoints/{id}", params(("id" = EndpointId, Path)),
    request_body = EndpointChange, responses((status = 200, description = "The endpoint as it is now", body = Endpoint)))]
pub async fn change(
    subscriber: Subscriber,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
    Json(change): Json<EndpointChange>,
) -> Result<Body<Endpoint>, Problem> {
    let changed = app.webhooks.change(subscriber.tenant, id, change.into()).await?;
    shown(&app, subscriber.tenant, changed).await.map(Body)
}

/// Delete an endpoint
///
/// With its deliveries. Nothing more is sent there. Needs the scopes `write` and `events`.
#[utoipa::path(delete, path = "/api/v1/endpoints/{id}", params(("id" = EndpointId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete(
    subscriber: Subscriber,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<StatusCode, Problem> {
    app.webhooks.remove(subscriber.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn shown(app: &App, tenant: TenantId, row: endpoints::Endpoint) -> Result<Endpoint, Problem> {
    let names = app.webhooks.header_names(tenant, std::slice::from_ref(&row)).await?;
    Ok(Endpoint::of(row, names.concat()))
}
