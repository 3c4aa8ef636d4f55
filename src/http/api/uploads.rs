//! Media that a tenant's program brings: a form with the file, or JSON with an address or the bytes.

use axum::{
    Json,
    extract::{
        FromRequest, Multipart, Request, State,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, StatusCode, header},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::ToSchema;

use super::media::{Media, shown};
use crate::{
    app::App,
    domain::MediaId,
    http::{
        UPLOAD_BYTES,
        auth::Writer,
        body::{parse, whole},
        edge::Edge,
        problem::Problem,
    },
    media::{self, Bring, BringError, MediaKind, Rejected},
    net,
};

/// The longest body in JSON, in bytes: 18 MB of file, which is more than anything but a document may have.
const JSON_BYTES: usize = 24 * 1024 * 1024;
/// The longest field beside the file.
const FIELD_BYTES: usize = 1_024;
/// Uploads under way at once; each takes some 10 MB of memory.
const AT_ONCE: usize = 16;

/// Room for uploads.
pub struct Uploads(Semaphore);

impl Default for Uploads {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Uploads {
    fn enter(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.0.try_acquire().map_err(|_| {
            metrics::counter!("mainstay_media_uploads_shed_total").increment(1);
            let detail = format!("{AT_ONCE} uploads are under way, which is all that is taken at once.");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Try again later", detail).retry_after(2)
        })
    }
}

/// A file to be uploaded: `url` or `base64`, and what is known of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMedia {
    /// Where the file is; `https`, on a public address. It is fetched before the answer.
    url: Option<String>,
    /// The file itself, up to 18 MB; send a larger one as a form.
    base64: Option<String>,
    /// What it is to be sent as: `image`, `video`, `audio`, `document` or `sticker`. Without it that follows from its type; with
    /// `document` any type will do.
    #[serde(rename = "type")]
    #[schema(example = "image")]
    kind: Option<String>,
    /// What it is. The bytes are looked at too, and win.
    mime_type: Option<String>,
    filename: Option<String>,
}

/// A file to be uploaded, as a form. The other fields stand before the file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the document; the form is read field by field")]
pub struct MediaForm {
    r#type: Option<String>,
    mime_type: Option<String>,
    filename: Option<String>,
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Upload media
///
/// A form (`multipart/form-data`) with the field `file`, or JSON with `url` or `base64`. What Meta would not take is refused: images are
/// JPEG or PNG up to 5 MB, videos MP4 or 3GPP up to 16 MB, audio AAC, AMR, MP3, M4A or Ogg with Opus up to 16 MB, stickers WebP up to
/// 100 KB (500 KB when they move), documents up to 100 MB.
#[utoipa::path(post, path = "/api/v1/media", tag = "Media",
    request_body(content((NewMedia = "application/json"), (MediaForm = "multipart/form-data"))),
    responses((status = 201, description = "Stored", body = Media),
        (status = 413, description = "Larger than Meta takes it"),
        (status = 415, description = "Not a type that Meta takes"),
        (status = 422, description = "The address is not visited, or nothing good came of it")))]
pub async fn create(
    writer: Writer,
    State(edge): State<Edge>,
    request: Request,
) -> Result<(StatusCode, Json<Media>), Problem> {
    let _room = edge.uploads.enter()?;
    let app = &edge.app;
    let id = if is_form(request.headers()) {
        form(app, &writer, request).await?
    } else {
        json(app, &writer, request).await?
    };
    Ok((StatusCode::CREATED, Json(shown(app, &writer, id).await?)))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| {
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    })
}

async fn json(app: &App, writer: &Writer, request: Request) -> Result<MediaId, Problem> {
    let body = whole(request.into_body(), JSON_BYTES).await;
    let body = body.map_err(|problem| problem.and("Send a large file as a form."))?;
    let new: NewMedia = parse(&body)?;
    drop(body);
    let said = Bring {
        kind: new.kind.as_deref().map(kind).transpose()?,
        mime_type: new.mime_type,
        filename: new.filename,
    };
    match (new.url, new.base64) {
        (Some(url), None) => media::bring_url(app, writer.tenant, said, &url).await.map_err(refusal),
        (None, Some(text)) => {
            let bytes = BASE64_STANDARD.decode(text.trim());
            let bytes = bytes.map_err(|error| Problem::invalid(format!("`base64` is not base64: {error}.")))?;
            let pieces = futures::stream::once(async { Ok::<_, std::convert::Infallible>(Bytes::from(bytes)) });
            media::bring(app, writer.tenant, said, pieces).await.map_err(refusal)
        }
        _ => Err(Problem::invalid("Give either `url` or `base64`.")),
    }
}

async fn form(app: &App, writer: &Writer, request: Request) -> Result<MediaId, Problem> {
    let mut fields = Multipart::from_request(request, &())
        .await
        .map_err(|error| Problem::invalid(format!("The form is not understood: {}.", error.body_text())))?;
    let mut said = Bring::default();
    while let Some(mut field) = fields.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            describe(&mut said, &name, text(&mut field).await?)?;
            continue;
        }
        said.mime_type = said.mime_type.or_else(|| field.content_type().map(str::to_owned));
        said.filename = said.filename.or_else(|| field.file_name().map(str::to_owned));
        let id = media::bring(app, writer.tenant, said, field).await.map_err(refusal)?;
        if fields.next_field().await.map_err(unreadable)?.is_some() {
            media::delete(app, writer.tenant, id).await?;
            return Err(Problem::invalid("The field `file` must be the last one of the form."));
        }
        return Ok(id);
    }
    Err(Problem::invalid("The form has no field `file`."))
}

fn unreadable(error: MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(UPLOAD_BYTES),
        _ => Problem::invalid(format!("The form is not understood: {}.", error.body_text())),
    }
}

fn describe(said: &mut Bring, name: &str, value: String) -> Result<(), Problem> {
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

fn refusal(error: BringError) -> Problem {
    let detail = |error: &BringError| format!("The file is refused: {error}.");
    match error {
        BringError::Rejected(Rejected::TooLarge { .. }) | BringError::Outside(net::Error::TooLarge { .. }) => {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "media-too-large",
                "The file is larger than Meta takes",
                detail(&error),
            )
        }
        BringError::Rejected(Rejected::Empty) => Problem::invalid("The file is empty."),
        BringError::Rejected(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "The file is not what Meta takes",
            detail(&error),
        ),
        BringError::Outside(net::Error::Refused(refused)) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "url-refused",
            "The address is not visited",
            format!("`url` is refused: {refused}."),
        ),
        BringError::Outside(error) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "url-failed",
            "The file could not be fetched",
            format!("Nothing came of `url`: {error}."),
        ),
        BringError::Incomplete(why) => Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete",
            "The file did not arrive",
            format!("The body broke off: {why}. Send it again."),
        ),
        BringError::Storage(error) => {
            tracing::error!(%error, "an upload could not be stored");
            let words = "The store of files does not take it just now; nothing was kept. Try again in a few seconds.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "storage-unavailable", "Try again later", words).retry_after(5)
        }
        BringError::Database(error) => error.into(),
    }
}
