//! Downloads media. Needs an API key or a signed link, which expires by itself.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{MediaId, TenantId},
    http::{
        auth,
        extract::{Path, Query},
        peer::ClientAddress,
        problem::Problem,
        range::{self, Part},
        state::HttpState,
    },
    media::{self, ContentError, LinkError, MediaFile, Variant},
    storage,
};

/// Types a browser may display. Others are sent as attachments: a document may hold scripts, and it came from anybody.
const SHOWN: [&str; 5] = ["image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf"];
const SHOWN_CLASSES: [&str; 2] = ["audio/", "video/"];

/// Selects the content of a file: the original or a smaller picture.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MediaContentQuery {
    /// A smaller picture instead of the image itself.
    #[param(inline)]
    variant: Option<Variant>,
    /// The token of a link. It replaces the API key, and determines the variant.
    token: Option<String>,
}

/// Download media
///
/// Supports `Range` and `If-None-Match`. Needs an API key, or a link from `GET /api/v1/media/{id}`.
#[utoipa::path(get, path = "/api/v1/media/{id}/content", params(("id" = MediaId, Path), MediaContentQuery),
    responses((status = 200, description = "The bytes", content(
            (Vec<u8> = "image/*"), (Vec<u8> = "audio/*"), (Vec<u8> = "video/*"), (Vec<u8> = "application/*"), (Vec<u8> = "text/*"))),
        (status = 206, description = "The part asked for", content(
            (Vec<u8> = "image/*"), (Vec<u8> = "audio/*"), (Vec<u8> = "video/*"), (Vec<u8> = "application/*"), (Vec<u8> = "text/*"))),
        (status = 304, description = "Not modified"),
        (status = 409, description = "Not fetched from Meta yet; see Retry-After"),
        (status = 410, description = "The media was deleted, or could not be fetched"),
        (status = 416, description = "No byte is in the range")))]
pub async fn read(
    State(state): State<HttpState>,
    id: Result<Path<MediaId>, Problem>,
    Query(query): Query<MediaContentQuery>,
    client: ClientAddress,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let access = authorize(&state, query, client, &headers).await?;
    // An unauthorized caller must not learn what a valid id looks like.
    let Path(id) = id?;
    let MediaAccess { tenant, variant, .. } = access.to(id)?;
    let mut tx = state.read_limiter.begin(&state.app, tenant).await?;
    let found = media::content(tx.on(), tenant, id, variant).await?;
    tx.commit().await?;
    let found = found.map_err(|why| content_problem(id, why))?;
    let etag = format!("\"{}\"", found.etag);
    if range::is_known(&headers, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        set_headers(response.headers_mut(), &found, &etag);
        return Ok(response);
    }
    serve(&state, &found, &etag, range::wanted(&headers, found.size, &etag)).await
}

/// What a request may read: the tenant's media (all, or one), and the variant.
struct MediaAccess {
    tenant: TenantId,
    media: Option<MediaId>,
    variant: Option<Variant>,
}

impl MediaAccess {
    fn to(self, id: MediaId) -> Result<Self, Problem> {
        match self.media {
            Some(media) if media != id => Err(no_such_link()),
            _ => Ok(self),
        }
    }
}

async fn authorize(
    state: &HttpState,
    query: MediaContentQuery,
    client: ClientAddress,
    headers: &HeaderMap,
) -> Result<MediaAccess, Problem> {
    let Some(token) = query.token else {
        return Ok(MediaAccess {
            tenant: auth::media_reader(state, headers, client).await?.tenant,
            media: None,
            variant: query.variant,
        });
    };
    let app = &state.app;
    match media::read_link(&app.config.keyring, &token, app.clock.now()) {
        Ok(link) => Ok(MediaAccess {
            tenant: link.tenant,
            media: Some(link.media),
            variant: link.variant,
        }),
        Err(LinkError::Expired) => {
            let detail = "The link has expired. Get another from `GET /api/v1/media/{id}`.";
            Err(Problem::forbidden("link-expired", detail))
        }
        Err(LinkError::Invalid) => Err(no_such_link()),
    }
}

fn no_such_link() -> Problem {
    let detail = "The link was not made here, or was changed. Copy all of it.";
    Problem::forbidden("link-invalid", detail)
}

async fn serve(state: &HttpState, content: &MediaFile, etag: &str, part: Part) -> Result<Response, Problem> {
    let (status, range) = match part {
        Part::Whole => (StatusCode::OK, None),
        Part::Bytes(from, to) => (StatusCode::PARTIAL_CONTENT, Some(from..to)),
        Part::Nothing => return Ok(out_of_range(content.size)),
    };
    let length = range.as_ref().map_or(content.size, |range| range.end - range.start);
    let pieces = state
        .app
        .media
        .storage
        .read(&content.key, range.clone())
        .await
        .map_err(unreadable)?;
    let mut response = (status, Body::from_stream(pieces)).into_response();
    let headers = response.headers_mut();
    set_headers(headers, content, etag);
    headers.insert(header::CONTENT_LENGTH, length.into());
    if let Some(range) = range {
        let text = format!("bytes {}-{}/{}", range.start, range.end - 1, content.size);
        headers.insert(header::CONTENT_RANGE, value(&text));
    }
    metrics::counter!("mainstay_media_bytes_total", "direction" => "read").increment(length);
    Ok(response)
}

fn set_headers(headers: &mut HeaderMap, content: &MediaFile, etag: &str) {
    let kind = content.mime_type.as_str();
    headers.insert(header::CONTENT_TYPE, value(kind));
    headers.insert(header::ETAG, value(etag));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // The bytes behind an id never change; they can only be deleted.
    let caching = HeaderValue::from_static("private, max-age=3600, immutable");
    headers.insert(header::CACHE_CONTROL, caching);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let essence = kind.split(';').next().unwrap_or_default();
    let shown = SHOWN.contains(&essence) || SHOWN_CLASSES.iter().any(|class| essence.starts_with(class));
    let how = if shown { "inline" } else { "attachment" };
    headers.insert(
        header::CONTENT_DISPOSITION,
        value(&disposition(how, content.filename.as_deref())),
    );
}

/// Formats `Content-Disposition` with both forms of the file name in RFC 6266: ASCII for old clients, and exact.
fn disposition(how: &str, name: Option<&str>) -> String {
    let Some(name) = name else { return how.to_owned() };
    let plain = |c: char| {
        if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' {
            c
        } else {
            '_'
        }
    };
    let simple: String = name.chars().map(plain).collect();
    let exact = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("{how}; filename=\"{simple}\"; filename*=UTF-8''{exact}")
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

fn out_of_range(size: u64) -> Response {
    let detail = format!("The file has {size} bytes, and none of them is in the range asked for.");
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let mut response = Problem::new(status, "no-such-range", "Range not satisfiable", detail).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_RANGE, value(&format!("bytes */{size}")));
    response
}

fn content_problem(id: MediaId, why: ContentError) -> Problem {
    let gone = |slug, detail: String| Problem::new(StatusCode::GONE, slug, "Gone", detail);
    match why {
        ContentError::Unknown => Problem::not_found(format_args!("media {id}")),
        ContentError::NoVariant => Problem::not_found(format_args!("such variant of {id}, or it is not made yet")),
        ContentError::Deleted => gone(
            "media-deleted",
            "The media was deleted, by request or by age.".to_owned(),
        ),
        ContentError::Failed(error) => {
            let why = error.unwrap_or_else(|| "it was discarded by the operator".to_owned());
            gone(
                "media-failed",
                format!("The media could not be fetched from Meta: {why}."),
            )
        }
        ContentError::NotYet => Problem::new(
            StatusCode::CONFLICT,
            "media-not-ready",
            "Not ready",
            "The media is being fetched from Meta. Wait for the event media.ready, or try again in a moment.",
        )
        .retry_after(2),
    }
}

fn unreadable(error: storage::Error) -> Problem {
    tracing::error!(%error, "a file could not be read from the storage");
    metrics::counter!("mainstay_storage_failures_total", "what" => "read").increment(1);
    match error {
        storage::Error::Missing | storage::Error::TooLarge { .. } => Problem::internal(),
        storage::Error::Unavailable(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "storage-unavailable",
            "Temporarily unavailable",
            "The file storage is not available at the moment; try again in a few seconds.",
        )
        .retry_after(5),
    }
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        let header = disposition("attachment", Some("a\"b\\c%ä\r\n.pdf"));
        assert_eq!(
            header,
            "attachment; filename=\"a_b_c____.pdf\"; filename*=UTF-8''a%22b%5Cc%25%C3%A4%0D%0A%2Epdf"
        );
        assert_eq!(disposition("inline", None), "inline");
    }
}
