//! Sending: one call, and what can be proven about it afterwards.

use std::time::Instant;

use reqwest::{StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use super::{
    Access, Client, GraphError,
    answer::{Refusal, measure, read, refusal, text},
    error::cause,
    errors::Class,
};
use crate::config::Secret;

/// How a send ended, as far as it can be proven. Meta knows no idempotency key, so a request that may have been taken must
/// not be made again before there is evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Meta has taken the message. Whether it is delivered, the statuses will tell.
    Accepted(Accepted),
    /// Meta answered an error which says that it did not take the message.
    Rejected(GraphError),
    /// It may have been taken or not: no answer in time, the connection lost after the request went out, a fault of Meta's
    /// server, an answer that cannot be read.
    Unknown { why: String, error: Option<GraphError> },
    /// Nothing went out: the request could not be made, or no connection was.
    NotSent { why: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub wamid: String,
    /// The number as WhatsApp knows it, which may differ from the one dialled (Brazil, Mexico, Argentina).
    pub wa_id: Option<String>,
    /// The business-scoped id, when the message was addressed to one.
    pub user_id: Option<String>,
    /// `accepted`, `held_for_quality_assessment` or `paused`; on templates, and not on all of them.
    pub message_status: Option<String>,
}

impl Sent {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Rejected(_) => "rejected",
            Self::Unknown { .. } => "unknown",
            Self::NotSent { .. } => "not_sent",
        }
    }

    fn unknown(why: impl Into<String>) -> Self {
        let why = why.into();
        Self::Unknown { why, error: None }
    }
}

impl Client {
    /// One call to `/{phone_number_id}/messages`, never repeated here. `body` is the exact JSON.
    pub async fn send(&self, access: Access<'_>, body: &str) -> Sent {
        let began = Instant::now();
        let sent = self.send_to("messages", access, body).await;
        measure("messages", began, sent.outcome());
        sent
    }

    /// The same through the Marketing Messages API, which takes marketing templates only.
    pub async fn send_marketing(&self, access: Access<'_>, body: &str) -> Sent {
        let began = Instant::now();
        let sent = self.send_to("marketing_messages", access, body).await;
        measure("marketing_messages", began, sent.outcome());
        sent
    }

    async fn send_to(&self, door: &str, access: Access<'_>, body: &str) -> Sent {
        let request = self.post(access, &[access.phone_number_id, door]);
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_owned());
        let request = match request.build() {
            Ok(request) => request,
            Err(error) => {
                let why = format!("the request cannot be made: {}", cause(&error, self.timeout));
                return Sent::NotSent { why };
            }
        };
        match self.http.execute(request).await {
            Ok(response) => {
                let status = response.status();
                match read(response, self.timeout).await {
                    Ok(body) => judge(status, &body, access.token),
                    Err(why) => Sent::unknown(format!("HTTP {}, but the answer broke off: {why}", status.as_u16())),
                }
            }
            // Only while there is no connection is it certain that nothing went out. A connection that breaks may have
            // carried the request, even one that breaks at once.
            Err(error) if error.is_connect() => Sent::NotSent {
                why: format!("no connection to Meta: {}", cause(&error, self.timeout)),
            },
            Err(error) => Sent::unknown(cause(&error, self.timeout)),
        }
    }
}

/// What a complete answer proves. One that has both a wamid and an error proves neither.
fn judge(status: StatusCode, body: &[u8], token: &Secret) -> Sent {
    let accepted = serde_json::from_slice(body).ok().and_then(|answer| accepted(&answer));
    match (accepted, refusal(status, body, token)) {
        (Some(accepted), None) if status.is_success() => Sent::Accepted(accepted),
        (None, Some(refusal)) if proves_rejection(status, &refusal) => Sent::Rejected(refusal.error),
        (_, Some(refusal)) => Sent::Unknown {
            why: format!("HTTP {}, {}", status.as_u16(), refusal.error),
            error: Some(refusal.error),
        },
        (_, None) => Sent::unknown(format!("HTTP {} with an answer that cannot be read", status.as_u16())),
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

/// Whether an error says that the message was not taken.
///
/// - Codes of a fault that may have come after the message was taken say nothing.
/// - A code we know says it, unless a server's fault (5xx) carries a code that is documented for other statuses: then
///   something between Meta and us may have made it up.
/// - A code we do not know says it as an ordinary refusal (4xx) that Meta does not call transient.
fn proves_rejection(status: StatusCode, refusal: &Refusal) -> bool {
    let entry = refusal.error.entry();
    if entry.class == Class::Ambiguous {
        return false;
    }
    if !entry.knows(refusal.error.code) {
        return status.is_client_error() && !refusal.transient;
    }
    !status.is_server_error() || entry.http.is_some_and(|documented| documented >= 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> Sent {
        judge(
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
        assert_eq!(sent, Sent::Accepted(accepted));
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
