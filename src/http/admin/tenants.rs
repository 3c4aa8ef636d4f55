use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::registry;
use crate::{
    app::App,
    domain::TenantId,
    http::{
        auth::Operator,
        extract::Json,
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
    let show = |row: store::tenants::Tenant| Tenant {
        id: row.id,
        name: row.name,
        created_at: row.created_at,
    };
    Ok(Body(Page::new(&paging, LIST, rows, |row| row.id).map(show)))
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
