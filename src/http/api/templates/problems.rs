//! Why something about templates was not done, as a problem.

use axum::http::StatusCode;

use crate::{
    http::problem::Problem,
    meta::graph::{Error, GraphError, errors::Class},
    templates::{ManageError, TemplateError, local::LocalError},
};

impl From<TemplateError> for Problem {
    fn from(error: TemplateError) -> Self {
        let detail = format!("{error}.");
        match error {
            TemplateError::Invalid(invalid) => invalid.into(),
            TemplateError::Unknown { .. } => Self::field("template.name", detail, None),
            TemplateError::NoSuchLanguage { .. } => Self::field("template.language.code", detail, None),
            TemplateError::NeedsPhone => Self::field("to", detail, None),
            TemplateError::NotSendable { .. } => {
                let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "The template cannot be sent");
                Self::new(status, "template-not-sendable", title, detail).about("template.name")
            }
        }
    }
}

impl From<ManageError> for Problem {
    fn from(error: ManageError) -> Self {
        let detail = format!("{error}.");
        match error {
            ManageError::NoSuchTemplate(id) => Self::not_found(format_args!("template {id}")),
            ManageError::WrongState(..) => Self::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "Conflict with the current state",
                detail,
            ),
            ManageError::Exists(..) => Self::new(StatusCode::CONFLICT, "conflict", "Already exists", detail),
            ManageError::Invalid(invalid) => invalid.into(),
            ManageError::Meta(Error::Refused(error)) if is_the_callers(&error) => {
                let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "Meta rejected the request");
                Self::new(status, "meta-refused", title, detail)
            }
            ManageError::NoToken | ManageError::Meta(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                "meta-refused",
                "Meta rejected the request",
                detail,
            ),
            ManageError::Quota(reached) => reached.into(),
            ManageError::Database(error) => error.into(),
        }
    }
}

impl From<LocalError> for Problem {
    fn from(error: LocalError) -> Self {
        let detail = format!("{error}.");
        match error {
            LocalError::NotFound(which) => Self::not_found(format_args!("message template {which}")),
            LocalError::NoSuchVersion(..) => Self::field("version", detail, None),
            LocalError::NotActive(..) | LocalError::Conflict(_) | LocalError::TooManyVersions(..) => Self::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "Conflict with the current state",
                detail,
            ),
            LocalError::NameTaken(_) => Self::new(StatusCode::CONFLICT, "conflict", "Already exists", detail),
            LocalError::Invalid(invalid) => invalid.into(),
            LocalError::Unreadable(error) => {
                tracing::error!(%error, "a stored message template is unreadable");
                Self::internal()
            }
            LocalError::Quota(reached) => reached.into(),
            LocalError::Database(error) => error.into(),
        }
    }
}

/// Whether another request would be taken: nothing is wrong with the token, the account or Meta.
fn is_the_callers(error: &GraphError) -> bool {
    let class = error.entry().class;
    (400..500).contains(&error.http_status) && !matches!(class, Class::Token | Class::Account)
}

/// The message template that a message names will not do.
pub fn unusable(error: LocalError) -> Problem {
    const FIELD: &str = "message_template";
    match error {
        LocalError::NotFound(_) | LocalError::NotActive(..) => {
            Problem::field(FIELD, format!("{FIELD}: {error}."), None)
        }
        error => error.into(),
    }
}
