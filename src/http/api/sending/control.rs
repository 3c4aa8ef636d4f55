use axum::{Json as Body, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fits;
use crate::{
    app::App,
    domain::{MessageId, Status},
    http::{
        auth::Writer,
        extract::{Json, Path, Perhaps},
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
/// As long as it is queued.
#[utoipa::path(post, path = "/api/v1/messages/{id}/cancel", params(("id" = MessageId, Path)),
    responses((status = 204, description = "Canceled")))]
pub async fn cancel(writer: Writer, State(app): State<App>, Path(id): Path<MessageId>) -> Result<StatusCode, Problem> {
    messaging::cancel(&app.messaging, writer.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// At most 1,000.
    #[schema(min_items = 1, max_items = 1_000)]
    ids: Vec<MessageId>,
}

/// One result for each id, in their order.
#[derive(Serialize, ToSchema)]
pub struct CancelAnswer {
    results: Vec<CancelResult>,
}

/// What became of one message: it will not be sent, or there is a problem.
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
/// Those that are still queued, in one commit; of each of the others it says why not.
#[utoipa::path(post, path = "/api/v1/messages/cancel", request_body = CancelRequest,
    responses((status = 200, description = "A result for each", body = CancelAnswer)))]
pub async fn cancel_batch(
    writer: Writer,
    State(app): State<App>,
    Json(request): Json<CancelRequest>,
) -> Result<Body<CancelAnswer>, Problem> {
    let ids = request.ids;
    fits("ids", ids.len())?;
    let canceled = messaging::cancel_all(&app.messaging, writer.tenant, &ids).await?;
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

/// What is known of it. `sent`: it was. `resend`: it was not; send it again. `drop`: leave it.
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
    #[schema(inline)]
    resolution: Known,
}

/// Resolve an unknown message
///
/// For a message of which nobody knows whether it was sent, when a person does.
#[utoipa::path(post, path = "/api/v1/messages/{id}/resolve", params(("id" = MessageId, Path)), request_body = Resolve,
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
    messaging::resolve(&app.messaging, writer.tenant, id, resolution).await?;
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
/// The customer sees it, on this message and those before. The body may be left out.
#[utoipa::path(post, path = "/api/v1/messages/{id}/read", params(("id" = MessageId, Path)), request_body = Option<ReadRequest>,
    responses((status = 204, description = "Meta was told")))]
pub async fn read(
    writer: Writer,
    State(app): State<App>,
    Path(id): Path<MessageId>,
    Perhaps(request): Perhaps<ReadRequest>,
) -> Result<StatusCode, Problem> {
    let receipt = if request.typing { Receipt::Typing } else { Receipt::Read };
    messaging::receipt(&app.messaging, writer.tenant, id, receipt).await?;
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
#[utoipa::path(get, path = "/api/v1/errors",
    responses((status = 200, description = "All codes known", body = ErrorCodes)))]
pub async fn error_codes() -> Body<ErrorCodes> {
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
