use crate::{
    db::{On, Result},
    domain::TenantId,
};

/// A template that could be sent now.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Suggested {
    pub name: String,
    pub language: String,
}

/// Approved templates of an account that a customer could be written to with, utility before marketing. Codes are for those who
/// asked for one.
pub async fn suggest(on: impl Into<On<'_>>, tenant: TenantId, waba_id: &str, limit: i64) -> Result<Vec<Suggested>> {
    const SQL: &str = "
        SELECT name, language FROM templates
        WHERE tenant_id = $1 AND waba_id = $2 AND status = 'APPROVED' AND COALESCE(category, '') <> 'AUTHENTICATION'
        ORDER BY CASE category WHEN 'UTILITY' THEN 0 ELSE 1 END, name, language
        LIMIT $3";
    on.into().sql(SQL, (tenant, waba_id.to_owned(), limit)).all().await
}
