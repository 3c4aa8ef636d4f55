//! Whether the app hears of an account, and at which callback URL.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Account, Number};
use crate::Simulator;
use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::tokens::Scope;
use crate::graph::validation::Field;
use crate::simulator::lock;
use crate::traffic::Routes;

/// The most characters a callback URL may have.
const LONGEST_URL: usize = 200;
/// An override whose receiver does not answer the handshake.
const NOT_VERIFIED: i64 = 2200;

impl Graph {
    /// `GET /{waba}/subscribed_apps`.
    pub(crate) fn subscriptions(&self, call: &Call) -> Result<Value, Refusal> {
        Ok(self.subscribed_apps(&*self.managed(call)?))
    }

    /// The apps that hear the webhooks of an account, as the edge and the member of that name show them.
    pub(super) fn subscribed_apps(&self, account: &Account) -> Value {
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
        json!({"data": data})
    }

    /// `DELETE /{waba}/subscribed_apps`.
    pub(crate) fn unsubscribe(&self, call: &Call) -> Result<Value, Refusal> {
        *lock(&self.managed(call)?.subscription) = None;
        Ok(success())
    }

    /// The overrides as they are set now.
    fn set_routes(&self) -> Routes {
        let mut routes = Routes::default();
        for number in self.numbers() {
            if let Some(url) = &lock(&number.card).callback {
                let id = number.line.phone_number_id.clone();
                routes.numbers.insert(id, url.as_str().into());
            }
        }
        for (id, account) in lock(&self.accounts).iter() {
            if let Some(Some(url)) = &*lock(&account.subscription) {
                routes.accounts.insert(id.clone(), url.as_str().into());
            }
        }
        *self.routes.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(routes.clone());
        routes
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

impl Simulator {
    /// `POST /{waba}/subscribed_apps`: with an override, or without a body, which takes an override away.
    pub(crate) async fn subscribe(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let account = self.graph().managed(call)?;
        let url = self.verified(Field::root(body), &account).await?;
        *lock(&account.subscription) = Some(url);
        self.route();
        Ok(success())
    }

    /// `DELETE /{waba}/subscribed_apps`: the override goes too.
    pub(crate) fn unsubscribe(&self, call: &Call) -> Result<Value, Refusal> {
        let answer = self.graph().unsubscribe(call)?;
        self.route();
        Ok(answer)
    }

    /// `POST /{phone_number_id}`: an override of the number's own, or with an empty one none.
    pub(crate) async fn edit_number(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let graph = self.graph();
        let number = graph.addressed(call, Scope::Management)?;
        let root = Field::root(body);
        let configuration = root.at("webhook_configuration");
        if configuration.is_given() {
            let account = graph
                .account(&number.line.waba_id)
                .ok_or_else(|| Refusal::no_object(&number.line.waba_id))?;
            let url = self.verified(configuration, &account).await?;
            lock(&number.card).callback = url;
            self.route();
        }
        Ok(success())
    }

    /// The override that is asked for, once its receiver has answered the handshake; None if it is empty or left out.
    async fn verified(&self, asked: Field<'_>, account: &Account) -> Result<Option<String>, Refusal> {
        let as_parameter = |refusal: Refusal| refusal.with_code(100);
        let url = asked.at("override_callback_uri");
        let Some(url) = url.optional_text(LONGEST_URL).map_err(as_parameter)? else {
            return Ok(None);
        };
        if url.is_empty() {
            return Ok(None);
        }
        if lock(&account.subscription).is_none() {
            let words = "Subscribe the app to the account before you override its callback.";
            return Err(Refusal::new(100, words));
        }
        let token = asked.at("verify_token");
        let token = token.text(usize::MAX).map_err(as_parameter)?;
        let answered = self.handshake_with(url, token).await;
        match answered.is_ok_and(|it| it.status.is_success() && it.echoed) {
            true => Ok(Some(url.to_owned())),
            false => Err(Refusal::new(NOT_VERIFIED, "The callback did not answer the handshake.")),
        }
    }

    /// Lets webhooks go where the overrides of now say.
    fn route(&self) {
        let routes = self.graph().set_routes();
        lock(&self.inner.traffic).set_routes(routes);
    }
}
