//! The operator's API, under `/admin`.

mod channels;
pub(super) mod dead_letters;
mod events;
mod jobs;
mod keys;
mod quarantine;
mod queues;
mod replay;
pub(super) mod scheduler;
mod tenants;
mod unrecognized;
mod workers;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{problem::Problem, state::HttpState};
use crate::{app::App, domain::WorkState, tenancy::TenantService};

pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::change))
        .routes(routes!(channels::list, channels::add))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(quarantine::list))
        .routes(routes!(unrecognized::list))
        .routes(routes!(events::list))
        .routes(routes!(replay::replay))
        .routes(routes!(events::show))
        .routes(routes!(events::body))
        .routes(routes!(queues::list))
        .routes(routes!(queues::show))
        .routes(routes!(queues::pause))
        .routes(routes!(queues::resume))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::retry))
        .routes(routes!(jobs::discard))
        .routes(routes!(jobs::archive))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::stats))
        .routes(routes!(dead_letters::retry))
        .routes(routes!(workers::list))
        .routes(routes!(scheduler::list))
        .routes(routes!(scheduler::runs))
        .routes(routes!(scheduler::run))
        .routes(routes!(scheduler::pause))
        .routes(routes!(scheduler::resume))
}

fn registry(app: &App) -> TenantService {
    TenantService {
        db: app.db.clone(),
        clock: app.clock.clone(),
        keyring: app.config.keyring.clone(),
    }
}

fn work_state(text: &str) -> Result<WorkState, Problem> {
    WorkState::parse(text).ok_or_else(|| {
        let states = WorkState::ALL.map(WorkState::as_str).join(", ");
        Problem::invalid(format!("`state` must be one of {states}."))
    })
}
