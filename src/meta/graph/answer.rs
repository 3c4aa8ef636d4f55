//! Reading answers: bounded, and without trust in their shape.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::{Client, Error, GraphError, error::cause, errors};
use crate::{config::Secret, meta::error_data};

/// The longest answer that is read, in bytes; a page of a hundred templates is the longest that Meta makes.
const LONGEST: usize = 8 << 20;
/// The longest text of an error that is kept, in characters.
const LONGEST_TEXT: usize = 1_000;

/// An error as Meta answers it, and whether Meta says that it will pass.
pub(super) struct Refusal {
    pub error: GraphError,
    pub transient: bool,
}

impl Client {
    /// Makes a call whose answer is a JSON object.
    pub(super) async fn call(
        &self,
        what: &'static str,
        request: RequestBuilder,
        token: &Secret,
    ) -> Result<Value, Error> {
        self.call_in_part(what, request, token, None).await
    }

    /// The same for a call that may be carried out in part: an error with this member beside it is an answer.
    pub(super) async fn call_in_part(
        &self,
        what: &'static str,
        request: RequestBuilder,
        token: &Secret,
        member: Option<&str>,
    ) -> Result<Value, Error> {
        let began = Instant::now();
        let answered = self.object(request, token, member).await;
        measure(what, began, if answered.is_ok() { "done" } else { "failed" });
        answered
    }

    async fn object(&self, request: RequestBuilder, token: &Secret, member: Option<&str>) -> Result<Value, Error> {
        let response = request
            .send()
            .await
            .map_err(|error| Error::transport(&error, self.timeout))?;
        let status = response.status();
        let body = read(response, self.timeout).await.map_err(Error::NoAnswer)?;
        let object = || serde_json::from_slice(&body).ok().filter(Value::is_object);
        if let Some(refusal) = refusal(status, &body, token) {
            let partly = object().filter(|answer| member.is_some_and(|member| answer[member].is_object()));
            return partly.ok_or(Error::Refused(refusal.error));
        }
        let unreadable = |why: &str| Error::Unreadable {
            http_status: status.as_u16(),
            why: why.to_owned(),
        };
        if !status.is_success() {
            return Err(unreadable("no error as Meta makes them"));
        }
        object().ok_or_else(|| unreadable("not a JSON object"))
    }

    /// The same for a call that answers `{"success": true}` and nothing else.
    pub(super) async fn order(&self, what: &'static str, request: RequestBuilder, token: &Secret) -> Result<(), Error> {
        let answer = self.call(what, request, token).await?;
        if answer["success"] == false {
            let why = "Meta says that it did not succeed, and not why".to_owned();
            return Err(Error::Unreadable { http_status: 200, why });
        }
        Ok(())
    }
}

pub(super) fn measure(call: &'static str, began: Instant, outcome: &'static str) {
    let labels = [("call", call), ("outcome", outcome)];
    metrics::histogram!("mainstay_graph_request_seconds", &labels).record(began.elapsed().as_secs_f64());
}

/// The whole body, or why there is none.
pub(super) async fn read(mut response: Response, timeout: Duration) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error, timeout))? {
        if body.len() + chunk.len() > LONGEST {
            return Err(format!("the answer is longer than {LONGEST} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `{"error": {"message", "code", …}}`, whatever the status.
pub(super) fn refusal(status: StatusCode, body: &[u8], token: &Secret) -> Option<Refusal> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let error = answer.get("error").filter(|error| error.is_object())?;
    let text = |value: &Value| text(value).map(|text| presentable(&text, token));
    let message = text(&error["message"]).unwrap_or_default();
    let subcode = number(&error["error_subcode"]).filter(|code| *code != 0);
    let details = error_data::details(&error["error_data"]).map(|details| presentable(&details, token));
    Some(Refusal {
        error: GraphError {
            http_status: status.as_u16(),
            code: errors::decisive(number(&error["code"])?, subcode),
            subcode,
            title: without_code(&message).to_owned(),
            details: details.or_else(|| text(&error["error_user_msg"])),
            fbtrace_id: text(&error["fbtrace_id"]),
        },
        transient: error["is_transient"] == true,
    })
}

/// `(#131047) Re-engagement message` → `Re-engagement message`.
fn without_code(message: &str) -> &str {
    let rest = message.strip_prefix("(#").and_then(|rest| rest.split_once(") "));
    rest.filter(|(code, _)| code.bytes().all(|b| b.is_ascii_digit()))
        .map_or(message, |(_, title)| title)
}

/// Meta repeats a token it cannot parse in the message about it; what we keep is shown to people.
pub(super) fn presentable(text: &str, token: &Secret) -> String {
    let shown = match token.expose() {
        "" => text.to_owned(),
        secret => text.replace(secret, "[token]"),
    };
    let shown = shown.replace('\0', "");
    shown.chars().take(LONGEST_TEXT).collect()
}

/// Text that is there: not empty, numbers too.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A word of a closed list, such as a status: Meta writes them in either case, here they are in capitals.
pub(super) fn word(value: &Value) -> Option<String> {
    text(value).map(|text| text.to_uppercase())
}

/// A whole number, also as text: Meta's documentation and Meta's answers differ in that.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text without which the answer is worth nothing.
pub(super) fn essential(answer: &Value, key: &str) -> Result<String, Error> {
    text(&answer[key]).ok_or_else(|| Error::Unreadable {
        http_status: 200,
        why: format!("it lacks {key:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<Refusal> {
        refusal(StatusCode::BAD_REQUEST, body.as_bytes(), &Secret::new("EAAG-secret"))
    }

    #[test]
    fn an_error_is_read_whatever_it_leaves_out() {
        let full = r##"{"error":{"message":"(#130429) Rate limit hit","type":"OAuthException","code":130429,"error_subcode":2494055,
            "error_data":{"messaging_product":"whatsapp","details":"Throughput has been reached."},"fbtrace_id":"Az8"}}"##;
        let error = read(full).unwrap().error;
        assert_eq!(
            (error.code, error.subcode, error.title.as_str()),
            (130429, Some(2494055), "Rate limit hit")
        );
        assert_eq!(error.details.as_deref(), Some("Throughput has been reached."));
        assert_eq!(
            error.to_string(),
            "130429: Rate limit hit: Throughput has been reached."
        );
        let bare = read(r#"{"error":{"code":"0"}}"#).unwrap();
        assert_eq!(
            (bare.error.code, bare.error.title.as_str(), bare.transient),
            (0, "", false)
        );
        assert_eq!(bare.error.to_string(), "0: ");
    }

    #[test]
    fn a_message_for_the_user_stands_in_for_details() {
        let body = r#"{"error":{"message":"Invalid parameter","code":100,"error_user_msg":"Choose another name.","is_transient":true}}"#;
        let refusal = read(body).unwrap();
        assert_eq!(refusal.error.details.as_deref(), Some("Choose another name."));
        assert!(refusal.transient);
    }

    #[test]
    fn the_subcode_decides_where_the_code_says_only_that_something_is_wrong() {
        let read = |code: i64, subcode: i64| {
            let body = format!(r#"{{"error":{{"message":"(#{code}) no","code":{code},"error_subcode":{subcode}}}}}"#);
            let error = read(&body).unwrap().error;
            (error.code, error.subcode, error.trips_channel())
        };
        assert_eq!(read(100, 33), (33, Some(33), true));
        assert_eq!(read(100, 133_010), (133_010, Some(133_010), true));
        assert_eq!(read(100, 2_494_055), (2_494_055, Some(2_494_055), true));
        assert_eq!(read(100, 2_388_299), (2_388_299, Some(2_388_299), false));
        assert_eq!(read(100, 987_654), (100, Some(987_654), false));
        assert_eq!(read(987_654, 33), (33, Some(33), true));
        assert_eq!(read(130_429, 2_494_055), (130_429, Some(2_494_055), false));
        assert_eq!(read(190, 463), (190, Some(463), true));
    }

    #[test]
    fn words_reach_the_reader_whether_error_data_is_an_object_or_a_text() {
        for data in [r#"{"details":"Wait for EAAG-secret."}"#, r#""Wait for EAAG-secret.""#] {
            let body = format!(r#"{{"error":{{"message":"no","code":100,"error_data":{data}}}}}"#);
            let details = read(&body).unwrap().error.details;
            assert_eq!(details.as_deref(), Some("Wait for [token]."), "{data}");
        }
    }

    #[test]
    fn what_is_no_error_of_metas_is_none() {
        for body in [
            "",
            "{",
            "[]",
            r#"{"error":"no"}"#,
            r#"{"error":{"message":"no code"}}"#,
            r#"{"errors":[{"code":1}]}"#,
        ] {
            assert!(read(body).is_none(), "{body}");
        }
    }

    #[test]
    fn the_token_is_never_kept() {
        let error = read(r#"{"error":{"message":"Malformed access token EAAG-secret","code":190}}"#)
            .unwrap()
            .error;
        assert_eq!(error.title, "Malformed access token [token]");
    }
}
