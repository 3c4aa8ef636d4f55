//! Operations on messages: cancel, resolve, mark as read; and Meta's error codes.

use axum::{Json as Body, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check_count;
use crate::{
    app::App,
    domain::{MessageId, Status, perm},
    http::{
        auth::May,
        extract::{Json, OptionalJson, Path},
        problem::{Problem, ProblemBody},
    },
    messaging::{self, ControlError, Resolution},
    meta::graph::{
        Receipt,
        errors::{self, Class, Retry, Who},
    },
};

/// Cancel a message
///
/// Works as long as the message is queued.
#[utoipa::path(post, path = "/api/v1/messages/{id}/cancel", params(("id" = MessageId, Path)),
    responses((status = 204, description = "Canceled")))]
pub async fn cancel(
    caller: May<perm::MessagesControl>,
    State(app): State<App>,
    Path(id): Path<MessageId>,
) -> Result<StatusCode, Problem> {
    messaging::cancel(&app.messaging, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelRequest {
    /// At most 1,000 ids.
    #[schema(min_items = 1, max_items = 1_000)]
    ids: Vec<MessageId>,
}

/// A result for each id, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(crate) struct CancelAnswer {
    results: Vec<CancelResult>,
}

/// The result of one message: it is canceled, or there is a problem.
#[derive(Serialize, ToSchema)]
struct CancelResult {
    id: MessageId,
    /// `canceled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<serde_json::Value>,
}

/// Cancel many messages
///
/// Cancels the messages that are still queued, in one commit; each other result says why it was not canceled.
#[utoipa::path(post, path = "/api/v1/messages/cancel", request_body = CancelRequest,
    responses((status = 200, description = "A result for each", body = CancelAnswer)))]
pub(crate) async fn cancel_batch(
    caller: May<perm::MessagesControl>,
    State(app): State<App>,
    Json(request): Json<CancelRequest>,
) -> Result<Body<CancelAnswer>, Problem> {
    let ids = request.ids;
    check_count("ids", ids.len())?;
    let canceled = messaging::cancel_all(&app.messaging, &caller, &ids).await?;
    let result = |(id, canceled): (MessageId, Result<(), ControlError>)| {
        let problem = canceled.err().map(Problem::from);
        CancelResult {
            id,
            status: problem.is_none().then_some(Status::Canceled.as_str()),
            problem: problem.and_then(|it| serde_json::to_value::<ProblemBody<'_>>(it.body()).ok()),
        }
    };
    Ok(Body(CancelAnswer {
        results: ids.into_iter().zip(canceled).map(result).collect(),
    }))
}

/// The known outcome. `sent`: it was sent. `resend`: it was not; send it again. `drop`: it was not; leave it.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Resolution)]
enum KnownOutcome {
    Sent,
    Resend,
    Drop,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolve {
    resolution: KnownOutcome,
}

/// Resolve an unknown message
///
/// Settles the outcome of a message in state `unknown` by what a person knows.
#[utoipa::path(post, path = "/api/v1/messages/{id}/resolve", params(("id" = MessageId, Path)), request_body = Resolve,
    responses((status = 204, description = "Resolved")))]
pub async fn resolve(
    caller: May<perm::MessagesControl>,
    State(app): State<App>,
    Path(id): Path<MessageId>,
    Json(known): Json<Resolve>,
) -> Result<StatusCode, Problem> {
    let resolution = match known.resolution {
        KnownOutcome::Sent => Resolution::Sent,
        KnownOutcome::Resend => Resolution::Resend,
        KnownOutcome::Drop => Resolution::Drop,
    };
    messaging::resolve(&app.messaging, &caller, id, resolution).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadRequest {
    /// Also shows "typing…", for at most 25 seconds or until the answer.
    #[serde(default)]
    typing: bool,
}

/// Mark an inbound message as read
///
/// The customer sees the receipt, on this message and those before. The body may be omitted.
#[utoipa::path(post, path = "/api/v1/messages/{id}/read", params(("id" = MessageId, Path)), request_body = Option<ReadRequest>,
    responses((status = 204, description = "Marked as read at Meta")))]
pub async fn read(
    caller: May<perm::MessagesSend>,
    State(app): State<App>,
    Path(id): Path<MessageId>,
    OptionalJson(request): OptionalJson<ReadRequest>,
) -> Result<StatusCode, Problem> {
    let receipt = if request.typing { Receipt::Typing } else { Receipt::Read };
    messaging::receipt(&app.messaging, &caller, id, receipt).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One of Meta's error codes, or a family of them.
#[derive(serde::Serialize, ToSchema)]
pub(crate) struct ErrorCode {
    /// `131047`, or `200-299`.
    code: String,
    title: &'static str,
    class: Class,
    /// Whether the same message may be retried, and when; retries are automatic.
    retry: Retry,
    /// Who must act.
    who: Who,
    /// What to do.
    advice: &'static str,
}

#[derive(serde::Serialize, ToSchema)]
pub(crate) struct ErrorCodes {
    data: Vec<ErrorCode>,
}

/// List Meta's error codes
///
/// Includes the meaning of each, who must act, and what to do.
#[utoipa::path(get, path = "/api/v1/errors",
    responses((status = 200, description = "All codes known", body = ErrorCodes)))]
pub(crate) async fn error_codes() -> Body<ErrorCodes> {
    let code = |entry: &errors::ErrorEntry| ErrorCode {
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
