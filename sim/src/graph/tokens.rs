//! Access tokens, what they open, and `debug_token`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Graph;
use super::refusal::Refusal;
use super::request::Call;
use super::time::{Moment, SECOND};
use crate::simulator::lock;

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Sending, media.
    #[serde(rename = "whatsapp_business_messaging")]
    Messaging,
    /// Accounts, numbers, templates.
    #[serde(rename = "whatsapp_business_management")]
    Management,
}

/// An access token, as `POST /_sim/tokens` sets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSeed {
    pub token: String,
    #[serde(default = "both")]
    pub scopes: Vec<Scope>,
    /// Seconds from now; None for never, 0 or less for already.
    #[serde(default)]
    pub expires_in: Option<i64>,
    /// Taken back by whoever gave it.
    #[serde(default)]
    pub revoked: bool,
    /// The accounts it opens; None for all.
    #[serde(default)]
    pub wabas: Option<Vec<String>>,
}

impl TokenSeed {
    /// Opens everything, for good.
    pub fn full(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            scopes: both(),
            expires_in: None,
            revoked: false,
            wabas: None,
        }
    }
}

fn both() -> Vec<Scope> {
    vec![Scope::Messaging, Scope::Management]
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    seed: TokenSeed,
    issued: Moment,
    expires: Option<Moment>,
}

#[derive(Debug, Default)]
pub(crate) struct Tokens(BTreeMap<String, Token>);

impl Tokens {
    pub fn set(&mut self, seed: TokenSeed, now: Moment) {
        let token = Token {
            issued: now,
            expires: seed.expires_in.map(|seconds| now + seconds * SECOND),
            seed,
        };
        self.0.insert(token.seed.token.clone(), token);
    }

    fn valid(&self, token: &str, now: Moment) -> Result<&Token, Refusal> {
        let Some(token) = self.0.get(token) else {
            return Err(Refusal::token(
                "Invalid OAuth access token - Cannot parse access token",
                None,
            ));
        };
        if token.seed.revoked {
            let words = "Error validating access token: The session was invalidated";
            return Err(Refusal::token(words, Some(460)));
        }
        if token.expires.is_some_and(|expires| expires <= now) {
            return Err(Refusal::token(
                "Error validating access token: Session has expired",
                Some(463),
            ));
        }
        Ok(token)
    }
}

impl Graph {
    /// Makes or changes a token.
    pub fn set_token(&self, token: TokenSeed) {
        lock(&self.tokens).set(token, self.time.now());
    }

    /// Lets a token expire now.
    pub fn expire_token(&self, token: &str) {
        let now = self.time.now();
        if let Some(token) = lock(&self.tokens).0.get_mut(token) {
            token.expires = Some(now);
        }
    }

    /// Lets a call pass that may do what it asks, with an account of that id if it concerns one.
    pub(crate) fn allow(&self, call: &Call, scope: Scope, waba: Option<&str>) -> Result<(), Refusal> {
        if !self.enforcement().tokens {
            return Ok(());
        }
        let given = call
            .token
            .as_deref()
            .ok_or_else(|| Refusal::token("An access token is required to request this resource.", None))?;
        let tokens = lock(&self.tokens);
        let token = tokens.valid(given, self.time.now())?;
        if !token.seed.scopes.contains(&scope) {
            return Err(match scope {
                Scope::Messaging => Refusal::of(131005),
                Scope::Management => Refusal::of(200),
            });
        }
        let opens = |waba: &str| {
            token
                .seed
                .wabas
                .as_ref()
                .is_none_or(|all| all.iter().any(|it| it == waba))
        };
        match waba {
            Some(waba) if !opens(waba) => Err(Refusal::no_object(call.object())),
            _ => Ok(()),
        }
    }

    /// `GET /debug_token?input_token=`: with the token itself, another valid one, or `app id|app secret`.
    pub(crate) fn debug_token(&self, call: &Call, app_secret: &str) -> Result<Value, Refusal> {
        let app_token = format!("{}|{app_secret}", self.config.app_id);
        if call.token.as_deref() != Some(&app_token) {
            self.allow(call, Scope::Management, None)
                .or_else(|_| self.allow(call, Scope::Messaging, None))?;
        }
        let asked = call
            .query("input_token")
            .ok_or_else(|| Refusal::new(100, "The parameter input_token is required."))?;
        let tokens = lock(&self.tokens);
        let outcome = tokens.valid(asked, self.time.now());
        let Some(token) = tokens.0.get(asked) else {
            let error = json!({"code": 190, "message": "Invalid OAuth access token."});
            return Ok(json!({"data": {"error": error, "is_valid": false, "scopes": []}}));
        };
        let wabas = token.seed.wabas.clone().unwrap_or_else(|| self.waba_ids());
        let granular = token
            .seed
            .scopes
            .iter()
            .map(|scope| json!({"scope": scope, "target_ids": wabas}));
        let mut data = json!({
            "app_id": self.config.app_id,
            "type": "SYSTEM_USER",
            "application": "Simulated app",
            "data_access_expires_at": 0,
            "expires_at": token.expires.map_or(0, |expires| expires / SECOND),
            "is_valid": outcome.is_ok(),
            "issued_at": token.issued / SECOND,
            "scopes": token.seed.scopes,
            "granular_scopes": granular.collect::<Vec<_>>(),
            "user_id": "122100000000000001",
        });
        if outcome.is_err() {
            data["error"] = json!({"code": 190, "message": "The session is no longer valid.", "subcode": 463});
        }
        Ok(json!({"data": data}))
    }
}
