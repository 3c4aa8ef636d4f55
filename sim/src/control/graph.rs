//! What steers the Graph API from another process.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Control;
use crate::graph::{
    By, Enforcement, FaultRule, Moderation, NumberPatch, NumberSeed, StatusPolicy, TemplatePatch, TemplateSeed,
    TokenSeed, Trouble,
};

pub(super) fn router() -> Router<Control> {
    Router::new()
        .route("/_sim/summary", get(summary))
        .route("/_sim/sends", get(sends))
        .route("/_sim/sends/counts", get(counts))
        .route("/_sim/faults", get(faults).post(inject).delete(lift_all))
        .route("/_sim/faults/{id}", delete(lift))
        .route("/_sim/statuses", get(statuses).post(set_statuses))
        .route("/_sim/enforcement", get(enforcement).post(set_enforcement))
        .route("/_sim/moderation", get(moderation).post(set_moderation))
        .route("/_sim/clock", post(advance))
        .route("/_sim/tokens", post(set_token))
        .route("/_sim/numbers", post(add_number))
        .route("/_sim/numbers/{id}", post(change_number))
        .route("/_sim/accounts/{id}", post(change_account))
        .route("/_sim/templates", post(add_template))
        .route("/_sim/templates/{id}", post(change_template))
}

async fn summary(State(control): State<Control>) -> Response {
    Json(control.simulator.graph().summary()).into_response()
}

/// Which accepted sends to show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    opaque: Option<String>,
    recipient: Option<String>,
    phone_number_id: Option<String>,
    /// From this place on.
    #[serde(default)]
    from: usize,
    /// How many are looked at.
    #[serde(default = "many")]
    limit: usize,
}

fn many() -> usize {
    1_000_000
}

async fn sends(State(control): State<Control>, Query(wanted): Query<Wanted>) -> Response {
    let is = |asked: &Option<String>, value: Option<&str>| asked.is_none() || asked.as_deref() == value;
    let mut sends = control.simulator.graph().sends_from(wanted.from, wanted.limit);
    sends.retain(|send| {
        is(&wanted.opaque, send.opaque.as_deref())
            && is(&wanted.recipient, Some(&send.recipient))
            && is(&wanted.phone_number_id, Some(&send.phone_number_id))
    });
    Json(sends).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    by: By,
    /// Smaller counts are left out.
    #[serde(default)]
    least: u32,
}

async fn counts(State(control): State<Control>, Query(counted): Query<Counted>) -> Response {
    Json(control.simulator.graph().counts(counted.by, counted.least)).into_response()
}

async fn faults(State(control): State<Control>) -> Response {
    Json(control.simulator.graph().faults()).into_response()
}

async fn inject(State(control): State<Control>, Json(rule): Json<FaultRule>) -> (StatusCode, Json<Value>) {
    let id = control.simulator.graph().inject(rule);
    (StatusCode::CREATED, Json(json!({"id": id})))
}

async fn lift(State(control): State<Control>, Path(id): Path<u64>) -> StatusCode {
    done(control.simulator.graph().lift(id))
}

async fn lift_all(State(control): State<Control>) -> StatusCode {
    control.simulator.graph().lift_all();
    StatusCode::NO_CONTENT
}

async fn statuses(State(control): State<Control>) -> Json<StatusPolicy> {
    Json(control.simulator.graph().statuses())
}

/// Knobs that are not named are set to their defaults, here and in the two below.
async fn set_statuses(State(control): State<Control>, Json(policy): Json<StatusPolicy>) -> StatusCode {
    control.simulator.graph().set_statuses(policy);
    StatusCode::NO_CONTENT
}

async fn enforcement(State(control): State<Control>) -> Json<Enforcement> {
    Json(control.simulator.graph().enforcement())
}

async fn set_enforcement(State(control): State<Control>, Json(rules): Json<Enforcement>) -> StatusCode {
    control.simulator.graph().set_enforcement(rules);
    StatusCode::NO_CONTENT
}

async fn moderation(State(control): State<Control>) -> Json<Moderation> {
    Json(control.simulator.graph().moderation())
}

async fn set_moderation(State(control): State<Control>, Json(moderation): Json<Moderation>) -> StatusCode {
    control.simulator.graph().set_moderation(moderation);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

async fn advance(State(control): State<Control>, Json(by): Json<Advance>) -> StatusCode {
    control.simulator.advance(Duration::from_secs(by.advance_seconds));
    StatusCode::NO_CONTENT
}

/// A token that is known is replaced: with `expires_in` 0 it has expired.
async fn set_token(State(control): State<Control>, Json(token): Json<TokenSeed>) -> StatusCode {
    control.simulator.graph().set_token(token);
    StatusCode::NO_CONTENT
}

async fn add_number(State(control): State<Control>, Json(number): Json<NumberSeed>) -> StatusCode {
    control.simulator.graph().add_number(number);
    StatusCode::CREATED
}

async fn change_number(
    State(control): State<Control>,
    Path(id): Path<String>,
    Json(patch): Json<NumberPatch>,
) -> StatusCode {
    done(control.simulator.graph().change_number(&id, patch))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountPatch {
    /// `null` takes it away.
    trouble: Option<Trouble>,
}

async fn change_account(
    State(control): State<Control>,
    Path(id): Path<String>,
    Json(patch): Json<AccountPatch>,
) -> StatusCode {
    done(control.simulator.graph().trouble_account(&id, patch.trouble))
}

/// An approved template of the configured account.
async fn add_template(State(control): State<Control>, Json(seed): Json<TemplateSeed>) -> (StatusCode, Json<Value>) {
    let simulator = &control.simulator;
    let id = simulator.graph().add_template(&simulator.config().waba_id, seed);
    (StatusCode::CREATED, Json(json!({"id": id})))
}

async fn change_template(
    State(control): State<Control>,
    Path(id): Path<String>,
    Json(patch): Json<TemplatePatch>,
) -> StatusCode {
    done(control.simulator.graph().change_template(&id, patch))
}

fn done(found: bool) -> StatusCode {
    match found {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}
