use crate::{
    db::{On, Result},
    domain::{ChannelId, TemplateId, TenantId},
};

/// Maximum number of suggestions.
const MAX_SUGGESTIONS: i64 = 10;

/// A template that can be sent now, suggested as an alternative.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Suggested {
    pub id: TemplateId,
    pub name: String,
    pub language: String,
    /// `UTILITY` or `MARKETING`; `None` if unknown.
    pub category: Option<String>,
}

impl Suggested {
    pub(crate) fn is_marketing(&self) -> bool {
        self.category.as_deref() == Some("MARKETING")
    }
}

/// Suggests approved templates of an account, utility before marketing. Authentication templates are left out: they are for requested codes
/// only.
pub async fn suggest(on: On<'_>, tenant: TenantId, waba_id: &str) -> Result<Vec<Suggested>> {
    const SQL: &str = "
        SELECT id, name, language, category FROM templates
        WHERE tenant_id = $1 AND waba_id = $2 AND status = 'APPROVED' AND COALESCE(category, '') <> 'AUTHENTICATION'
        ORDER BY CASE category WHEN 'UTILITY' THEN 0 ELSE 1 END, name, language
        LIMIT $3";
    on.sql(SQL, (tenant, waba_id.to_owned(), MAX_SUGGESTIONS)).all().await
}

/// Suggests templates for customers of a channel.
pub(crate) async fn suggest_on(on: On<'_>, tenant: TenantId, channel: ChannelId) -> Result<Vec<Suggested>> {
    const SQL: &str = "
        SELECT t.id, t.name, t.language, t.category
        FROM channels c
        JOIN templates t ON t.tenant_id = c.tenant_id AND t.waba_id = c.waba_id
        WHERE c.tenant_id = $1 AND c.id = $2 AND t.status = 'APPROVED' AND COALESCE(t.category, '') <> 'AUTHENTICATION'
        ORDER BY CASE t.category WHEN 'UTILITY' THEN 0 ELSE 1 END, t.name, t.language
        LIMIT $3";
    on.sql(SQL, (tenant, channel, MAX_SUGGESTIONS)).all().await
}
