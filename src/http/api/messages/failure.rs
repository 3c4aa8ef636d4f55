//! Errors of messages, with advice.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    domain::TemplateId,
    meta::{
        error_data,
        graph::errors::{self, Who},
    },
    templates::store::templates,
};

/// Why a message failed: Meta's error code, also where the message was rejected here.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageError {
    /// Null where Meta could not be reached, or gave no code.
    #[schema(required)]
    pub code: Option<i64>,
    #[schema(required)]
    pub title: Option<String>,
    /// Who must act.
    pub who: Who,
    /// What to do.
    pub advice: &'static str,
    /// Meta's details, or what happened to the connection. Null where unknown, and in lists of messages.
    #[schema(required)]
    pub details: Option<String>,
    /// Where the service window was closed (131047): approved templates that can be sent instead, at most ten, and no marketing to contacts
    /// who opted out. Null for every other error, and in lists of messages.
    #[schema(required)]
    pub templates: Option<Vec<SuggestedTemplate>>,
}

/// An approved template that can be sent now.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuggestedTemplate {
    pub id: TemplateId,
    pub name: String,
    pub language: String,
    /// `UTILITY` or `MARKETING`; null where Meta did not report it.
    #[schema(required)]
    pub category: Option<String>,
}

impl From<templates::Suggested> for SuggestedTemplate {
    fn from(row: templates::Suggested) -> Self {
        Self {
            id: row.id,
            name: row.name,
            language: row.language,
            category: row.category,
        }
    }
}

/// The advice for a failure without a code.
const NO_CODE: &str = "There is no code to go by: read the title and the details of the attempts. If Meta could not be reached, see \
                       that this server reaches Meta's address, then send the message again.";

impl MessageError {
    /// Returns `None` without a code and a title.
    pub fn of(code: Option<i64>, title: Option<String>) -> Option<Self> {
        (code.is_some() || title.is_some()).then(|| {
            let (title, who, advice) = words(code, title);
            Self {
                code,
                title,
                who,
                advice,
                details: None,
                templates: None,
            }
        })
    }
}

/// Returns the title, who must act, and the advice.
fn words(code: Option<i64>, title: Option<String>) -> (Option<String>, Who, &'static str) {
    match code.map(errors::entry) {
        Some(entry) => (title.or_else(|| Some(entry.title.to_owned())), entry.who, entry.advice),
        None => (title, Who::Operator, NO_CODE),
    }
}

/// An error that Meta reported.
#[derive(Serialize, ToSchema)]
#[schema(as = MetaError)]
pub(crate) struct MetaErrorView {
    pub code: i64,
    #[schema(required)]
    pub title: Option<String>,
    /// Who must act.
    pub who: Who,
    /// What to do.
    pub advice: &'static str,
    /// Meta's details beyond the code.
    #[schema(required)]
    pub details: Option<String>,
}

impl MetaErrorView {
    /// Returns `None` without a code.
    pub fn of(code: Option<i64>, title: Option<String>, details: Option<String>) -> Option<Self> {
        let (title, who, advice) = words(code, title);
        Some(Self {
            code: code?,
            title,
            who,
            advice,
            details,
        })
    }
}

/// Returns Meta's details from the stored payload of a status.
pub fn details(payload: &str) -> Option<String> {
    let status: Value = serde_json::from_str(payload).ok()?;
    let error = status.get("errors")?.get(0)?;
    let details = error_data::details(&error["error_data"]);
    details.or_else(|| error["details"].as_str().map(str::to_owned))
}
