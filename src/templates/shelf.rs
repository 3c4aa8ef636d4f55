use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Schema, is_sendable, refusal_code, status::advice};
use crate::{
    db::{On, Result},
    domain::TenantId,
    meta::message::{self, Invalid},
    templates::store::templates::{self as store, Template},
};

/// For how long after a sync nobody asks for another one.
const RECENT: TimeDelta = TimeDelta::minutes(1);

/// The category of templates with one-time codes.
const AUTHENTICATION: &str = "AUTHENTICATION";

/// A tenant, one of its accounts, and the name of a template.
type Key = (TenantId, String, String);

/// Templates at hand, with their schemas: for those who check many sends.
#[derive(Default)]
pub struct Shelf {
    known: HashMap<Key, Vec<Kept>>,
    synced: HashMap<(TenantId, String), Option<DateTime<Utc>>>,
}

struct Kept {
    row: Template,
    schema: OnceLock<Schema>,
}

/// Why a template is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
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
        /// Meta's words.
        reason: Option<String>,
    },
    #[error("to: a template with a one-time code goes to a phone number; of this customer only a user id is known")]
    NeedsPhone,
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl Unfit {
    /// The error Meta would answer.
    pub fn code(&self) -> i64 {
        match self {
            Self::Unknown { .. } | Self::NoSuchLanguage { .. } => 132_001,
            Self::NotSendable { status, .. } => refusal_code(status),
            Self::NeedsPhone => 131_062,
            Self::Invalid(_) => 132_012,
        }
    }

    /// Whether the template may only be too new to be known here.
    pub fn may_be_new(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::NoSuchLanguage { .. })
    }
}

impl Shelf {
    /// Brings templates within reach, all at once. Those that are stay as they were.
    pub async fn fetch(&mut self, on: impl Into<On<'_>>, wanted: impl IntoIterator<Item = Key>) -> Result<()> {
        let new: HashSet<Key> = wanted.into_iter().filter(|key| !self.known.contains_key(key)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut on = on.into();
        let keys: Vec<Key> = new.into_iter().collect();
        let accounts: HashSet<(TenantId, String)> = keys.iter().map(|key| (key.0, key.1.clone())).collect();
        let accounts: Vec<_> = accounts
            .into_iter()
            .filter(|it| !self.synced.contains_key(it))
            .collect();
        // Before the templates: a first sync that ends in between would have none of them exist.
        let synced = store::synced(on.reborrow(), &accounts).await?;
        let rows = store::of_names(on, &keys).await?;
        self.synced.extend(accounts.into_iter().map(|account| (account, None)));
        self.synced
            .extend(synced.into_iter().map(|(tenant, waba, at)| ((tenant, waba), Some(at))));
        self.known.extend(keys.into_iter().map(|key| (key, Vec::new())));
        for row in rows {
            let key = (row.tenant_id, row.waba_id.clone(), row.name.clone());
            let schema = OnceLock::new();
            self.known.entry(key).or_default().push(Kept { row, schema });
        }
        Ok(())
    }

    /// Whether the account was last synced long enough ago that another look may find more. To be [fetched](Self::fetch) before.
    pub fn is_stale(&self, tenant: TenantId, waba_id: &str, now: DateTime<Utc>) -> bool {
        let synced = self.synced.get(&(tenant, waba_id.to_owned())).copied().flatten();
        synced.is_some_and(|at| now - at > RECENT)
    }

    /// Whether this can be sent; its category, where that is known. To be [fetched](Self::fetch) before.
    ///
    /// A template nobody has heard of passes as long as the account was never synced: then nothing is known of any.
    pub fn check(
        &self,
        tenant: TenantId,
        waba_id: &str,
        template: &message::Template,
    ) -> std::result::Result<Option<&str>, Unfit> {
        let key = (tenant, waba_id.to_owned(), template.name.clone());
        let known = self.known.get(&key).map_or(&[][..], Vec::as_slice);
        let synced = self.synced.get(&(tenant, key.1)).copied().flatten();
        let (name, language) = (&template.name, &template.language.code);
        let Some(kept) = known.iter().find(|kept| kept.row.language == *language) else {
            let live = known.iter().filter(|kept| kept.row.status != "DELETED");
            let mut languages: Vec<String> = live.map(|kept| kept.row.language.clone()).collect();
            languages.sort_unstable();
            return match synced {
                None => Ok(None),
                Some(synced_at) if languages.is_empty() => Err(Unfit::Unknown {
                    name: name.clone(),
                    synced_at,
                }),
                Some(_) => Err(Unfit::NoSuchLanguage {
                    name: name.clone(),
                    language: language.clone(),
                    languages,
                }),
            };
        };
        let row = &kept.row;
        if !is_sendable(&row.status) {
            return Err(Unfit::NotSendable {
                name: name.clone(),
                language: language.clone(),
                status: row.status.clone(),
                reason: row.status_detail.clone().or_else(|| row.rejected_reason.clone()),
            });
        }
        kept.schema.get_or_init(|| schema(row)).check(template)?;
        Ok(row.category.as_deref())
    }

    /// What the customer will read of one that can be sent. `None` where nothing is known of the template; and of one-time codes, which
    /// nobody else is to read.
    pub fn text(&self, tenant: TenantId, waba_id: &str, template: &message::Template) -> Option<String> {
        let known = self.known.get(&(tenant, waba_id.to_owned(), template.name.clone()))?;
        let kept = known.iter().find(|kept| kept.row.language == template.language.code)?;
        if kept.row.category.as_deref() == Some(AUTHENTICATION) {
            return None;
        }
        let text = kept.schema.get_or_init(|| schema(&kept.row)).render(template).body;
        (!text.is_empty()).then_some(text)
    }
}

/// Whether Meta sends a template of that category to somebody known by this: `phone`, `user_id` or `group`.
pub fn reaches(category: Option<&str>, recipient_kind: &str) -> std::result::Result<(), Unfit> {
    match category == Some(AUTHENTICATION) && recipient_kind == "user_id" {
        true => Err(Unfit::NeedsPhone),
        false => Ok(()),
    }
}

/// A template's schema. Components that are not JSON ask for nothing.
pub fn schema(row: &Template) -> Schema {
    let components: Value = serde_json::from_str(&row.components).unwrap_or_default();
    Schema::compile(row.category.as_deref(), row.parameter_format.as_deref(), &components)
}
