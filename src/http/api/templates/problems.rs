//! Errors of the template service as problems.

use axum::http::StatusCode;

use crate::{
    http::problem::Problem,
    meta::graph::{Error, GraphError, errors::Class},
    templates::{ManageError, TemplateError, local::LocalError},
};

impl From<TemplateError> for Problem {
    fn from(unfit: TemplateError) -> Self {
        let detail = format!("{unfit}.");
        match unfit {
            TemplateError::Invalid(invalid) => invalid.into(),
            TemplateError::Unknown { .. } => Self::invalid_field("template.name", detail, None),
            TemplateError::NoSuchLanguage { .. } => Self::invalid_field("template.language.code", detail, None),
            TemplateError::NeedsPhone => Self::invalid_field("to", detail, None),
            TemplateError::NotSendable { .. } => {
                let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "The template cannot be sent");
                Self::new(status, "template-not-sendable", title, detail).with_field("template.name")
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
            ManageError::Meta(Error::Refused(error)) if is_caller_error(&error) => {
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
            LocalError::NoSuchVersion(..) => Self::invalid_field("version", detail, None),
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

/// Returns whether the request is at fault, so that another one could succeed: not the token, the account or Meta.
fn is_caller_error(error: &GraphError) -> bool {
    let class = error.entry().class;
    (400..500).contains(&error.http_status) && !matches!(class, Class::Token | Class::Account)
}

/// Returns the problem of a message whose message template cannot be used.
pub(crate) fn message_template_problem(error: LocalError) -> Problem {
    const FIELD: &str = "message_template";
    match error {
        LocalError::NotFound(_) | LocalError::NotActive(..) => {
            Problem::invalid_field(FIELD, format!("{FIELD}: {error}."), None)
        }
        error => error.into(),
    }
}
