//! Errors of accepting and controlling messages as problems.

use axum::http::StatusCode;

use crate::{
    http::{
        api::{messages::MessageError, templates::message_template_problem},
        problem::Problem,
    },
    messaging::{
        ComposeError, ControlError,
        accept::{Refusal, Unaddressable},
    },
    provider::CallError,
};

impl From<Unaddressable> for Problem {
    fn from(error: Unaddressable) -> Self {
        let field = match error {
            Unaddressable::Phone | Unaddressable::National(_) | Unaddressable::TrunkZero(_) => "to.phone",
            Unaddressable::UserId => "to.user_id",
            Unaddressable::GroupId => "to.group_id",
            Unaddressable::NoSuchConversation(_) => "to.conversation_id",
        };
        Self::invalid_field(field, format!("{error}."), None)
    }
}

impl From<ComposeError> for Problem {
    fn from(error: ComposeError) -> Self {
        match error {
            ComposeError::Invalid(invalid) => invalid.into(),
            ComposeError::Recipient(error) => error.into(),
            ComposeError::MessageTemplate(error) => message_template_problem(error),
            ComposeError::NotSupported(why) => why.into(),
            ComposeError::Internal => Self::internal(),
            ComposeError::Database(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = format!("Not queued: {refusal}.");
        match refusal {
            Refusal::NoSuchContact(_) | Refusal::Merged(..) | Refusal::NoAddress(_) => {
                Self::invalid_field("to.contact_id", detail, None)
            }
            Refusal::Expired | Refusal::ExpiresUnsent => Self::invalid_field("expires_at", detail, None),
            Refusal::TooFarAhead => Self::invalid_field("send_at", detail, None),
            Refusal::TooManyWaiting => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-scheduled",
                "Too many messages wait for their time",
                detail,
            )
            .retry_after(60),
            Refusal::OptedOut(contact) => {
                Self::new(StatusCode::CONFLICT, "opted-out", "Recipient has opted out", detail).with_contact(contact)
            }
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::Blocked(_) => Self::new(StatusCode::CONFLICT, "blocked", "Recipient is blocked", detail),
            Refusal::WindowClosed(templates) => Self::new(
                StatusCode::CONFLICT,
                "window-closed",
                "Service window is closed",
                detail,
            )
            .with_error(MessageError::window_closed(templates)),
            Refusal::KeyReused => Self::new(StatusCode::CONFLICT, "key-reused", "Idempotency key reused", detail),
            Refusal::Template(unfit) => unfit.into(),
            Refusal::Full => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "Temporarily unavailable",
                detail,
            )
            .retry_after(1),
            Refusal::Unavailable => Self::unavailable(),
            Refusal::Internal => Self::internal(),
        }
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let detail = format!("{error}.");
        match error {
            ControlError::NoSuchMessage(id) => Self::not_found(format_args!("message {id}")),
            ControlError::NotQueued(..)
            | ControlError::InHand(_)
            | ControlError::NotUnknown(..)
            | ControlError::NotInbound(_) => Self::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "Conflict with the current state",
                detail,
            ),
            ControlError::Provider(CallError::NotSupported(why)) => why.into(),
            ControlError::Provider(CallError::NoToken | CallError::Answer(_)) => Self::new(
                StatusCode::BAD_GATEWAY,
                "meta-refused",
                "Meta rejected the request",
                detail,
            ),
            ControlError::Database(error) => error.into(),
        }
    }
}
