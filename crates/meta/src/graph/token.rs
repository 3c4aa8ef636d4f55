use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Access, Error, GraphClient,
    response::{list, number, redact, text},
};

/// Scope needed to send messages.
const SEND_SCOPE: &str = "whatsapp_business_messaging";
/// Scopes an access token needs; the second is for numbers, media and templates.
const REQUIRED_SCOPES: [&str; 2] = [SEND_SCOPE, "whatsapp_business_management"];

/// Properties of an access token ("Debug-Token" in the Graph API's reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    pub valid: bool,
    /// The app that the token belongs to; to be compared with those subscribed to the WABA.
    pub app_id: Option<String>,
    /// `SYSTEM_USER` tokens can be permanent; `USER` tokens expire.
    pub kind: Option<String>,
    pub scopes: Vec<String>,
    /// `None` if it never expires.
    pub expires_at: Option<DateTime<Utc>>,
    pub data_access_expires_at: Option<DateTime<Utc>>,
    /// Why the token is invalid, in Meta's words.
    pub problem: Option<String>,
}

impl TokenInfo {
    /// Returns whether the token has the scope for sending.
    pub fn may_send(&self) -> bool {
        self.scopes.iter().any(|scope| scope == SEND_SCOPE)
    }

    /// Returns the required scopes that the token lacks.
    pub fn missing_scopes(&self) -> Vec<&'static str> {
        let has = |needed: &str| self.scopes.iter().any(|scope| scope == needed);
        REQUIRED_SCOPES.into_iter().filter(|needed| !has(needed)).collect()
    }
}

impl GraphClient {
    /// Inspects the access token by which the request itself is authorised.
    pub async fn token(&self, access: Access<'_>) -> Result<TokenInfo, Error> {
        let request = self
            .get(access, &["debug_token"])
            .query(&[("input_token", access.token.expose())]);
        let answer = self.request_json("debug_token", request, access.token).await?;
        let data = &answer["data"];
        if !data.is_object() {
            let why = "missing \"data\"".to_owned();
            return Err(Error::Unreadable { http_status: 200, why });
        }
        Ok(TokenInfo {
            valid: data["is_valid"] == true,
            app_id: text(&data["app_id"]),
            kind: text(&data["type"]),
            scopes: list(&data["scopes"]).iter().filter_map(text).collect(),
            expires_at: unix_time(&data["expires_at"]),
            data_access_expires_at: unix_time(&data["data_access_expires_at"]),
            problem: text(&data["error"]["message"]).map(|message| redact(&message, access.token)),
        })
    }
}

/// Parses Unix seconds; 0 means never.
fn unix_time(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(number(value).filter(|seconds| *seconds > 0)?, 0)
}
