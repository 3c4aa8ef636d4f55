//! Downloads: the address, while it is good, and the same token.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::file::seal;
use crate::graph::Graph;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::tokens::Scope;

impl Graph {
    /// `GET /whatsapp_business/attachments/`: 404 for an address that has expired or never was.
    pub(crate) fn download(&self, call: &Call) -> Result<Response, Refusal> {
        self.allow(call, Scope::Messaging, None)?;
        let found = || {
            let id = call.query("mid")?;
            let until: i64 = call.query("ext")?.parse().ok()?;
            let good = call.query("hash") == Some(&seal(id, until)) && self.time.seconds() < until;
            self.file(id).filter(|_| good)
        };
        let Some(file) = found() else {
            return Ok(StatusCode::NOT_FOUND.into_response());
        };
        let mime_type = HeaderValue::from_str(file.content.mime_type())
            .unwrap_or(HeaderValue::from_static("application/octet-stream"));
        let name = HeaderValue::from_static("attachment");
        let headers = [(header::CONTENT_TYPE, mime_type), (header::CONTENT_DISPOSITION, name)];
        Ok((headers, file.content.bytes()).into_response())
    }
}
