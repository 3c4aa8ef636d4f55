//! Meta's side of one callback URL: what it knows, and what one can ask of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::body::Bytes;
use reqwest::StatusCode;
use tokio::sync::{Semaphore, watch};

use crate::chance::Chance;
use crate::courier::Courier;
use crate::{Customer, Graph, Handshake, Ledger, Manners, Shape, SimConfig, Totals, Traffic, Webhook, sign};

/// Meta's side of one callback URL. Clones share everything.
#[derive(Clone, Debug)]
pub struct Simulator {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub config: SimConfig,
    pub courier: Courier,
    pub traffic: Mutex<Traffic>,
    pub ledger: Mutex<Ledger>,
    pub graph: Graph,
    /// As many permits as POSTs may be under way.
    pub posters: Arc<Semaphore>,
    pub paused: watch::Sender<bool>,
}

impl Simulator {
    /// Invents the customers and builds the HTTP client; nothing is sent.
    ///
    /// # Errors
    /// If the settings cannot work or the TLS library cannot start.
    pub fn new(config: SimConfig) -> anyhow::Result<Self> {
        config.check()?;
        let mut traffic = Traffic::new(&config);
        // Until the Graph API is served nobody can download anything.
        traffic.set_origin(config.graph.public_url.as_deref());
        let inner = Inner {
            courier: Courier::new(&config.callback_url, config.request_timeout)?,
            graph: Graph::new(&config, traffic.customers()),
            traffic: Mutex::new(traffic),
            ledger: Mutex::new(Ledger::default()),
            posters: Arc::new(Semaphore::new(config.concurrency)),
            paused: watch::Sender::new(false),
            config,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub fn config(&self) -> &SimConfig {
        &self.inner.config
    }

    /// The Graph API: what it has accepted and refused, and how to make it misbehave.
    pub fn graph(&self) -> &Graph {
        &self.inner.graph
    }

    /// A copy of the ledger as it stands.
    pub fn ledger(&self) -> Ledger {
        let mut ledger = lock(&self.inner.ledger).clone();
        let graph = self.graph();
        ledger.sends = graph.sends();
        ledger.reads = graph.reads();
        ledger.refusals = graph.refusals();
        ledger.injected = graph.injected();
        ledger
    }

    /// Puts the clock forward, on Meta's side alone: windows close, addresses, tokens and files expire.
    pub fn advance(&self, by: Duration) {
        self.graph().time.advance(by);
        lock(&self.inner.traffic).advance(i64::try_from(by.as_secs()).unwrap_or(i64::MAX));
    }

    /// The counts of the ledger alone, for those who watch the traffic pass: copying them costs nothing.
    pub fn totals(&self) -> Totals {
        lock(&self.inner.ledger).totals.clone()
    }

    /// The customers with the ids they have now.
    pub fn customers(&self) -> Vec<Customer> {
        lock(&self.inner.traffic).customers().to_vec()
    }

    pub fn set_manners(&self, manners: Manners) {
        lock(&self.inner.traffic).set_manners(manners);
    }

    /// Posts nothing from now on, neither new webhooks nor redeliveries. POSTs under way are finished.
    pub fn pause(&self) {
        self.inner.paused.send_replace(true);
    }

    pub fn resume(&self) {
        self.inner.paused.send_replace(false);
    }

    /// Does what Meta does when the callback URL is set, with the configured token.
    ///
    /// # Errors
    /// If the receiver cannot be reached, does not answer 200, or does not send the challenge back verbatim.
    pub async fn verify_callback(&self) -> anyhow::Result<()> {
        let handshake = self.handshake(&self.inner.config.verify_token).await?;
        ensure!(
            handshake.status == StatusCode::OK,
            "the handshake was answered {}",
            handshake.status
        );
        ensure!(handshake.echoed, "the challenge did not come back verbatim");
        Ok(())
    }

    /// The handshake with any token, for those who want to see a wrong one refused.
    ///
    /// # Errors
    /// If the receiver cannot be reached.
    pub async fn handshake(&self, verify_token: &str) -> anyhow::Result<Handshake> {
        let challenge = Chance::new(self.inner.config.seed).digits(10);
        self.inner
            .courier
            .handshake(None, verify_token, &challenge)
            .await
            .context("the handshake got no answer")
    }

    pub(crate) async fn handshake_with(&self, callback_url: &str, verify_token: &str) -> reqwest::Result<Handshake> {
        let challenge = Chance::new(self.inner.config.seed).digits(10);
        let courier = &self.inner.courier;
        courier.handshake(Some(callback_url), verify_token, &challenge).await
    }

    /// Posts any bytes, signed with any secret, once and past the ledger.
    ///
    /// # Errors
    /// If there is no answer within the timeout.
    pub async fn post_once(&self, body: impl Into<Bytes>, app_secret: &str) -> reqwest::Result<StatusCode> {
        let body = body.into();
        let signature = sign(app_secret, &body);
        self.inner.courier.post(None, body, Some(&signature), None).await
    }

    /// Posts any bytes with any signature header or none, once and past the ledger.
    ///
    /// # Errors
    /// If there is no answer within the timeout.
    pub async fn post_with(&self, body: impl Into<Bytes>, signature: Option<&str>) -> reqwest::Result<StatusCode> {
        self.inner.courier.post(None, body.into(), signature, None).await
    }

    /// The next webhook of the traffic, entered in the ledger as generated. The caller delivers it, or holds it back.
    pub fn generate(&self) -> Webhook {
        let webhook = lock(&self.inner.traffic).next_webhook();
        self.enter(&webhook);
        webhook
    }

    /// Makes the customer of that place write, entered in the ledger as generated but not yet delivered.
    ///
    /// `words` replaces the invented text, caption, title or emoji. None if there is no such customer.
    pub fn write(&self, customer: usize, shape: Shape, words: Option<&str>) -> Option<Webhook> {
        let webhook = lock(&self.inner.traffic).write(customer, shape, words)?;
        self.enter(&webhook);
        Some(webhook)
    }

    /// The same, to a number the Graph API knows. None also if there is no such number.
    pub fn write_to(
        &self,
        phone_number_id: &str,
        customer: usize,
        shape: Shape,
        words: Option<&str>,
    ) -> Option<Webhook> {
        let line = self.graph().line_of(phone_number_id)?;
        let webhook = lock(&self.inner.traffic).write_to(Some(&line), customer, shape, words)?;
        self.enter(&webhook);
        Some(webhook)
    }

    /// Makes the customer of that place call the business, entered in the ledger as generated but not yet delivered: the service window opens.
    /// None if there is no such customer.
    pub fn call(&self, customer: usize) -> Option<Webhook> {
        let webhook = lock(&self.inner.traffic).call(customer)?;
        self.enter(&webhook);
        Some(webhook)
    }

    /// Notes everywhere that a webhook is about to be delivered.
    pub(crate) fn enter(&self, webhook: &Webhook) {
        self.graph().hear(webhook, || self.customers());
        lock(&self.inner.ledger).record_generated(webhook);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside stays usable: nothing in it is left half-changed by a panic elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
