//! Old ids: a contact or conversation that was merged into another one is answered with 308 and the address of that one.

use axum::{
    extract::{RawPathParams, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};

use super::{problem::Problem, state::HttpState};
use crate::{
    domain::{ContactId, ConversationId, Ctx},
    records::contacts,
};

/// Answers a request whose path names a merged contact or conversation, which the handler did not find. Wraps routes inside
/// [`super::auth::authenticate`].
pub(crate) async fn redirect_merged(
    State(state): State<HttpState>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let ctx = request.extensions().get::<Ctx>().cloned();
    let path = request.uri().path_and_query().map(ToString::to_string);
    let id = params
        .iter()
        .find(|(name, _)| *name == "id")
        .map(|(_, value)| value.to_owned());
    let response = next.run(request).await;
    let (Some(ctx), Some(path), Some(id)) = (ctx, path, id) else {
        return Ok(response);
    };
    if response.status() != StatusCode::NOT_FOUND {
        return Ok(response);
    }
    let mut tx = state.read_limiter.begin(&state.app, ctx.tenant).await?;
    let into = if let Ok(old) = id.parse::<ContactId>() {
        contacts::redirect(tx.on(), ctx.tenant, old)
            .await?
            .map(|it| it.to_string())
    } else if let Ok(old) = id.parse::<ConversationId>() {
        contacts::redirect_conversation(tx.on(), ctx.tenant, old)
            .await?
            .map(|it| it.to_string())
    } else {
        None
    };
    tx.commit().await?;
    match into {
        Some(into) => Err(Problem::moved(&id, &into, path.replacen(&id, &into, 1))),
        None => Ok(response),
    }
}
