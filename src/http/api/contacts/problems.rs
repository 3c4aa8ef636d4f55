use axum::http::StatusCode;

use crate::{contacts::ContactError, http::problem::Problem};

impl From<ContactError> for Problem {
    fn from(error: ContactError) -> Self {
        let said = error.to_string();
        let detail = if said.ends_with('?') { said } else { format!("{said}.") };
        let conflict = |slug, title| Self::new(StatusCode::CONFLICT, slug, title, detail.clone());
        match error {
            ContactError::NotFound(what) => Self::not_found(what),
            ContactError::Invalid { name, .. } => Self::invalid_field(name, detail, None),
            ContactError::Taken { name, owner } => Self::new(
                StatusCode::CONFLICT,
                "contact-exists",
                "The contact exists",
                format!("{detail} Change that contact, or merge the two."),
            )
            .with_field(name)
            .with_contact(owner),
            ContactError::TwoContacts(..) => conflict("two-contacts", "The identities belong to two contacts"),
            ContactError::Changed(_) => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "changed-meanwhile",
                "Changed meanwhile",
                format!("{detail} Read it again, and send its `ETag` as `If-Match`."),
            ),
            ContactError::Exists(_) => conflict("conflict", "Already exists"),
            ContactError::TooMany(_, limit) => Self::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "Conflict with the current state",
                detail,
            )
            .with_limit(limit as u64),
            ContactError::UsedBySegments(_) => conflict("in-use", "In use"),
            ContactError::Filter(name, error) => Self::invalid_field(name, detail, None).with_column(error.column),
            ContactError::Database(error) => error.into(),
        }
    }
}
