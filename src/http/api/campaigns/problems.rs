use axum::http::StatusCode;

use crate::{campaigns::CampaignError, http::problem::Problem, messaging::accept::Refusal};

impl From<CampaignError> for Problem {
    fn from(error: CampaignError) -> Self {
        let detail = format!("{error}.");
        match error {
            CampaignError::NotFound(id) => Self::not_found(format_args!("campaign {id}")),
            CampaignError::Invalid { field, .. } => Self::invalid_field(field, detail, None),
            CampaignError::WrongStatus(..) => Self::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "Conflict with the current state",
                format!(
                    "{} Read it again: its `status` says what can be done.",
                    capitalized(detail)
                ),
            ),
            CampaignError::Changed(_) => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "changed-meanwhile",
                "Changed meanwhile",
                format!(
                    "{} Read it again, and send its `ETag` as `If-Match`.",
                    capitalized(detail)
                ),
            ),
            CampaignError::RowsPending(_) => Self::new(
                StatusCode::CONFLICT,
                "rows-pending",
                "Rows are not complete",
                capitalized(detail),
            ),
            CampaignError::Stale(_) => Self::new(
                StatusCode::CONFLICT,
                "preflight-stale",
                "Preflight is not true any more",
                format!("{} Run it again, and launch with its `digest`.", capitalized(detail)),
            ),
            CampaignError::TooMany(_, limit) => Self::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "Conflict with the current state",
                format!("{} Try again when one of them has ended.", capitalized(detail)),
            )
            .with_limit(limit as u64),
            CampaignError::NotKept(_) => Self::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "Conflict with the current state",
                format!(
                    "{} Its report still has the numbers; they cannot be counted again.",
                    capitalized(detail)
                ),
            ),
            CampaignError::RecipientsRemoved(_) => Self::new(
                StatusCode::CONFLICT,
                "wrong-state",
                "Conflict with the current state",
                format!("{} The report still has the numbers.", capitalized(detail)),
            ),
            CampaignError::Audience(error) => error.into(),
            CampaignError::Template(error) => Refusal::from(error).into(),
            CampaignError::Database(error) => error.into(),
        }
    }
}

fn capitalized(text: String) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
