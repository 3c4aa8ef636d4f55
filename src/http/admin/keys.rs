//! API keys of tenants, for the operator.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::registry;
use crate::{
    app::App,
    domain::{ApiKeyId, Ctx, Scopes, TenantId},
    http::{
        auth::Operator,
        extract::{Json, Path},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    records, tenancy,
};

const LIST: &str = "tenant-keys";

#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    pub id: ApiKeyId,
    pub name: String,
    /// `read`, `write`, `events`, or single permissions such as `messages.send`.
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    /// To the minute.
    #[schema(required)]
    pub last_used_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who made it: `operator`; null if that was not recorded.
    #[schema(required)]
    pub created_by: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for; 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Of `read`, `write` and `events`, or single permissions such as `messages.send`; at least one.
    #[schema(min_items = 1)]
    scopes: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedKey {
    pub id: ApiKeyId,
    /// Shown here and never again.
    pub api_key: String,
}

/// List a tenant's API keys
///
/// Oldest first, including revoked ones; without the keys themselves, which are stored only as digests.
#[utoipa::path(get, path = "/admin/tenants/{id}/keys", params(("id" = TenantId, Path), PagingParams),
    responses((status = 200, description = "A page of keys", body = Page<ApiKeyView>)))]
pub async fn list(
    _: Operator,
    State(app): State<App>,
    Path(tenant): Path<TenantId>,
    paging: Paging,
) -> Result<Body<Page<ApiKeyView>>, Problem> {
    let after = paging.key(LIST)?;
    let known = records::tenants::find(app.db.reader(), tenant).await?;
    known.ok_or_else(|| Problem::no_such(format_args!("tenant {tenant}")))?;
    let rows = records::api_keys::page(app.db.reader(), tenant, after, paging.rows()).await?;
    let show = |row: records::api_keys::ApiKey| ApiKeyView {
        id: row.id,
        name: row.name,
        scopes: row.scopes.split(' ').map(str::to_owned).collect(),
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
        created_by: row.created_by,
    };
    Ok(Body(Page::new(&paging, LIST, rows, |row| row.id).map(show)))
}

/// Create an API key
#[utoipa::path(post, path = "/admin/tenants/{id}/keys", params(("id" = TenantId, Path)),
    request_body = NewKey, responses((status = 201, description = "Created", body = CreatedKey)))]
pub async fn create(
    _: Operator,
    State(app): State<App>,
    Path(tenant): Path<TenantId>,
    Json(new): Json<NewKey>,
) -> Result<(StatusCode, Body<CreatedKey>), Problem> {
    let scopes: Scopes = new
        .scopes
        .join(" ")
        .parse()
        .map_err(|problem: String| Problem::invalid(problem))?;
    let key = tenancy::create_api_key(&registry(&app), &Ctx::operator(tenant), &new.name, &scopes).await?;
    let created = CreatedKey {
        id: key.id,
        api_key: key.token.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Body(created)))
}

/// Revoke an API key
///
/// Takes effect within five seconds in every process.
#[utoipa::path(delete, path = "/admin/keys/{id}", params(("id" = ApiKeyId, Path)),
    responses((status = 204, description = "Revoked")))]
pub async fn revoke(_: Operator, State(app): State<App>, Path(id): Path<ApiKeyId>) -> Result<StatusCode, Problem> {
    tenancy::revoke_api_key(&registry(&app), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
