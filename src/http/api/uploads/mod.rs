//! Uploads of media: a form with the file, or JSON with a URL or base64.

mod base64;
pub(super) mod envelope;
mod problems;

use std::borrow::Cow;

use axum::{
    Json,
    body::Body,
    extract::{
        FromRequest, Multipart, Request, State,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use serde::Deserialize;
use utoipa::ToSchema;

use super::media::{MediaView, created_view};
use crate::{
    app::App,
    domain::{MediaId, perm},
    http::{
        UPLOAD_BYTES,
        auth::{May, TenantAccess},
        body::{decode, read_json, weight},
        problem::Problem,
        request_context,
    },
    media::{self, DeclaredMedia, MediaKind, UploadError},
    memory::RequestMemory,
};
use problems::upload_problem;

/// Maximum length of a JSON body, in bytes: 18 MB of file, more than anything but a document may have.
const JSON_BYTES: usize = 24 * 1024 * 1024;
/// Maximum length of a form field other than the file.
const FIELD_BYTES: usize = 1_024;
/// A file to import: `url` or `base64`, and its properties.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMedia<'b> {
    /// The URL of the file; `https`, on a public address. It is fetched before the answer.
    #[schema(pattern = "^https://")]
    url: Option<String>,
    /// The file itself, up to 18 MB; send a larger one as a form.
    #[serde(borrow, default, deserialize_with = "base64::text")]
    #[schema(value_type = Option<String>)]
    base64: Option<Cow<'b, str>>,
    /// The type to send it as: `image`, `video`, `audio`, `document` or `sticker`. By default derived from its MIME type; as `document` any
    /// MIME type is accepted.
    #[serde(rename = "type")]
    #[schema(example = "image", pattern = "^(image|video|audio|document|sticker)$")]
    kind: Option<String>,
    /// The MIME type. If the bytes prove another, that is used.
    mime_type: Option<String>,
    filename: Option<String>,
}

/// A file to upload, as a form. The other fields precede the file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only for the OpenAPI document; the form is read field by field")]
pub(crate) struct MediaForm {
    r#type: Option<String>,
    mime_type: Option<String>,
    filename: Option<String>,
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Upload media
///
/// A form (`multipart/form-data`) with the field `file`, which stands last. Files that Meta does not accept are rejected:
/// images must be JPEG or PNG up to 5 MB, videos MP4 or 3GPP up to 16 MB, audio AAC, AMR, MP3, M4A or Ogg with Opus up to 16 MB, stickers
/// WebP up to 100 KB (500 KB if animated), documents up to 100 MB.
#[utoipa::path(post, path = "/api/v1/media", request_body(content = MediaForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Stored", body = MediaView),
        (status = 413, description = "Larger than Meta accepts"),
        (status = 415, description = "Not a type that Meta accepts, or not a form")))]
pub async fn upload(
    caller: May<perm::MessagesSend>,
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<MediaView>), Problem> {
    if !is_form(request.headers()) {
        let detail =
            "Send the file as multipart/form-data; JSON with `url` or `base64` goes to POST /api/v1/media/import.";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "not-form", "Request body must be a form", detail));
    }
    let id = from_form(&app, &caller, request).await?;
    Ok((StatusCode::CREATED, Json(created_view(&app, &caller, id).await?)))
}

/// Import media
///
/// Takes a file from an address, or as base64 up to 18 MB. The same files as for an upload are rejected.
#[utoipa::path(post, path = "/api/v1/media/import", request_body = NewMedia<'_>,
    responses((status = 201, description = "Stored", body = MediaView),
        (status = 413, description = "Larger than Meta accepts"),
        (status = 415, description = "Not a type that Meta accepts, or the body is not JSON"),
        (status = 422, description = "The URL is not allowed, or could not be fetched")))]
pub async fn import(
    caller: May<perm::MessagesSend>,
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<MediaView>), Problem> {
    let id = from_json(&app, &caller, request).await?;
    Ok((StatusCode::CREATED, Json(created_view(&app, &caller, id).await?)))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| {
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    })
}

async fn from_json(app: &App, caller: &TenantAccess, request: Request) -> Result<MediaId, Problem> {
    let (head, body) = request.into_parts();
    let memory = request_context::memory(&head);
    let body = read_json(&head, body, JSON_BYTES).await;
    let body = body.map_err(|problem| match problem.status {
        StatusCode::PAYLOAD_TOO_LARGE => problem.with_hint("Send a large file as a form."),
        _ => problem,
    })?;
    memory.charge(weight(&body)?)?;
    let new: NewMedia<'_> = decode(&body)?;
    let said = DeclaredMedia {
        kind: new.kind.as_deref().map(kind).transpose()?,
        mime_type: new.mime_type,
        filename: new.filename,
    };
    match (new.url, new.base64) {
        (Some(url), None) => {
            let brought = media::upload_from_url(&app.media, caller, said, &url, &memory).await;
            brought.map_err(upload_problem)
        }
        (None, Some(text)) => {
            let text = borrow_text(&memory, &body, text)?;
            drop(body);
            let brought = media::upload(&app.media, caller, said, base64::pieces(text), &memory).await;
            brought.map_err(|error| match error {
                UploadError::Incomplete(why) => Problem::invalid(format!("`base64` is not base64: {why}.")),
                other => upload_problem(other),
            })
        }
        _ => Err(Problem::invalid("Give either `url` or `base64`.")),
    }
}

/// Returns the text apart from its body: a slice of the body, or, if it was written with escapes, a copy that is charged as well.
fn borrow_text(memory: &RequestMemory, body: &Bytes, text: Cow<'_, str>) -> Result<Bytes, Problem> {
    match text {
        Cow::Borrowed(text) => Ok(body.slice_ref(text.trim().as_bytes())),
        Cow::Owned(text) => {
            memory.charge(text.len())?;
            Ok(Bytes::copy_from_slice(text.trim().as_bytes()))
        }
    }
}

async fn from_form(app: &App, caller: &TenantAccess, request: Request) -> Result<MediaId, Problem> {
    let (head, body) = request.into_parts();
    let memory = request_context::memory(&head);
    let content_type = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let body = match content_type.and_then(envelope::boundary) {
        Some(boundary) => Body::from_stream(envelope::limit_envelope(body.into_data_stream(), &boundary)),
        // The multipart reader reports what is wrong.
        None => body,
    };
    let request = Request::from_parts(head, body);
    let mut fields = Multipart::from_request(request, &())
        .await
        .map_err(|error| Problem::invalid(format!("Malformed form data: {}.", error.body_text())))?;
    let mut said = DeclaredMedia::default();
    while let Some(mut field) = fields.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            describe(&mut said, &name, text(&mut field).await?)?;
            continue;
        }
        said.mime_type = said.mime_type.or_else(|| field.content_type().map(str::to_owned));
        said.filename = said.filename.or_else(|| field.file_name().map(str::to_owned));
        let brought = media::upload(&app.media, caller, said, field, &memory).await;
        let id = brought.map_err(upload_problem)?;
        if fields.next_field().await.map_err(unreadable)?.is_some() {
            media::delete(&app.media, caller, id).await?;
            return Err(Problem::invalid("The field `file` must be the last one of the form."));
        }
        return Ok(id);
    }
    Err(Problem::invalid("The form has no field `file`."))
}

fn unreadable(error: MultipartError) -> Problem {
    envelope::unreadable(&error, UPLOAD_BYTES)
}

fn describe(said: &mut DeclaredMedia, name: &str, value: String) -> Result<(), Problem> {
    match name {
        "type" => said.kind = Some(kind(&value)?),
        "mime_type" => said.mime_type = Some(value),
        "filename" => said.filename = Some(value),
        _ => {
            let detail = "The form may have the fields `type`, `mime_type`, `filename` and `file`, and no other.";
            return Err(Problem::invalid(detail));
        }
    }
    Ok(())
}

fn kind(text: &str) -> Result<MediaKind, Problem> {
    const WRONG: &str = "`type` must be one of image, video, audio, document, sticker.";
    MediaKind::parse(text).ok_or_else(|| Problem::invalid(WRONG))
}

async fn text(field: &mut Field<'_>) -> Result<String, Problem> {
    let mut text = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(unreadable)? {
        text.extend_from_slice(&piece);
        if text.contains(&0) {
            return Err(Problem::invalid("A field beside `file` contains the character NUL."));
        }
        if text.len() > FIELD_BYTES {
            let detail = format!("A field beside `file` is longer than {FIELD_BYTES} bytes.");
            return Err(Problem::invalid(detail));
        }
    }
    String::from_utf8(text).map_err(|_| Problem::invalid("A field beside `file` is not text in UTF-8."))
}
