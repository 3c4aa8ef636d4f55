//! Keyword rules of tenants. A built-in rule has a row only where the tenant changed it.

use chrono::{DateTime, Utc};

use crate::{
    contacts::keywords::KeywordRule,
    db::{On, Result},
    domain::{Actor, ConsentPurpose, KeywordAction, KeywordRuleId, TenantId},
};

/// Number of rules, and the latest change of one.
pub(crate) type RulesRevision = (i64, Option<DateTime<Utc>>);

#[derive(sqlx::FromRow)]
struct RuleRow {
    tenant_id: TenantId,
    id: KeywordRuleId,
    action: KeywordAction,
    purpose: ConsentPurpose,
    language: String,
    words: String,
    polite_tails: String,
    reply: Option<String>,
    enabled: bool,
}

impl RuleRow {
    fn rule(self) -> (TenantId, KeywordRule) {
        let texts = |json: &str| serde_json::from_str(json).unwrap_or_default();
        let rule = KeywordRule {
            id: self.id,
            action: self.action,
            purpose: self.purpose,
            language: self.language,
            words: texts(&self.words),
            polite_tails: texts(&self.polite_tails),
            reply: self.reply,
            enabled: self.enabled,
        };
        (self.tenant_id, rule)
    }
}

/// Reads the revision of the rules of all tenants.
pub(crate) async fn revision(on: On<'_>) -> Result<RulesRevision> {
    const SQL: &str = "SELECT COUNT(*), MAX(updated_at) FROM keyword_rules";
    on.sql(SQL, ()).one().await
}

/// Reads the rules of all tenants, each tenant's oldest first.
pub(crate) async fn all(on: On<'_>) -> Result<Vec<(TenantId, KeywordRule)>> {
    const SQL: &str = "
        SELECT tenant_id, id, action, purpose, language, words, polite_tails, reply, enabled
        FROM keyword_rules ORDER BY tenant_id, created_at, id";
    let rows: Vec<RuleRow> = on.sql(SQL, ()).all().await?;
    Ok(rows.into_iter().map(RuleRow::rule).collect())
}

/// Lists the rules of a tenant, oldest first.
pub(crate) async fn list(on: On<'_>, tenant: TenantId) -> Result<Vec<KeywordRule>> {
    const SQL: &str = "
        SELECT tenant_id, id, action, purpose, language, words, polite_tails, reply, enabled
        FROM keyword_rules WHERE tenant_id = $1 ORDER BY created_at, id";
    let rows: Vec<RuleRow> = on.sql(SQL, (tenant,)).all().await?;
    Ok(rows.into_iter().map(|row| row.rule().1).collect())
}

/// Inserts a rule or replaces it.
pub(crate) async fn put(
    on: On<'_>,
    tenant: TenantId,
    rule: &KeywordRule,
    by: Actor,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO keyword_rules (tenant_id, id, action, purpose, language, words, polite_tails, reply, enabled, created_at, created_by,
            updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)
        ON CONFLICT (tenant_id, id) DO UPDATE
        SET action = excluded.action, purpose = excluded.purpose, language = excluded.language, words = excluded.words,
            polite_tails = excluded.polite_tails, reply = excluded.reply, enabled = excluded.enabled, updated_at = excluded.updated_at";
    let json = |texts: &[String]| serde_json::json!(texts).to_string();
    let args = (
        tenant,
        rule.id,
        rule.action,
        rule.purpose,
        rule.language.clone(),
        json(&rule.words),
        json(&rule.polite_tails),
        rule.reply.clone(),
        rule.enabled,
        now,
        by.to_string(),
    );
    on.sql(SQL, args).run().await
}

/// Deletes a rule.
pub(crate) async fn delete(on: On<'_>, tenant: TenantId, id: KeywordRuleId) -> Result<u64> {
    const SQL: &str = "DELETE FROM keyword_rules WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id)).run().await
}
