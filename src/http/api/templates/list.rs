//! Lists templates, and synchronizes them with Meta.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::show::TemplateView;
use crate::{
    app::App,
    domain::{ChannelId, Id, TenantId, perm},
    http::{
        auth::May,
        extract::{OptionalJson, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    templates::{SYNCS, store::templates as store},
};

const LIST: &str = "templates";

/// Selects the templates of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTemplatesQuery {
    /// Of this channel's account.
    channel: Option<ChannelId>,
    /// Of this account.
    waba_id: Option<String>,
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED` and so on.
    status: Option<String>,
    /// `AUTHENTICATION`, `MARKETING` or `UTILITY`.
    category: Option<String>,
    /// As Meta writes it.
    language: Option<String>,
    /// Part of the name.
    name: Option<String>,
}

/// List templates
///
/// Lists templates as Meta has them, newest first by their first sync; templates deleted at Meta remain as `DELETED`.
#[utoipa::path(get, path = "/api/v1/templates", params(PagingParams, ListTemplatesQuery),
    responses((status = 200, description = "A page of templates", body = Page<TemplateView>),
        (status = 404, description = "There is no such channel")))]
pub async fn list(
    caller: May<perm::TemplatesRead>,
    State(app): State<App>,
    paging: Paging,
    Query(query): Query<ListTemplatesQuery>,
) -> Result<Body<Page<TemplateView>>, Problem> {
    let before = paging.key(LIST)?;
    let waba_id = match query.channel {
        Some(channel) => account(&app, caller.tenant, channel)?,
        None => query.waba_id.unwrap_or_default(),
    };
    let filter = store::TemplateFilter {
        waba_id,
        status: query.status.unwrap_or_default().to_uppercase(),
        category: query.category.unwrap_or_default().to_uppercase(),
        language: query.language.unwrap_or_default(),
        name: query.name.unwrap_or_default(),
    };
    let mut tx = caller.begin().await?;
    let rows = store::page(tx.on(), caller.tenant, filter, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::new(&paging, LIST, rows, |row| row.id).map(TemplateView::from),
    ))
}

fn account(app: &App, tenant: TenantId, channel: ChannelId) -> Result<String, Problem> {
    let directory = app.directory.current();
    let route = directory.channel(channel).filter(|route| route.tenant == tenant);
    let route = route.ok_or_else(|| Problem::not_found(format_args!("channel {channel}")))?;
    Ok(route.account().to_owned())
}

/// The accounts to synchronize: all, unless one is given.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncRequest {
    /// The account of this channel.
    channel_id: Option<ChannelId>,
    waba_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SyncAnswer {
    data: Vec<SyncView>,
}

/// The state of synchronizing the templates of an account with Meta.
#[derive(Serialize, ToSchema)]
#[schema(as = Sync)]
pub(crate) struct SyncView {
    waba_id: String,
    /// Start of the last successful sync.
    #[schema(required)]
    synced_at: Option<DateTime<Utc>>,
    /// Start of the next sync.
    due_at: DateTime<Utc>,
    /// The error of the last sync; null if it succeeded.
    #[schema(required)]
    last_error: Option<String>,
}

/// Sync templates
///
/// Fetches all templates of an account from Meta, in the background. Runs by itself when a channel is added, when Meta reports a change, and
/// once a day. The body may be omitted.
#[utoipa::path(post, path = "/api/v1/templates/sync", request_body = Option<SyncRequest>,
    responses((status = 202, description = "Sync started", body = SyncAnswer),
        (status = 404, description = "There is no such channel")))]
pub async fn sync(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    OptionalJson(request): OptionalJson<SyncRequest>,
) -> Result<(StatusCode, Body<SyncAnswer>), Problem> {
    let query = match request.channel_id {
        Some(channel) => Some(account(&app, caller.tenant, channel)?),
        None => request.waba_id,
    };
    let is_wanted = |waba_id: &str| query.as_deref().is_none_or(|query| query == waba_id);
    let known = store::syncs_of_tenant(app.db.reader(), caller.tenant).await?;
    let asked: Vec<&store::TemplateSync> = known.iter().filter(|it| is_wanted(&it.waba_id)).collect();
    if let (Some(waba_id), true) = (&query, asked.is_empty()) {
        return Err(Problem::not_found(format_args!("account {waba_id} with a channel")));
    }
    for it in &asked {
        app.templates
            .request_sync(caller.tenant, &it.waba_id, TimeDelta::zero())
            .await?;
    }
    // The sweep finds syncs that could not be pushed.
    let ids = asked.iter().map(|it| it.id.uuid());
    let _ = app.queues.push(&SYNCS, ids, app.clock.now()).await;
    let data = store::syncs_of_tenant(app.db.writer(), caller.tenant).await?;
    let views = data.into_iter().filter(|it| is_wanted(&it.waba_id)).map(|it| SyncView {
        waba_id: it.waba_id,
        synced_at: it.synced_at,
        due_at: it.due_at,
        last_error: it.last_error,
    });
    Ok((StatusCode::ACCEPTED, Body(SyncAnswer { data: views.collect() })))
}
