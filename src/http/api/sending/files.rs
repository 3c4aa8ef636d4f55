use serde_json::Value;

use crate::{
    app::App,
    db::Result,
    domain::{MediaId, TenantId},
    media::{self, MediaKind, Rejected, SendableError},
    meta::message::{Invalid, MediaRef, Outbound},
};

/// The first file of ours in a message that can never be sent as what it is named for. One that is still being fetched is waited for when
/// the message is sent.
pub async fn unsendable(
    app: &App,
    tenant: TenantId,
    message: &mut Outbound,
    payload: &Value,
) -> Result<Option<Invalid>> {
    let name = message.kind();
    for (kind, file) in message.media() {
        let MediaRef::Stored(id) = *file else { continue };
        let why = match media::check_sendable(app.db.reader(), tenant, id, kind).await? {
            Ok(()) if kind == MediaKind::Audio && payload["voice"] == true => match voiceless(app, tenant, id).await? {
                Some(invalid) => return Ok(Some(invalid)),
                None => continue,
            },
            Ok(()) | Err(SendableError::NotYet) => continue,
            Err(why) => why,
        };
        let limit = match &why {
            SendableError::Rejected(Rejected::TooLarge { max_bytes, .. }) => Some(*max_bytes),
            _ => None,
        };
        let field = place(name.to_owned(), name, payload, (kind, id)).unwrap_or_else(|| format!("{name}.media_id"));
        let problem = format!("{id} cannot be sent as {}: {why}", kind.as_str());
        return Ok(Some(Invalid { field, problem, limit }));
    }
    Ok(None)
}

/// Why a recording of ours cannot be a voice note.
async fn voiceless(app: &App, tenant: TenantId, id: MediaId) -> Result<Option<Invalid>> {
    let found = crate::media::store::find(app.db.reader(), tenant, id).await?;
    let of = found.and_then(|it| it.mime_type).unwrap_or_default();
    let problem = format!("must be left out: a voice note is OGG with Opus, and {id} is {of}");
    Ok((!of.starts_with("audio/ogg")).then(|| Invalid::new("audio.voice", problem)))
}

/// Gives a document the name its file came with, unless the caller named it: it is what the recipient is shown.
pub async fn entitle(app: &App, tenant: TenantId, document: &mut Value) -> Result<()> {
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

/// Where the payload names the file. Files stand under what they are to be sent as, in messages, headers and parameters alike.
fn place(path: String, name: &str, value: &Value, wanted: (MediaKind, MediaId)) -> Option<String> {
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
            .find_map(|(name, value)| place(format!("{path}.{name}"), name, value, wanted)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(n, value)| place(format!("{path}[{n}]"), "", value, wanted)),
        _ => None,
    }
}
