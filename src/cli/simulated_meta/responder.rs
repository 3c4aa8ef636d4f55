//! An auto-responder: follows the event feed and answers customers over HTTP, as any client of the API would.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::ensure;
use http::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        api_client::{ApiCallError, ApiClient},
        listen::EventFeed,
    },
    events::message::RECEIVED,
};

/// Polling interval of the event feed.
const POLL_INTERVAL: Duration = Duration::from_millis(300);
/// Minimum time between answers to one contact: Meta permits one message per customer in six seconds.
const ANSWER_INTERVAL: Duration = Duration::from_secs(7);

/// Messages that nobody answers; all but a reaction open no service window either.
const UNANSWERED: &[&str] = &["reaction", "system", "edit", "revoke"];

pub(in crate::cli) struct AutoResponder {
    api: ApiClient,
    channel: String,
    /// The position in the event feed up to which messages are answered.
    after: i64,
    answered: HashMap<String, Instant>,
}

impl AutoResponder {
    /// Creates a responder that skips all earlier events.
    pub async fn start(api: ApiClient, channel: String) -> anyhow::Result<Self> {
        let after = EventFeed::new(api.clone()).newest().await?;
        Ok(Self {
            api,
            channel,
            after,
            answered: HashMap::new(),
        })
    }

    /// Answers messages until cancelled. While the server does not answer, it waits.
    pub async fn run(mut self, stop: &CancellationToken) -> anyhow::Result<()> {
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = ticks.tick() => {}
            }
            let events = match self.poll_events().await {
                Ok(events) => events,
                Err(ApiCallError::Unavailable(_)) => continue,
                Err(refused) => return Err(refused.into()),
            };
            for event in events {
                self.answer(&event["data"]["message"]).await?;
            }
        }
    }

    async fn poll_events(&mut self) -> Result<Vec<Value>, ApiCallError> {
        let path = format!("/events?type={}&limit=200&after={}", RECEIVED.name, self.after);
        let mut page: Value = self.api.get(&path).await?;
        self.after = page["after"].as_i64().unwrap_or(self.after);
        Ok(page["data"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    async fn answer(&mut self, message: &Value) -> anyhow::Result<()> {
        let (id, contact) = (message["id"].as_str(), message["contact_id"].as_str());
        let (Some(id), Some(contact)) = (id, contact) else {
            return Ok(());
        };
        let in_group = message["payload"]["group_id"].is_string();
        let recently = self
            .answered
            .get(contact)
            .is_some_and(|at| at.elapsed() < ANSWER_INTERVAL);
        let is_unanswered = message["type"].as_str().is_some_and(|it| UNANSWERED.contains(&it));
        if in_group || recently || is_unanswered {
            return Ok(());
        }
        self.answered.insert(contact.to_owned(), Instant::now());
        let mut request = json!({ "channel_id": self.channel, "to": { "contact_id": contact } });
        request["context"] = json!({ "message_id": id });
        for (member, value) in words(message) {
            request[member] = value;
        }
        // After a restart the same message is not answered twice.
        let post = self.api.post("/messages").header("idempotency-key", id);
        let Ok(answer) = post.json(&request).send().await else {
            return Ok(());
        };
        let status = answer.status();
        let body = answer.text().await?;
        // The contact was merged with another since the event; the customer is answered under that one next time.
        let is_merged = status == StatusCode::UNPROCESSABLE_ENTITY && body.contains(r#""field":"to.contact_id""#);
        let is_busy = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        ensure!(
            status.is_success() || is_merged || is_busy,
            "an answer was rejected: {body}"
        );
        Ok(())
    }
}

/// Returns the type and payload of an answer.
fn words(message: &Value) -> [(&'static str, Value); 2] {
    let text = message["text"].as_str().unwrap_or_default();
    if text.ends_with('?') {
        let button = |id: &str, title: &str| json!({ "type": "reply", "reply": { "id": id, "title": title } });
        let interactive = json!({
            "type": "button",
            "body": { "text": "Good question! Shall somebody call you about it?" },
            "action": { "buttons": [button("call", "Please call"), button("write", "Write to me")] },
        });
        return [("type", json!("interactive")), ("interactive", interactive)];
    }
    let body = match message["type"].as_str() {
        Some("text") | None => "Thank you for writing. We will see to it.".to_owned(),
        Some(kind) => format!("Thank you, your {kind} has arrived."),
    };
    [("type", json!("text")), ("text", json!({ "body": body }))]
}
