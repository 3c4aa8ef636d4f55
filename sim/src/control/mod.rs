//! The simulator's own HTTP interface, for demonstrations and for tests in other processes. Whatever is not under
//! `/_sim/` is the Graph API.

mod graph;

use std::future::pending;
use std::io;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::simulator::lock;
use crate::{Customer, Item, Ledger, Manners, Shape, Simulator, Webhook, server};

#[derive(Clone)]
struct Control {
    simulator: Simulator,
    outbox: mpsc::Sender<Webhook>,
}

/// The body of `POST /_sim/messages`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteRequest {
    customer: Who,
    /// A [`Shape`] by its name in the ledger, such as `voice_note`.
    #[serde(rename = "type", default = "text")]
    shape: Shape,
    /// Words for the text, caption, title or emoji.
    text: Option<String>,
    /// The number written to; the configured one if it is left out.
    phone_number_id: Option<String>,
}

/// The body of `POST /_sim/calls`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallRequest {
    customer: Who,
}

/// A customer by place in the list, or by phone number, user id, username or name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Who {
    Place(usize),
    Known(String),
}

#[derive(Serialize)]
struct Written {
    wamid: String,
}

impl Simulator {
    /// Serves the Graph API, and under `/_sim/` what steers the simulator.
    ///
    /// `GET /health`, `/_sim/ledger`, `/_sim/customers`; `GET` and `POST /_sim/manners`; `POST /_sim/messages`,
    /// `/_sim/pause`, `/_sim/resume`; the rest is in `control::graph`.
    ///
    /// The control interface knows no authentication: listen where only friends are. Ends only with an error; messages
    /// asked for here, and statuses of sends, are delivered for as long as the future is polled.
    ///
    /// # Errors
    /// If the listener fails for good.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        if self.config().graph.public_url.is_none() {
            lock(&self.inner.traffic).set_origin(Some(&format!("http://{}", listener.local_addr()?)));
        }
        let (outbox, mut waiting) = mpsc::channel(self.config().backlog);
        let router = router(Control {
            simulator: self.clone(),
            outbox,
        });
        let mut deliveries = JoinSet::new();
        let deliver = async {
            while let Some(webhook) = waiting.recv().await {
                let simulator = self.clone();
                deliveries.spawn(async move { simulator.deliver(webhook).await });
                while deliveries.try_join_next().is_some() {}
            }
            // The router holds the other end, so this is not reached while it serves.
            pending().await
        };
        let never = tokio::select! {
            served = server::serve(listener, router) => served?,
            never = self.tell() => never,
            never = deliver => never,
        };
        match never {}
    }
}

fn router(control: Control) -> Router {
    Router::new()
        .route("/health", get(StatusCode::OK))
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/customers", get(customers))
        .route("/_sim/manners", get(manners).post(set_manners))
        .route("/_sim/messages", post(write))
        .route("/_sim/calls", post(call))
        .route("/_sim/pause", post(pause))
        .route("/_sim/resume", post(resume))
        .merge(graph::router())
        .with_state(control.clone())
        .fallback_service(graph_api(control.simulator))
}

/// It reads its bodies with limits of its own.
fn graph_api(simulator: Simulator) -> Router {
    Router::new()
        .fallback(crate::graph::answer)
        .layer(DefaultBodyLimit::disable())
        .with_state(simulator)
}

async fn ledger(State(control): State<Control>) -> Json<Ledger> {
    Json(control.simulator.ledger())
}

async fn customers(State(control): State<Control>) -> Json<Vec<Customer>> {
    Json(control.simulator.customers())
}

async fn manners(State(control): State<Control>) -> Json<Manners> {
    Json(lock(&control.simulator.inner.traffic).manners().clone())
}

/// Knobs that are not named are set as polite people have them.
async fn set_manners(State(control): State<Control>, Json(manners): Json<Manners>) -> StatusCode {
    control.simulator.set_manners(manners);
    StatusCode::NO_CONTENT
}

async fn write(State(control): State<Control>, Json(request): Json<WriteRequest>) -> Response {
    // Room first: a message that is in the ledger must also be delivered.
    let Ok(room) = control.outbox.try_reserve() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let customers = control.simulator.customers();
    let words = request.text.as_deref();
    let webhook = place_of(&request.customer, &customers).and_then(|place| match &request.phone_number_id {
        Some(id) => control.simulator.write_to(id, place, request.shape, words),
        None => control.simulator.write(place, request.shape, words),
    });
    let Some(webhook) = webhook else {
        return (StatusCode::NOT_FOUND, "no such customer or number").into_response();
    };
    let wamid = webhook.items.iter().find_map(|item| match item {
        Item::Message(message) => Some(message.wamid.clone()),
        Item::Status(_) | Item::Other(_) => None,
    });
    room.send(webhook);
    (StatusCode::ACCEPTED, Json(wamid.map(|wamid| Written { wamid }))).into_response()
}

/// A customer calls the business.
async fn call(State(control): State<Control>, Json(request): Json<CallRequest>) -> Response {
    let Ok(room) = control.outbox.try_reserve() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let place = place_of(&request.customer, &control.simulator.customers());
    let Some(webhook) = place.and_then(|place| control.simulator.call(place)) else {
        return (StatusCode::NOT_FOUND, "no such customer").into_response();
    };
    room.send(webhook);
    StatusCode::ACCEPTED.into_response()
}

async fn pause(State(control): State<Control>) -> StatusCode {
    control.simulator.pause();
    StatusCode::NO_CONTENT
}

async fn resume(State(control): State<Control>) -> StatusCode {
    control.simulator.resume();
    StatusCode::NO_CONTENT
}

fn place_of(who: &Who, customers: &[Customer]) -> Option<usize> {
    match who {
        Who::Place(place) => (*place < customers.len()).then_some(*place),
        Who::Known(id) => customers.iter().position(|customer| {
            customer.wa_id == *id
                || customer.user_id == *id
                || customer.name == *id
                || customer.username.as_ref() == Some(id)
        }),
    }
}

fn text() -> Shape {
    Shape::Text
}
