//! Sends a message in a single request and classifies what the answer proves.

use std::time::Instant;

use reqwest::{StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use super::{
    Access, GraphClient, GraphError,
    error::cause,
    errors::Class,
    response::{ErrorResponse, parse_error, read_body, record_duration, text},
};
use mainstay_core::Secret;

/// Outcome of a send, as far as it can be proven. Meta has no idempotency key, so a request that Meta may have accepted must not be
/// repeated without evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// Meta has accepted the message. Statuses report its delivery.
    Accepted(Accepted),
    /// Meta answered an error which proves that it did not accept the message.
    Rejected(GraphError),
    /// Undecided: timeout, connection lost after the request went out, a server error, or an unreadable answer.
    Unknown { why: String, error: Option<GraphError> },
    /// Nothing went out: no connection was made.
    Unreachable { why: String },
    /// Nothing went out: the request was not made.
    NotSent { why: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub wamid: String,
    /// The recipient's number as WhatsApp knows it; may differ from the one dialled (Brazil, Mexico, Argentina).
    pub wa_id: Option<String>,
    /// The business-scoped user id, if the message was addressed to one.
    pub user_id: Option<String>,
    /// `accepted`, `held_for_quality_assessment` or `paused`; on some template messages only.
    pub message_status: Option<String>,
}

impl SendOutcome {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Rejected(_) => "rejected",
            Self::Unknown { .. } => "unknown",
            Self::Unreachable { .. } => "unreachable",
            Self::NotSent { .. } => "not_sent",
        }
    }

    fn unknown(why: impl Into<String>) -> Self {
        let why = why.into();
        Self::Unknown { why, error: None }
    }
}

/// The request of one message.
pub struct PreparedSend {
    request: reqwest::Request,
    endpoint: &'static str,
    token: Secret,
}

impl GraphClient {
    /// Builds the request of one message to `/{phone_number_id}/messages`, or to the Marketing Messages API, which accepts marketing
    /// templates only. `body` is the exact JSON.
    ///
    /// # Errors
    /// Why the request cannot be built.
    pub fn prepare_send(&self, access: Access<'_>, marketing: bool, body: String) -> Result<PreparedSend, String> {
        let endpoint = if marketing { "marketing_messages" } else { "messages" };
        let request = self.post(access, &[access.phone_number_id, endpoint]);
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        Ok(PreparedSend {
            request: request.build().map_err(|error| cause(&error, self.timeout))?,
            endpoint,
            token: access.token.clone(),
        })
    }

    /// Sends one message; never retries.
    pub async fn send(&self, prepared: PreparedSend) -> SendOutcome {
        let PreparedSend {
            request,
            endpoint,
            token,
        } = prepared;
        let began = Instant::now();
        let outcome = match self.http.execute(request).await {
            Ok(response) => {
                let status = response.status();
                match read_body(response, self.timeout).await {
                    Ok(body) => classify(status, &body, &token),
                    Err(why) => {
                        SendOutcome::unknown(format!("HTTP {}, but the answer ended early: {why}", status.as_u16()))
                    }
                }
            }
            // Only a failure to connect proves that nothing went out. A connection that breaks, even at once, may have carried the request.
            Err(error) if error.is_connect() => SendOutcome::Unreachable {
                why: format!("no connection to Meta: {}", cause(&error, self.timeout)),
            },
            Err(error) => SendOutcome::unknown(cause(&error, self.timeout)),
        };
        record_duration(endpoint, began, outcome.outcome());
        match &outcome {
            SendOutcome::Unreachable { why } | SendOutcome::Unknown { why, error: None } => {
                self.record_reachability(began, Err(why));
            }
            _ => self.record_reachability(began, Ok(())),
        }
        outcome
    }
}

/// Classifies a complete answer. One that has both a wamid and an error proves neither.
fn classify(status: StatusCode, body: &[u8], token: &Secret) -> SendOutcome {
    let accepted = serde_json::from_slice(body).ok().and_then(|answer| accepted(&answer));
    match (accepted, parse_error(status, body, token)) {
        (Some(accepted), None) if status.is_success() => SendOutcome::Accepted(accepted),
        (None, Some(refusal)) if proves_rejection(status, &refusal) => SendOutcome::Rejected(refusal.error),
        (_, Some(refusal)) => SendOutcome::Unknown {
            why: format!("HTTP {}, {}", status.as_u16(), refusal.error),
            error: Some(refusal.error),
        },
        (_, None) => SendOutcome::unknown(format!("HTTP {} with an unreadable answer", status.as_u16())),
    }
}

fn accepted(answer: &Value) -> Option<Accepted> {
    let (message, contact) = (&answer["messages"][0], &answer["contacts"][0]);
    Some(Accepted {
        wamid: text(&message["id"])?,
        wa_id: text(&contact["wa_id"]),
        user_id: text(&contact["user_id"]),
        message_status: text(&message["message_status"]),
    })
}

/// Returns whether an error proves that the message was not accepted.
///
/// - A code of class [`Class::Ambiguous`] proves nothing: it may arise after acceptance.
/// - A known code proves rejection, unless it comes with a 5xx status but is documented for another: then a proxy between Meta and us may
///   have made it up.
/// - An unknown code proves rejection if the status is 4xx and Meta does not call the error transient.
fn proves_rejection(status: StatusCode, refusal: &ErrorResponse) -> bool {
    let entry = refusal.error.entry();
    if entry.class == Class::Ambiguous {
        return false;
    }
    if !entry.covers(refusal.error.code) {
        return status.is_client_error() && !refusal.transient;
    }
    !status.is_server_error() || entry.http.is_some_and(|documented| documented >= 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> SendOutcome {
        classify(
            StatusCode::from_u16(status).unwrap(),
            body.as_bytes(),
            &Secret::new("EAAG"),
        )
    }

    fn error(status: u16, code: i64) -> &'static str {
        judged(status, &format!(r#"{{"error":{{"message":"no","code":{code}}}}}"#)).outcome()
    }

    #[test]
    fn a_wamid_in_a_success_is_acceptance_and_nothing_else_is() {
        let sent = judged(
            200,
            r#"{"contacts":[{"input":"+1","wa_id":"1 "}],"messages":[{"id":"wamid.A","message_status":"accepted"}]}"#,
        );
        let accepted = Accepted {
            wamid: "wamid.A".into(),
            wa_id: Some("1".into()),
            user_id: None,
            message_status: Some("accepted".into()),
        };
        assert_eq!(sent, SendOutcome::Accepted(accepted));
        for body in [
            "",
            "{}",
            "null",
            "<html>",
            r#"{"messages":[]}"#,
            r#"{"messages":[{"id":""}]}"#,
            r#"{"messages":[{"id":"wamid"#,
        ] {
            assert_eq!(judged(200, body).outcome(), "unknown", "{body}");
        }
        assert_eq!(judged(500, r#"{"messages":[{"id":"wamid.A"}]}"#).outcome(), "unknown");
        assert_eq!(judged(302, r#"{"messages":[{"id":"wamid.A"}]}"#).outcome(), "unknown");
        let both = r#"{"messages":[{"id":"wamid.A"}],"error":{"message":"no","code":100}}"#;
        assert_eq!(
            (judged(200, both).outcome(), judged(400, both).outcome()),
            ("unknown", "unknown")
        );
    }

    #[test]
    fn an_error_proves_rejection_only_where_nothing_else_can_have_happened() {
        for (status, code) in [
            (400, 100),
            (401, 190),
            (429, 130429),
            (400, 131056),
            (500, 131057),
            (500, 131045),
            (404, 132001),
            (200, 100),
        ] {
            assert_eq!(error(status, code), "rejected", "{status} {code}");
        }
        for (status, code) in [
            (400, 1),
            (503, 2),
            (500, 131000),
            (400, 131000),
            (500, 131016),
            (500, 100),
            (502, 130429),
        ] {
            assert_eq!(error(status, code), "unknown", "{status} {code}");
        }
    }

    #[test]
    fn a_code_nobody_knows_proves_rejection_as_an_ordinary_refusal() {
        assert_eq!(error(400, 987_654), "rejected");
        assert_eq!(error(500, 987_654), "unknown");
        assert_eq!(error(200, 987_654), "unknown");
        let transient = r#"{"error":{"message":"later","code":987654,"is_transient":true}}"#;
        assert_eq!(judged(400, transient).outcome(), "unknown");
    }

    #[test]
    fn a_refusal_that_cannot_be_read_proves_nothing() {
        for status in [400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504] {
            assert_eq!(judged(status, "<html>no</html>").outcome(), "unknown", "{status}");
            assert_eq!(judged(status, "").outcome(), "unknown", "{status}");
        }
    }
}
