//! Executes requests and reads answers: bounded in length, lenient about their shape.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::{Error, GraphClient, GraphError, error::cause, errors};
use crate::error_data;
use mainstay_core::Secret;

/// Maximum length of an answer, in bytes; the longest that Meta makes is a page of a hundred templates.
const MAX_BODY_BYTES: usize = 8 << 20;
/// Maximum length of a stored error text, in characters.
const MAX_TEXT_CHARS: usize = 1_000;

/// An error answered by Meta, and whether Meta calls it transient.
pub(super) struct ErrorResponse {
    pub error: GraphError,
    pub transient: bool,
}

impl GraphClient {
    /// Executes a request whose answer is a JSON object.
    pub(super) async fn request_json(
        &self,
        what: &'static str,
        request: RequestBuilder,
        token: &Secret,
    ) -> Result<Value, Error> {
        self.request_partial(what, request, token, None).await
    }

    /// Executes a request that may succeed in part: an error with `member` beside it counts as an answer.
    pub(super) async fn request_partial(
        &self,
        what: &'static str,
        request: RequestBuilder,
        token: &Secret,
        member: Option<&str>,
    ) -> Result<Value, Error> {
        let began = Instant::now();
        let answered = self.execute(request, token, member).await;
        record_duration(what, began, if answered.is_ok() { "done" } else { "failed" });
        match &answered {
            // The file could not be read: nothing is learned of Meta.
            Err(Error::Source(_)) => {}
            Err(Error::NoAnswer(why) | Error::Unreadable { why, .. }) => self.record_reachability(began, Err(why)),
            Ok(_) | Err(_) => self.record_reachability(began, Ok(())),
        }
        answered
    }

    async fn execute(&self, request: RequestBuilder, token: &Secret, member: Option<&str>) -> Result<Value, Error> {
        let response = request
            .send()
            .await
            .map_err(|error| Error::transport(&error, self.timeout))?;
        let status = response.status();
        let body = read_body(response, self.timeout).await.map_err(Error::NoAnswer)?;
        let object = || serde_json::from_slice(&body).ok().filter(Value::is_object);
        if let Some(refusal) = parse_error(status, &body, token) {
            let partly = object().filter(|answer| member.is_some_and(|member| answer[member].is_object()));
            return partly.ok_or(Error::Refused(refusal.error));
        }
        let unreadable = |why: &str| Error::Unreadable {
            http_status: status.as_u16(),
            why: why.to_owned(),
        };
        if !status.is_success() {
            return Err(unreadable("not an error in Meta's format"));
        }
        object().ok_or_else(|| unreadable("not a JSON object"))
    }

    /// Executes a request that answers `{"success": true}`.
    pub(super) async fn request_success(
        &self,
        what: &'static str,
        request: RequestBuilder,
        token: &Secret,
    ) -> Result<(), Error> {
        let answer = self.request_json(what, request, token).await?;
        if answer["success"] == false {
            let why = "Meta reported failure without a reason".to_owned();
            return Err(Error::Unreadable { http_status: 200, why });
        }
        Ok(())
    }
}

pub(super) fn record_duration(call: &'static str, began: Instant, outcome: &'static str) {
    let labels = [("call", call), ("outcome", outcome)];
    metrics::histogram!("mainstay_graph_request_seconds", &labels).record(began.elapsed().as_secs_f64());
}

/// Reads the whole body, up to [`MAX_BODY_BYTES`].
pub(super) async fn read_body(mut response: Response, timeout: Duration) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error, timeout))? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(format!("the answer is longer than {MAX_BODY_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Parses `{"error": {"message", "code", …}}`, whatever the status.
pub(super) fn parse_error(status: StatusCode, body: &[u8], token: &Secret) -> Option<ErrorResponse> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let error = answer.get("error").filter(|error| error.is_object())?;
    let text = |value: &Value| text(value).map(|text| redact(&text, token));
    let message = text(&error["message"]).unwrap_or_default();
    let subcode = number(&error["error_subcode"]).filter(|code| *code != 0);
    let details = error_data::details(&error["error_data"]).map(|details| redact(&details, token));
    Some(ErrorResponse {
        error: GraphError {
            http_status: status.as_u16(),
            code: errors::effective_code(number(&error["code"])?, subcode),
            subcode,
            title: without_code(&message).to_owned(),
            details: details.or_else(|| text(&error["error_user_msg"])),
            fbtrace_id: text(&error["fbtrace_id"]),
        },
        transient: error["is_transient"] == true,
    })
}

/// Strips the leading code: `(#131047) Re-engagement message` → `Re-engagement message`.
fn without_code(message: &str) -> &str {
    let rest = message.strip_prefix("(#").and_then(|rest| rest.split_once(") "));
    rest.filter(|(code, _)| code.bytes().all(|b| b.is_ascii_digit()))
        .map_or(message, |(_, title)| title)
}

/// Removes the access token and NULs, and truncates. Meta repeats a malformed token in its error message, and error texts are shown to
/// users.
pub(super) fn redact(text: &str, token: &Secret) -> String {
    let shown = match token.expose() {
        "" => text.to_owned(),
        secret => text.replace(secret, "[token]"),
    };
    let shown = shown.replace('\0', "");
    shown.chars().take(MAX_TEXT_CHARS).collect()
}

/// Returns a non-empty string, trimmed, or a number as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns an enum value such as a status in upper case; Meta writes them in either case.
pub(super) fn keyword(value: &Value) -> Option<String> {
    text(value).map(|text| text.to_uppercase())
}

/// Returns a whole number, given as number or as text: Meta's documentation and answers differ in that.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns a member that the answer must have.
pub(super) fn required(answer: &Value, key: &str) -> Result<String, Error> {
    text(&answer[key]).ok_or_else(|| Error::Unreadable {
        http_status: 200,
        why: format!("missing {key:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<ErrorResponse> {
        parse_error(StatusCode::BAD_REQUEST, body.as_bytes(), &Secret::new("EAAG-secret"))
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
