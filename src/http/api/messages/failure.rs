//! Errors of messages, with advice.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::TemplateId,
    messaging::WINDOW_CLOSED,
    meta::graph::errors::{self, Who},
    templates::store::templates,
};

/// Why a message failed: Meta's error code, also where the message was rejected here.
#[derive(Clone, Debug, Serialize, ToSchema)]
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
#[derive(Clone, Debug, Serialize, ToSchema)]
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

impl MessageError {
    /// Returns the error of a message that is refused because its service window is closed.
    pub fn window_closed(templates: Vec<templates::Suggested>) -> Self {
        let explained = errors::explain(Some(WINDOW_CLOSED));
        Self {
            code: Some(WINDOW_CLOSED),
            title: explained.title.map(str::to_owned),
            who: explained.who,
            advice: explained.advice,
            details: None,
            templates: Some(templates.into_iter().map(SuggestedTemplate::from).collect()),
        }
    }

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
    let explained = errors::explain(code);
    let title = title.or_else(|| explained.title.map(str::to_owned));
    (title, explained.who, explained.advice)
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
