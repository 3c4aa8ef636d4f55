use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::registry;
use crate::{
    app::App,
    domain::{SendLane, TenantId},
    http::{
        auth::Operator,
        extract::{Json, Path, given},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    store, tenancy,
};

const LIST: &str = "tenants";

#[derive(Serialize, ToSchema)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// Messages per second that it may send from all its numbers together; null is no limit.
    #[schema(required)]
    pub messages_per_second: Option<f64>,
    /// The lanes whose messages are held, and not sent again, when nobody knows whether they were sent; null is the default,
    /// `["campaign"]`.
    #[schema(required)]
    pub hold_unknown: Option<Vec<SendLane>>,
}

impl From<store::tenants::Tenant> for Tenant {
    fn from(row: store::tenants::Tenant) -> Self {
        let rules = tenancy::rules(&row);
        Self {
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            messages_per_second: rules.messages_per_second,
            hold_unknown: rules.hold_unknown,
        }
    }
}

/// What is not named stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantRules {
    /// More than 0 and at most 10,000; null is no limit.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    messages_per_second: Option<Option<f64>>,
    /// Any of `reply`, `transactional` and `campaign`; null is the default.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<SendLane>>)]
    hold_unknown: Option<Option<Vec<SendLane>>>,
}

#[derive(Deserialize, ToSchema)]
pub struct NewTenant {
    /// Unlike every other tenant's; 1 to 200 characters.
    name: String,
}

#[derive(Serialize, ToSchema)]
pub struct CreatedTenant {
    pub id: TenantId,
    /// With all scopes. Shown here and never again.
    pub api_key: String,
}

/// List tenants
///
/// The oldest first.
#[utoipa::path(get, path = "/admin/tenants", tag = "Operator", params(PagingParams),
    responses((status = 200, description = "A page of tenants", body = Page<Tenant>)))]
pub async fn list(_: Operator, State(app): State<App>, paging: Paging) -> Result<Body<Page<Tenant>>, Problem> {
    let after = paging.key(LIST)?;
    let rows = store::tenants::page(app.db.reader(), after, paging.rows()).await?;
    Ok(Body(Page::new(&paging, LIST, rows, |row| row.id).map(Tenant::from)))
}

/// Make a tenant
///
/// And its first API key.
#[utoipa::path(post, path = "/admin/tenants", tag = "Operator", request_body = NewTenant,
    responses((status = 201, description = "Made", body = CreatedTenant),
        (status = 409, description = "The name is taken", body = crate::http::problem::ProblemBody<'static>, content_type = "application/problem+json")))]
pub async fn create(
    _: Operator,
    State(app): State<App>,
    Json(new): Json<NewTenant>,
) -> Result<(StatusCode, Body<CreatedTenant>), Problem> {
    let (tenant, key) = tenancy::create_tenant(&registry(&app), &new.name).await?;
    let created = CreatedTenant {
        id: tenant.id,
        api_key: key.token.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Body(created)))
}

/// Set a tenant's rules of sending
///
/// They hold within a second, also for messages that wait.
#[utoipa::path(patch, path = "/admin/tenants/{id}", tag = "Operator", params(("id" = TenantId, Path)), request_body = TenantRules,
    responses((status = 200, description = "The tenant as it is now", body = Tenant)))]
pub async fn change(
    _: Operator,
    State(app): State<App>,
    Path(id): Path<TenantId>,
    Json(change): Json<TenantRules>,
) -> Result<Body<Tenant>, Problem> {
    let found = store::tenants::find(app.db.reader(), id).await?;
    let mut row = found.ok_or_else(|| Problem::nothing_like(format_args!("tenant {id}")))?;
    let mut rules = tenancy::rules(&row);
    if let Some(rate) = change.messages_per_second {
        rules.messages_per_second = rate;
    }
    if let Some(lanes) = change.hold_unknown {
        rules.hold_unknown = lanes;
    }
    row = tenancy::set_rules(&registry(&app), id, &rules).await?;
    // Other processes look for themselves within a second; this one knows at once.
    app.directory.refresh().await?;
    Ok(Body(row.into()))
}
