//! Checks on the files that a message to be sent refers to.

use serde_json::Value;

use crate::{
    app::App,
    db::Result,
    domain::{MediaId, TenantId},
    media::{self, MediaKind, Rejected, SendableError},
    meta::message::{Invalid, MediaRef, Outbound},
};

/// Returns an error for the first of our files in a message that can never be sent as the type it is named under. A file still being fetched
/// is accepted: the send waits for it.
pub async fn check_files(
    app: &App,
    tenant: TenantId,
    message: &mut Outbound,
    payload: &Value,
) -> Result<Option<Invalid>> {
    let name = message.kind();
    for (kind, file) in message.media() {
        let MediaRef::Stored(id) = *file else { continue };
        let why = match media::check_sendable(app.db.reader(), tenant, id, kind).await? {
            Ok(()) if kind == MediaKind::Audio && payload["voice"] == true => {
                match check_voice_note(app, tenant, id).await? {
                    Some(invalid) => return Ok(Some(invalid)),
                    None => continue,
                }
            }
            Ok(()) | Err(SendableError::NotYet) => continue,
            Err(why) => why,
        };
        let limit = match &why {
            SendableError::Rejected(Rejected::TooLarge { max_bytes, .. }) => Some(*max_bytes),
            _ => None,
        };
        let field = find_path(name.to_owned(), name, payload, (kind, id)).unwrap_or_else(|| format!("{name}.media_id"));
        let problem = format!("{id} cannot be sent as {}: {why}", kind.as_str());
        return Ok(Some(Invalid { field, problem, limit }));
    }
    Ok(None)
}

/// Returns why a file of ours cannot be sent as a voice note.
async fn check_voice_note(app: &App, tenant: TenantId, id: MediaId) -> Result<Option<Invalid>> {
    let found = crate::media::store::find(app.db.reader(), tenant, id).await?;
    let of = found.and_then(|it| it.mime_type).unwrap_or_default();
    let problem = format!("must be left out: a voice note is OGG with Opus, and {id} is {of}");
    Ok((!of.starts_with("audio/ogg")).then(|| Invalid::new("audio.voice", problem)))
}

/// Sets the `filename` of a document to its file's name, unless the request gave one: the recipient sees it.
pub async fn set_document_filename(app: &App, tenant: TenantId, document: &mut Value) -> Result<()> {
    let id = document.get("media_id").and_then(Value::as_str).map(str::parse);
    if let Some(Ok(id)) = id
        && document.get("filename").is_none_or(Value::is_null)
        && let Some(filename) = crate::media::store::find(app.db.reader(), tenant, id)
            .await?
            .and_then(|it| it.filename)
    {
        document["filename"] = filename.into();
    }
    Ok(())
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
