//! Cache of templates with compiled schemas, for checking many sends.

use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Schema, is_sendable, send_error_code, status::advice};
use crate::{
    db::{On, Result},
    domain::TenantId,
    meta::message::{self, Invalid},
    templates::store::templates::{self as store, StoredTemplate},
};

/// Minimum age of the last sync before a missing template causes another.
const MIN_SYNC_AGE: TimeDelta = TimeDelta::minutes(1);

/// Category of templates with one-time codes.
const AUTHENTICATION: &str = "AUTHENTICATION";

/// Tenant, WABA id and template name.
type TemplateName = (TenantId, String, String);

/// Templates loaded by name, each with its schema compiled on first use.
#[derive(Default)]
pub struct TemplateCache {
    known: HashMap<TemplateName, Vec<CachedTemplate>>,
    synced: HashMap<(TenantId, String), Option<DateTime<Utc>>>,
}

struct CachedTemplate {
    row: StoredTemplate,
    schema: OnceLock<Schema>,
}

/// Reason why a template cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error(
        "template.name: there is no template {name} in the account; its templates were last fetched at {}. If it is newer, POST \
         /api/v1/templates/sync", synced_at.format("%FT%TZ")
    )]
    Unknown { name: String, synced_at: DateTime<Utc> },
    #[error("template.language.code: there is no template {name} in {language}; it exists in {}", languages.join(", "))]
    NoSuchLanguage {
        name: String,
        language: String,
        languages: Vec<String>,
    },
    #[error("the template {name} ({language}) is {status}{}: {}", reason.as_deref().map(|it| format!(" ({it})")).unwrap_or_default(), advice(status))]
    NotSendable {
        name: String,
        language: String,
        status: String,
        /// Meta's reason.
        reason: Option<String>,
    },
    #[error("to: a template with a one-time code goes to a phone number; of this customer only a user id is known")]
    NeedsPhone,
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl TemplateError {
    /// Returns the code of the error that Meta would answer.
    pub fn code(&self) -> i64 {
        match self {
            Self::Unknown { .. } | Self::NoSuchLanguage { .. } => 132_001,
            Self::NotSendable { status, .. } => send_error_code(status),
            Self::NeedsPhone => 131_062,
            Self::Invalid(_) => 132_012,
        }
    }

    /// Returns whether the template may exist at Meta but not be synced yet.
    pub(crate) fn may_be_new(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::NoSuchLanguage { .. })
    }
}

impl TemplateCache {
    /// Loads the named templates in all languages, in two queries. Names loaded before are not read again.
    pub async fn load(&mut self, mut on: On<'_>, names: impl IntoIterator<Item = TemplateName>) -> Result<()> {
        let new: HashSet<TemplateName> = names.into_iter().filter(|key| !self.known.contains_key(key)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let keys: Vec<TemplateName> = new.into_iter().collect();
        let accounts: HashSet<(TenantId, String)> = keys.iter().map(|key| (key.0, key.1.clone())).collect();
        let accounts: Vec<_> = accounts
            .into_iter()
            .filter(|it| !self.synced.contains_key(it))
            .collect();
        // Read before the templates: otherwise a first sync that ends in between would make them all appear missing.
        let synced = store::last_synced(on.reborrow(), &accounts).await?;
        let rows = store::find_by_names(on, &keys).await?;
        self.synced.extend(accounts.into_iter().map(|account| (account, None)));
        self.synced
            .extend(synced.into_iter().map(|(tenant, waba, at)| ((tenant, waba), Some(at))));
        self.known.extend(keys.into_iter().map(|key| (key, Vec::new())));
        for row in rows {
            let key = (row.tenant_id, row.waba_id.clone(), row.name.clone());
            let schema = OnceLock::new();
            self.known.entry(key).or_default().push(CachedTemplate { row, schema });
        }
        Ok(())
    }

    /// Returns whether the account's last sync is old enough that another may find more. The name has to be [loaded](Self::load).
    pub(crate) fn is_stale(&self, tenant: TenantId, waba_id: &str, now: DateTime<Utc>) -> bool {
        let synced = self.synced.get(&(tenant, waba_id.to_owned())).copied().flatten();
        synced.is_some_and(|at| now - at > MIN_SYNC_AGE)
    }

    /// Checks whether a template message can be sent and returns the template's category, if known. The name has to be
    /// [loaded](Self::load).
    ///
    /// An unknown template passes as long as the account was never synced, since no template is known then.
    pub fn check(
        &self,
        tenant: TenantId,
        waba_id: &str,
        template: &message::TemplateMessage,
    ) -> std::result::Result<Option<&str>, TemplateError> {
        let Some(cached) = self.sendable(tenant, waba_id, &template.name, &template.language.code)? else {
            return Ok(None);
        };
        cached.schema.get_or_init(|| schema(&cached.row)).check(template)?;
        Ok(cached.row.category.as_deref())
    }

    /// Returns whether a template is known here and can be sent. The name has to be [loaded](Self::load).
    ///
    /// # Errors
    /// It is not sendable, or the account has no such template. False means that the account was never synced.
    pub(crate) fn is_known_and_sendable(
        &self,
        tenant: TenantId,
        waba_id: &str,
        name: &str,
        language: &str,
    ) -> std::result::Result<bool, TemplateError> {
        self.sendable(tenant, waba_id, name, language).map(|it| it.is_some())
    }

    /// Finds a template that can be sent; `None` as long as the account was never synced.
    fn sendable(
        &self,
        tenant: TenantId,
        waba_id: &str,
        name: &str,
        language: &str,
    ) -> std::result::Result<Option<&CachedTemplate>, TemplateError> {
        let key = (tenant, waba_id.to_owned(), name.to_owned());
        let known = self.known.get(&key).map_or(&[][..], Vec::as_slice);
        let synced = self.synced.get(&(tenant, key.1)).copied().flatten();
        let Some(cached) = known.iter().find(|cached| cached.row.language == language) else {
            let live = known.iter().filter(|cached| cached.row.status != "DELETED");
            let mut languages: Vec<String> = live.map(|cached| cached.row.language.clone()).collect();
            languages.sort_unstable();
            return match synced {
                None => Ok(None),
                Some(synced_at) if languages.is_empty() => Err(TemplateError::Unknown {
                    name: name.to_owned(),
                    synced_at,
                }),
                Some(_) => Err(TemplateError::NoSuchLanguage {
                    name: name.to_owned(),
                    language: language.to_owned(),
                    languages,
                }),
            };
        };
        let row = &cached.row;
        if !is_sendable(&row.status) {
            return Err(TemplateError::NotSendable {
                name: name.to_owned(),
                language: language.to_owned(),
                status: row.status.clone(),
                reason: row.status_detail.clone().or_else(|| row.rejected_reason.clone()),
            });
        }
        Ok(Some(cached))
    }

    /// Returns the schema of a template that is known here. The name has to be [loaded](Self::load).
    pub(crate) fn schema(&self, tenant: TenantId, waba_id: &str, name: &str, language: &str) -> Option<&Schema> {
        let known = self.known.get(&(tenant, waba_id.to_owned(), name.to_owned()))?;
        let cached = known.iter().find(|cached| cached.row.language == language)?;
        Some(cached.schema.get_or_init(|| schema(&cached.row)))
    }

    /// Renders the body of a template message. `None` for unknown templates, and for one-time codes, which nobody else may read.
    pub fn text(&self, tenant: TenantId, waba_id: &str, template: &message::TemplateMessage) -> Option<String> {
        let known = self.known.get(&(tenant, waba_id.to_owned(), template.name.clone()))?;
        let cached = known
            .iter()
            .find(|cached| cached.row.language == template.language.code)?;
        if cached.row.category.as_deref() == Some(AUTHENTICATION) {
            return None;
        }
        let text = cached.schema.get_or_init(|| schema(&cached.row)).render(template).body;
        (!text.is_empty()).then_some(text)
    }
}

/// Checks whether Meta sends templates of this category to a recipient known by `phone`, `user_id` or `group`.
pub(crate) fn check_recipient(category: Option<&str>, recipient_kind: &str) -> std::result::Result<(), TemplateError> {
    match category == Some(AUTHENTICATION) && recipient_kind == "user_id" {
        true => Err(TemplateError::NeedsPhone),
        false => Ok(()),
    }
}

/// Compiles a template's schema. Components that are not JSON compile to an empty schema.
pub fn schema(row: &StoredTemplate) -> Schema {
    let components: Value = serde_json::from_str(&row.components).unwrap_or_default();
    Schema::compile(row.category.as_deref(), row.parameter_format.as_deref(), &components)
}
