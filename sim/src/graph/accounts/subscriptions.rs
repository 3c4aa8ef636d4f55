//! Whether the app hears of an account, and at which callback URL.

use serde_json::{Map, Value, json};

use super::Number;
use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::simulator::lock;

/// The most characters a callback URL may have.
const LONGEST_URL: usize = 200;

/// Checks a callback URL; an empty one takes the override away.
pub(super) fn callback(url: &str) -> Result<&str, Refusal> {
    match url.chars().count() <= LONGEST_URL {
        true => Ok(url),
        false => Err(Refusal::new(
            100,
            "override_callback_uri must be at most 200 characters long.",
        )),
    }
}

impl Graph {
    /// `GET /{waba}/subscribed_apps`.
    pub(crate) fn subscriptions(&self, call: &Call) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let subscription = lock(&account.subscription).clone();
        let data: Vec<Value> = subscription
            .into_iter()
            .map(|callback| {
                let id = &self.config.app_id;
                let link = format!("https://www.facebook.com/games/?app_id={id}");
                let mut app = json!({
                    "whatsapp_business_api_data": {"id": id, "name": "Simulated app", "link": link},
                });
                if let Some(url) = callback {
                    app["override_callback_uri"] = json!(url);
                }
                app
            })
            .collect();
        Ok(json!({"data": data}))
    }

    /// `POST /{waba}/subscribed_apps`: without a body it takes an override away.
    pub(crate) fn subscribe(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let url = match body["override_callback_uri"].as_str() {
            Some(url) => Some(callback(url)?.to_owned()),
            None => None,
        };
        *lock(&account.subscription) = Some(url.filter(|url| !url.is_empty()));
        Ok(success())
    }

    /// `DELETE /{waba}/subscribed_apps`.
    pub(crate) fn unsubscribe(&self, call: &Call) -> Result<Value, Refusal> {
        *lock(&self.managed(call)?.subscription) = None;
        Ok(success())
    }

    /// `webhook_configuration` of a number; what is not set is left out.
    pub(super) fn callbacks(&self, number: &Number) -> Value {
        let mut urls = Map::new();
        if let Some(url) = lock(&number.card).callback.clone() {
            urls.insert("phone_number".to_owned(), json!(url));
        }
        let of_account = self
            .account(&number.line.waba_id)
            .and_then(|account| lock(&account.subscription).clone().flatten());
        if let Some(url) = of_account {
            urls.insert("whatsapp_business_account".to_owned(), json!(url));
        }
        urls.insert("application".to_owned(), json!(self.callback_url));
        Value::Object(urls)
    }
}
