use axum::{Json as Body, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::{EndpointId, perm},
    http::{auth::May, extract::Path, problem::Problem},
    webhooks::Secrets,
};

/// The signing secret of an endpoint, by Standard Webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndpointSecret {
    /// `whsec_` and 32 bytes in base64.
    #[schema(example = "whsec_…")]
    pub secret: String,
    /// The previous secret, which still signs as well; null once it does not.
    #[schema(required)]
    pub previous: Option<PreviousSecret>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PreviousSecret {
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
/// Returns the secret to verify deliveries with. Needs the scopes `write` and `events`: anybody who has the secret can forge events.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/secret", params(("id" = EndpointId, Path)),
    responses((status = 200, description = "The secret", body = EndpointSecret)))]
pub async fn show(
    caller: May<(perm::EndpointsManage, perm::EventsRead)>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Body<EndpointSecret>, Problem> {
    let secrets = app.webhooks.secrets(&caller, id).await?;
    Ok(Body(secrets.into()))
}

/// Rotate the secret of an endpoint
///
/// For 24 hours the previous secret signs as well, so that receivers can change over. A secret replaced within the 24 hours before signs no
/// longer. Needs the scopes `write` and `events`.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/secret/rotate", params(("id" = EndpointId, Path)),
    responses((status = 200, description = "The new secret, and the one before", body = EndpointSecret)))]
pub async fn rotate(
    caller: May<(perm::EndpointsManage, perm::EventsRead)>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Body<EndpointSecret>, Problem> {
    let secrets = app.webhooks.rotate(&caller, id).await?;
    Ok(Body(secrets.into()))
}
