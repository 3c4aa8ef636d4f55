//! Why a call was refused, and how Meta says so.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::answer;
use crate::codes::Code;

/// A call that was not carried out.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub code: i64,
    subcode: Option<i64>,
    /// In place of the table's.
    http: Option<u16>,
    /// In place of `(#code) Title`.
    message: Option<String>,
    /// `error_data.details`; None leaves `error_data` out, as with tokens.
    details: Option<String>,
    /// `error_data` is the details alone.
    data_as_text: bool,
    /// Members that stand beside `error`.
    beside: Option<Box<Map<String, Value>>>,
}

impl Refusal {
    pub fn new(code: i64, details: impl Into<String>) -> Self {
        Self {
            code,
            subcode: None,
            http: None,
            message: None,
            details: Some(details.into()),
            data_as_text: false,
            beside: None,
        }
    }

    /// The table's own words for a code.
    pub fn of(code: i64) -> Self {
        Self::new(code, Code::of(code).details)
    }

    /// There is nothing of that id, or the token may not see it: code 100, subcode 33.
    pub fn no_object(id: &str) -> Self {
        Self {
            subcode: Some(33),
            message: Some(format!(
                "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
                 permissions, or does not support this operation"
            )),
            details: None,
            ..Self::new(100, "")
        }
    }

    /// A token that opens nothing. Such errors have no `error_data`.
    pub fn token(message: &str, subcode: Option<i64>) -> Self {
        Self {
            subcode,
            message: Some(message.to_owned()),
            details: None,
            ..Self::new(190, "")
        }
    }

    /// The same under another code: what is a value elsewhere is a parameter in management calls.
    pub fn with_code(self, code: i64) -> Self {
        Self { code, ..self }
    }

    pub fn with_subcode(self, subcode: i64) -> Self {
        Self {
            subcode: Some(subcode),
            ..self
        }
    }

    pub fn with_data_as_text(self, data_as_text: bool) -> Self {
        Self { data_as_text, ..self }
    }

    pub fn with_http(self, http: Option<u16>) -> Self {
        Self { http, ..self }
    }

    pub fn beside(self, members: Map<String, Value>) -> Self {
        Self {
            beside: Some(Box::new(members)),
            ..self
        }
    }

    pub fn answer(self, trace: &str) -> Response {
        let known = Code::of(self.code);
        let mut error = json!({
            "message": self.message.unwrap_or_else(|| format!("(#{}) {}", self.code, known.title)),
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": trace,
        });
        if let Some(details) = self.details {
            error["error_data"] = match self.data_as_text {
                true => json!(details),
                false => json!({"messaging_product": "whatsapp", "details": details}),
            };
        }
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if matches!(self.code, 2 | 4 | 80007 | 131016) {
            error["is_transient"] = json!(true);
        }
        let mut body = self.beside.map(|beside| *beside).unwrap_or_default();
        body.insert("error".to_owned(), error);
        let status = StatusCode::from_u16(self.http.unwrap_or(known.http)).unwrap_or(StatusCode::BAD_REQUEST);
        answer::json(status, &Value::Object(body))
    }
}
