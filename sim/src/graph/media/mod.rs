//! Files: uploaded by the business or sent by customers, and handed out by addresses that soon expire.

mod download;
mod formats;
mod resumable;
mod upload;

use std::collections::HashMap;

use axum::body::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Graph;
use super::answer::success;
use super::refusal::Refusal;
use super::request::Call;
use super::time::{DAY, Moment, SECOND};
use super::tokens::Scope;
use super::validation::MediaUse;
use crate::InboundFile;
use crate::file::{ADDRESS_SECONDS, address};
use crate::simulator::lock;

/// How long uploaded files are kept, and those that webhooks name.
const UPLOADED: Moment = 30 * DAY;
const INBOUND: Moment = 7 * DAY;

#[derive(Debug, Default)]
pub(crate) struct Media {
    files: HashMap<String, File>,
    /// Uploads in parts, and the bytes so far.
    sessions: HashMap<String, Vec<u8>>,
}

#[derive(Clone, Debug)]
struct File {
    content: Content,
    expires: Moment,
}

#[derive(Clone, Debug)]
enum Content {
    Uploaded {
        mime_type: String,
        bytes: Bytes,
    },
    /// Made when somebody asks for it.
    Inbound(InboundFile),
}

impl Content {
    fn mime_type(&self) -> &str {
        match self {
            Self::Uploaded { mime_type, .. } => mime_type,
            Self::Inbound(file) => &file.mime_type,
        }
    }

    fn bytes(&self) -> Bytes {
        match self {
            Self::Uploaded { bytes, .. } => bytes.clone(),
            Self::Inbound(file) => file.contents(),
        }
    }
}

impl Graph {
    /// Keeps the files a webhook names, for seven days.
    pub(crate) fn keep_files(&self, named: &[InboundFile]) {
        let expires = self.time.now() + INBOUND;
        let mut media = lock(&self.media);
        for file in named {
            let content = Content::Inbound(file.clone());
            media.files.insert(file.id.clone(), File { content, expires });
        }
    }

    pub(crate) fn has_file(&self, id: &str) -> bool {
        lock(&self.media).files.contains_key(id)
    }

    fn file(&self, id: &str) -> Option<File> {
        let now = self.time.now();
        lock(&self.media)
            .files
            .get(id)
            .filter(|file| now < file.expires)
            .cloned()
    }

    /// Whether a file suits the message that names it; one that does not exist is refused.
    pub(super) fn check_media(&self, used: &MediaUse) -> Result<bool, Refusal> {
        match self.file(&used.id) {
            Some(file) => Ok(formats::suits(file.content.mime_type(), used.kind)),
            None => Err(Refusal::new(
                131009,
                format!(
                    "Parameter value is not valid: {} is not the id of a media file",
                    used.id
                ),
            )),
        }
    }

    /// `GET /{media_id}`: an address that is good for five minutes.
    pub(crate) fn show_file(&self, call: &Call) -> Result<Value, Refusal> {
        let id = call.object();
        self.allow_file(call)?;
        let file = self.file(id).ok_or_else(|| Refusal::no_object(id))?;
        let bytes = file.content.bytes();
        let until = self.time.now() / SECOND + ADDRESS_SECONDS;
        Ok(json!({
            "messaging_product": "whatsapp",
            "url": address(&call.origin, id, until),
            "mime_type": file.content.mime_type(),
            "sha256": hex::encode(Sha256::digest(&bytes)),
            "file_size": bytes.len(),
            "id": id,
        }))
    }

    /// `DELETE /{media_id}`.
    pub(crate) fn delete_file(&self, call: &Call) -> Result<Value, Refusal> {
        self.allow_file(call)?;
        match lock(&self.media).files.remove(call.object()) {
            Some(_) => Ok(success()),
            None => Err(Refusal::no_object(call.object())),
        }
    }

    /// A `phone_number_id` that is named must be one of the caller's.
    fn allow_file(&self, call: &Call) -> Result<(), Refusal> {
        self.allow(call, Scope::Messaging, None)?;
        match call.query("phone_number_id") {
            Some(id) => self.number(id).map(|_| ()),
            None => Ok(()),
        }
    }
}
