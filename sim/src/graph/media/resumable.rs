//! Uploads in two steps, for the samples that templates need: a session, then the bytes, then a handle.

use axum::body::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::graph::Graph;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::tokens::Scope;
use crate::simulator::lock;

impl Graph {
    /// `POST /{app_id}/uploads?file_name&file_length&file_type`.
    pub(crate) fn open_upload(&self, call: &Call) -> Result<Value, Refusal> {
        self.allow(call, Scope::Management, None)?;
        if call.object() != self.config.app_id && call.object() != "app" {
            return Err(Refusal::no_object(call.object()));
        }
        for name in ["file_length", "file_type"] {
            if call.query(name).is_none() {
                return Err(Refusal::new(100, format!("The parameter {name} is required.")));
            }
        }
        let id = format!("upload:{}", self.names.number());
        lock(&self.media).sessions.insert(id.clone(), Vec::new());
        Ok(json!({"id": id}))
    }

    /// `POST /upload:…` with `file_offset` and bytes; the handle names what has come so far.
    pub(crate) fn continue_upload(&self, call: &Call, bytes: &Bytes) -> Result<Value, Refusal> {
        self.allow(call, Scope::Management, None)?;
        let offset = call.headers.get("file_offset").and_then(|value| value.to_str().ok());
        let offset: usize = offset.and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut media = lock(&self.media);
        let session = media
            .sessions
            .get_mut(call.object())
            .ok_or_else(|| Refusal::no_object(call.object()))?;
        if offset > session.len() {
            return Err(Refusal::new(
                100,
                "file_offset lies behind the end of what has been sent.",
            ));
        }
        session.truncate(offset);
        session.extend_from_slice(bytes);
        Ok(json!({"h": format!("4::{}", hex::encode(&Sha256::digest(&*session)[..20]))}))
    }
}
