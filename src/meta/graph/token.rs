use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Access, Client, Error,
    answer::{list, number, presentable, text},
};

/// What a token must be allowed to send.
const SEND: &str = "whatsapp_business_messaging";
/// What a token must be allowed: the second for numbers, media and templates.
const NEEDED: [&str; 2] = [SEND, "whatsapp_business_management"];

/// What Meta says of an access token ("Debug-Token" in the Graph API's reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub valid: bool,
    /// The app the token was made for, to be compared with those subscribed to the WABA.
    pub app_id: Option<String>,
    /// `SYSTEM_USER` is meant to last; `USER` does not.
    pub kind: Option<String>,
    pub scopes: Vec<String>,
    /// `None` is never.
    pub expires_at: Option<DateTime<Utc>>,
    pub data_access_expires_at: Option<DateTime<Utc>>,
    /// Why it is not valid, in Meta's words.
    pub problem: Option<String>,
}

impl Token {
    /// Whether it was given what sending takes.
    pub fn may_send(&self) -> bool {
        self.scopes.iter().any(|scope| scope == SEND)
    }

    /// The scopes it would need and does not have.
    pub fn lacks(&self) -> Vec<&'static str> {
        let has = |needed: &str| self.scopes.iter().any(|scope| scope == needed);
        NEEDED.into_iter().filter(|needed| !has(needed)).collect()
    }
}

impl Client {
    /// Asks about the token that the question is asked with.
    pub async fn token(&self, access: Access<'_>) -> Result<Token, Error> {
        let request = self
            .get(access, &["debug_token"])
            .query(&[("input_token", access.token.expose())]);
        let answer = self.call("debug_token", request, access.token).await?;
        let data = &answer["data"];
        if !data.is_object() {
            let why = "it lacks \"data\"".to_owned();
            return Err(Error::Unreadable { http_status: 200, why });
        }
        Ok(Token {
            valid: data["is_valid"] == true,
            app_id: text(&data["app_id"]),
            kind: text(&data["type"]),
            scopes: list(&data["scopes"]).iter().filter_map(text).collect(),
            expires_at: moment(&data["expires_at"]),
            data_access_expires_at: moment(&data["data_access_expires_at"]),
            problem: text(&data["error"]["message"]).map(|message| presentable(&message, access.token)),
        })
    }
}

/// Unix seconds; 0 is never.
fn moment(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(number(value).filter(|seconds| *seconds > 0)?, 0)
}
