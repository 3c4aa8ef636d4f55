use axum::{Json as Body, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::MessageId,
    http::{
        auth::Writer,
        extract::{Json, Path},
        problem::Problem,
    },
    messaging::{self, Resolution},
    meta::graph::{
        Receipt,
        errors::{self, Class, Retry, Who},
    },
};

/// Cancel a message
///
/// As long as it is queued.
#[utoipa::path(post, path = "/api/v1/messages/{id}/cancel", tag = "Sending", params(("id" = MessageId, Path)),
    responses((status = 204, description = "It will not be sent")))]
pub async fn cancel(writer: Writer, State(app): State<App>, Path(id): Path<MessageId>) -> Result<StatusCode, Problem> {
    messaging::cancel(&app, writer.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is known of it.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Known {
    Sent,
    Resend,
    Drop,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// `sent`: it was. `resend`: it was not; send it again. `drop`: leave it.
    #[schema(inline)]
    resolution: Known,
}

/// Resolve an unknown message
///
/// For a message of which nobody knows whether it was sent, when a person does.
#[utoipa::path(post, path = "/api/v1/messages/{id}/resolve", tag = "Sending", params(("id" = MessageId, Path)), request_body = Resolve,
    responses((status = 204, description = "Resolved")))]
pub async fn resolve(
    writer: Writer,
    State(app): State<App>,
    Path(id): Path<MessageId>,
    Json(known): Json<Resolve>,
) -> Result<StatusCode, Problem> {
    let resolution = match known.resolution {
        Known::Sent => Resolution::Sent,
        Known::Resend => Resolution::Resend,
        Known::Drop => Resolution::Drop,
    };
    messaging::resolve(&app, writer.tenant, id, resolution).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadRequest {
    /// Also show "typing…", for at most 25 seconds or until the answer.
    #[serde(default)]
    typing: bool,
}

/// Mark an inbound message as read
///
/// The customer sees it, on this message and those before.
#[utoipa::path(post, path = "/api/v1/messages/{id}/read", tag = "Sending", params(("id" = MessageId, Path)), request_body = ReadRequest,
    responses((status = 204, description = "Meta was told")))]
pub async fn read(
    writer: Writer,
    State(app): State<App>,
    Path(id): Path<MessageId>,
    Json(request): Json<ReadRequest>,
) -> Result<StatusCode, Problem> {
    let receipt = if request.typing { Receipt::Typing } else { Receipt::Read };
    messaging::receipt(&app, writer.tenant, id, receipt).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One of Meta's error codes, or a family of them.
#[derive(serde::Serialize, ToSchema)]
pub struct ErrorCode {
    /// `131047`, or `200-299`.
    code: String,
    title: &'static str,
    class: Class,
    /// When the same message may be tried again; this is done without being asked.
    retry: Retry,
    /// Who must act.
    who: Who,
    /// What to do, in words.
    advice: &'static str,
}

#[derive(serde::Serialize, ToSchema)]
pub struct ErrorCodes {
    data: Vec<ErrorCode>,
}

/// List Meta's error codes
///
/// With what each means and who must do what.
#[utoipa::path(get, path = "/api/v1/errors", tag = "Sending",
    responses((status = 200, description = "All codes known", body = ErrorCodes)))]
pub async fn error_codes() -> Body<ErrorCodes> {
    let code = |entry: &errors::Entry| ErrorCode {
        code: entry.codes().to_string(),
        title: entry.title,
        class: entry.class,
        retry: entry.retry,
        who: entry.who,
        advice: entry.advice,
    };
    Body(ErrorCodes {
        data: errors::all().iter().map(code).collect(),
    })
}
