//! Tenants, their rules and quotas, for the operator.

use std::collections::BTreeMap;

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::registry;
use crate::{
    app::App,
    domain::{Quota, SendLane, TenantId},
    http::{
        auth::Operator,
        extract::{Json, Path, given},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    records::{self, tenants::TenantRetention},
    tenancy,
};

const LIST: &str = "tenants";

#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantView {
    pub id: TenantId,
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// Messages per second that it may send from all its numbers together; null is no limit.
    #[schema(required)]
    pub messages_per_second: Option<f64>,
    /// The lanes whose messages are held, and not sent again, when their outcome is unknown; null is the default,
    /// `["campaign"]`.
    #[schema(required)]
    pub hold_unknown: Option<Vec<SendLane>>,
    /// Whether marketing goes only to contacts who have allowed it.
    pub require_opt_in: bool,
    /// For how many days its data is kept; null is as long as the installation keeps it.
    pub retention: TenantRetention,
    /// How many `channels`, `api_keys`, `endpoints`, `templates` and `message_templates` it may have, and how many `media_bytes` of uploads.
    pub quotas: BTreeMap<String, i64>,
}

impl TenantView {
    fn of(row: records::tenants::Tenant, quotas: BTreeMap<String, i64>) -> Self {
        let rules = tenancy::sending_rules(&row);
        Self {
            retention: tenancy::retention(&row),
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            messages_per_second: rules.messages_per_second,
            hold_unknown: rules.hold_unknown,
            require_opt_in: rules.require_opt_in,
            quotas,
        }
    }
}

/// Members to change; members that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantRules {
    /// More than 0 and at most 10,000; null is no limit.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0.0, maximum = 10_000.0)]
    messages_per_second: Option<Option<f64>>,
    /// Any of `reply`, `transactional` and `campaign`; null is the default.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<SendLane>>)]
    hold_unknown: Option<Option<Vec<SendLane>>>,
    /// Whether marketing goes only to contacts who have allowed it.
    require_opt_in: Option<bool>,
    /// Days by what is kept: `messages` (at least 8), `media`, `events`; null is as long as the installation keeps it. What is older goes within
    /// ten minutes.
    #[schema(example = json!({ "messages": 90, "media": null }))]
    retention: Option<BTreeMap<String, Option<i64>>>,
    /// Quotas by name; null restores the default. Items beyond a lowered quota stay.
    #[schema(example = json!({ "endpoints": 200, "media_bytes": null }))]
    quotas: Option<BTreeMap<String, Option<i64>>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// Unique among the tenants; 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedTenant {
    pub id: TenantId,
    /// An API key with all scopes. Shown only here.
    pub api_key: String,
}

/// List tenants
///
/// Oldest first.
#[utoipa::path(get, path = "/admin/tenants", params(PagingParams),
    responses((status = 200, description = "A page of tenants", body = Page<TenantView>)))]
pub async fn list(_: Operator, State(app): State<App>, paging: Paging) -> Result<Body<Page<TenantView>>, Problem> {
    let after = paging.key(LIST)?;
    let rows = records::tenants::page(app.db.reader(), after, paging.rows()).await?;
    let ids: Vec<TenantId> = rows.iter().map(|row| row.id).collect();
    let quotas = tenancy::quotas_of(&registry(&app), &ids).await?;
    let shown = rows
        .into_iter()
        .zip(quotas)
        .map(|(row, quotas)| TenantView::of(row, quotas));
    Ok(Body(Page::new(&paging, LIST, shown.collect(), |tenant| tenant.id)))
}

/// Create a tenant
///
/// Also creates its first API key.
#[utoipa::path(post, path = "/admin/tenants", request_body = NewTenant,
    responses((status = 201, description = "Created", body = CreatedTenant),
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

/// Update a tenant
///
/// Sending rules take effect within a second, also for queued messages.
#[utoipa::path(patch, path = "/admin/tenants/{id}", params(("id" = TenantId, Path)), request_body = TenantRules,
    responses((status = 200, description = "The tenant as it is now", body = TenantView)))]
pub async fn change(
    _: Operator,
    State(app): State<App>,
    Path(id): Path<TenantId>,
    Json(change): Json<TenantRules>,
) -> Result<Body<TenantView>, Problem> {
    let found = records::tenants::find(app.db.reader(), id).await?;
    let mut row = found.ok_or_else(|| Problem::no_such(format_args!("tenant {id}")))?;
    let mut rules = tenancy::sending_rules(&row);
    if let Some(rate) = change.messages_per_second {
        rules.messages_per_second = rate;
    }
    if let Some(lanes) = change.hold_unknown {
        rules.hold_unknown = lanes;
    }
    rules.require_opt_in = change.require_opt_in.unwrap_or(rules.require_opt_in);
    let registry = registry(&app);
    if let Some(retention) = change.retention {
        let changes: Vec<_> = retention.into_iter().collect();
        tenancy::set_retention(&registry, &app.config.retention, id, &changes).await?;
    }
    if let Some(quotas) = change.quotas {
        tenancy::set_quotas(&registry, id, &named(quotas)?).await?;
    }
    row = tenancy::set_rules(&registry, id, &rules).await?;
    // Other processes refresh within a second; this one refreshes at once.
    app.directory.refresh().await?;
    let quotas = tenancy::quotas(&registry, id).await?;
    Ok(Body(TenantView::of(row, quotas)))
}

/// Parses quotas by their names.
fn named(quotas: BTreeMap<String, Option<i64>>) -> Result<Vec<(Quota, Option<i64>)>, Problem> {
    let quota = |(name, most): (String, Option<i64>)| {
        let quota: Result<Quota, String> = name.parse();
        quota
            .map(|quota| (quota, most))
            .map_err(|problem| Problem::invalid_field("quotas", format!("{problem}."), None))
    };
    quotas.into_iter().map(quota).collect()
}
