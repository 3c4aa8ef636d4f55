use axum::{Json as Body, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::EndpointId,
    http::{auth::Subscriber, extract::Path, problem::Problem},
    webhooks::Secrets,
};

/// What the requests to an endpoint are signed with, by Standard Webhooks.
#[derive(Serialize, ToSchema)]
pub struct EndpointSecret {
    /// `whsec_` and 32 bytes in base64.
    #[schema(example = "whsec_…")]
    pub secret: String,
    /// The one before, which signs too; null once it does not.
    #[schema(required)]
    pub previous: Option<PreviousSecret>,
}

#[derive(Serialize, ToSchema)]
pub struct PreviousSecret {
    pub secret: String,
    pub until: DateTime<Utc>,
}

impl From<Secrets> for EndpointSecret {
    fn from(secrets: Secrets) -> Self {
        Self {
            secret: secrets.current.expose().to_owned(),
            previous: secrets.previous.map(|(secret, until)| PreviousSecret {
                secret: secret.expose().to_owned(),
                until,
            }),
        }
    }
}

/// Show the secret of an endpoint
///
/// For whoever verifies what arrives there. Needs the scopes `write` and `events`: whoever has it can
/// make events up.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/secret", params(("id" = EndpointId, Path)),
    responses((status = 200, description = "The secret", body = EndpointSecret)))]
pub async fn show(
    subscriber: Subscriber,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Body<EndpointSecret>, Problem> {
    let secrets = app.webhooks.secrets(subscriber.tenant, id).await?;
    Ok(Body(secrets.into()))
}

/// Rotate the secret of an endpoint
///
/// For 24 hours the one it had signs too, so that receivers can change over in between. One that was replaced within the last 24 hours
/// signs no longer. Needs the scopes `write` and `events`.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/secret/rotate", params(("id" = EndpointId, Path)),
    responses((status = 200, description = "The new secret, and the one before", body = EndpointSecret)))]
pub async fn rotate(
    subscriber: Subscriber,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Body<EndpointSecret>, Problem> {
    let secrets = app.webhooks.rotate(subscriber.tenant, id).await?;
    Ok(Body(secrets.into()))
}
