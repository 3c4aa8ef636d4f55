//! Checks on the files that a message refers to.

use serde_json::Value;

use super::references::References;
use crate::{
    domain::MediaId,
    media::{self, MediaKind, Rejected, SendableError},
    provider::message::{Invalid, MediaRef, Outbound},
};

impl References {
    /// Returns an error for the first of our files in a message that can never be sent as the type it is named under. A file still being
    /// fetched is accepted: the send waits for it.
    pub(super) fn check_files(&self, message: &mut Outbound, payload: &Value) -> Option<Invalid> {
        let name = message.kind();
        for (kind, file) in message.media() {
            let MediaRef::Stored(id) = *file else { continue };
            let why = match media::check_sendable(self.media.get(&id), kind) {
                Ok(()) if kind == MediaKind::Audio && payload["voice"] == true => match self.check_voice_note(id) {
                    Some(invalid) => return Some(invalid),
                    None => continue,
                },
                Ok(()) | Err(SendableError::NotYet) => continue,
                Err(why) => why,
            };
            let limit = match &why {
                SendableError::Rejected(Rejected::TooLarge { max_bytes, .. }) => Some(*max_bytes),
                _ => None,
            };
            let field =
                find_path(name.to_owned(), name, payload, (kind, id)).unwrap_or_else(|| format!("{name}.media_id"));
            let problem = format!("{id} cannot be sent as {}: {why}", kind.as_str());
            return Some(Invalid { field, problem, limit });
        }
        None
    }

    /// Returns why a file of ours cannot be sent as a voice note.
    fn check_voice_note(&self, id: MediaId) -> Option<Invalid> {
        let mime_type = self
            .media
            .get(&id)
            .and_then(|file| file.mime_type.as_deref())
            .unwrap_or_default();
        let problem = || format!("must be left out: a voice note is OGG with Opus, and {id} is {mime_type}");
        (!mime_type.starts_with("audio/ogg")).then(|| Invalid::new("audio.voice", problem()))
    }
}

/// Returns the path of the member that refers to the file. A file is named under its type in messages, headers and parameters alike.
fn find_path(path: String, name: &str, value: &Value, wanted: (MediaKind, MediaId)) -> Option<String> {
    let id = value
        .get("media_id")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok());
    if (MediaKind::parse(name), id) == (Some(wanted.0), Some(wanted.1)) {
        return Some(format!("{path}.media_id"));
    }
    match value {
        Value::Object(members) => members
            .iter()
            .find_map(|(name, value)| find_path(format!("{path}.{name}"), name, value, wanted)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(n, value)| find_path(format!("{path}[{n}]"), "", value, wanted)),
        _ => None,
    }
}
