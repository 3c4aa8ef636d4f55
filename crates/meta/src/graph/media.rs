//! Media: uploads to Meta, downloads from Meta's hosts.

use std::{
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use reqwest::{
    Body, StatusCode, Url,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    multipart::{Form, Part},
};

use super::{
    Access, Error, GraphClient,
    error::{SourceFailed, cause},
    response::{number, record_duration, required, text},
};

/// Timeout for transferring a whole file (at most 100 MB); as long as a media URL is valid.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(300);
/// Meta's media hosts. These and their subdomains may be sent the access token.
const MEDIA_HOSTS: [&str; 4] = ["fbsbx.com", "facebook.com", "fbcdn.net", "whatsapp.net"];

/// A file to upload to Meta.
pub struct MediaUpload {
    pub file_name: String,
    /// One of Meta's supported media types, e.g. `image/jpeg`.
    pub mime_type: String,
    /// Exact number of bytes that `body` yields.
    pub length: u64,
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

/// Metadata of a file stored at Meta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaInfo {
    /// Valid for five minutes, and only with the access token.
    pub url: String,
    pub mime_type: Option<String>,
    /// Hexadecimal here, base64 in some webhooks.
    pub sha256: Option<String>,
    /// In bytes.
    pub file_size: Option<u64>,
}

/// A file being downloaded from Meta.
pub struct MediaDownload {
    pub content_type: Option<String>,
    /// In bytes, if the server sent it.
    pub content_length: Option<u64>,
    /// Yields an error when the connection breaks or stalls; the file is complete only if the stream ends without one.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

impl GraphClient {
    /// Stores a file with Meta for 30 days and returns its id.
    pub async fn upload(&self, access: Access<'_>, file: MediaUpload) -> Result<String, Error> {
        let part = Part::stream_with_length(Body::wrap_stream(file.body.map_err(SourceFailed)), file.length)
            .file_name(file.file_name);
        let part = part.mime_str(&file.mime_type).map_err(|_| {
            let why = format!("{:?} is not a media type", file.mime_type);
            Error::Source(why)
        })?;
        let form = Form::new()
            .text("messaging_product", "whatsapp")
            .text("type", file.mime_type)
            .part("file", part);
        let request = self.post(access, &[access.phone_number_id, "media"]);
        let answer = self
            .request_json(
                "media_upload",
                request.multipart(form).timeout(TRANSFER_TIMEOUT),
                access.token,
            )
            .await?;
        required(&answer, "id")
    }

    pub async fn media(&self, access: Access<'_>, media_id: &str) -> Result<MediaInfo, Error> {
        let request = self
            .get(access, &[media_id])
            .query(&[("phone_number_id", access.phone_number_id)]);
        let answer = self.request_json("media", request, access.token).await?;
        Ok(MediaInfo {
            url: required(&answer, "url")?,
            mime_type: text(&answer["mime_type"]),
            sha256: text(&answer["sha256"]),
            file_size: number(&answer["file_size"]).and_then(|bytes| u64::try_from(bytes).ok()),
        })
    }

    /// Downloads a file from the URL that [`GraphClient::media`] or a webhook gave. Allowed are Meta's hosts over TLS, and the origin of
    /// the configured base URL.
    pub async fn download(&self, access: Access<'_>, url: &str) -> Result<MediaDownload, Error> {
        let url = self.media_url(url)?;
        let began = Instant::now();
        let started = self.start_download(access, url).await;
        record_duration("media_download", began, if started.is_ok() { "done" } else { "failed" });
        started
    }

    async fn start_download(&self, access: Access<'_>, url: Url) -> Result<MediaDownload, Error> {
        let request = self
            .http
            .get(url)
            .bearer_auth(access.token.expose())
            .timeout(TRANSFER_TIMEOUT);
        let response = match tokio::time::timeout(self.timeout, request.send()).await {
            Ok(answered) => answered.map_err(|error| Error::transport(&error, self.timeout))?,
            Err(_) => return Err(no_bytes(self.timeout)),
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Error::Expired),
            status => {
                let body = super::response::read_body(response, self.timeout)
                    .await
                    .map_err(Error::NoAnswer)?;
                let refusal = super::response::parse_error(status, &body, access.token);
                return Err(match refusal {
                    Some(refusal) => Error::Refused(refusal.error),
                    None => Error::Unreadable {
                        http_status: status.as_u16(),
                        why: "neither a file nor an error in Meta's format".to_owned(),
                    },
                });
            }
        }
        let header = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let (content_type, content_length) = (header(CONTENT_TYPE), header(CONTENT_LENGTH));
        let timeout = self.timeout;
        let body = futures::stream::unfold(Some(response), move |response| async move {
            let mut response = response?;
            match tokio::time::timeout(timeout, response.chunk()).await {
                Ok(Ok(Some(bytes))) => Some((Ok(bytes), Some(response))),
                Ok(Ok(None)) => None,
                Ok(Err(error)) => Some((Err(Error::NoAnswer(cause(&error, TRANSFER_TIMEOUT))), None)),
                Err(_) => Some((Err(no_bytes(timeout)), None)),
            }
        });
        Ok(MediaDownload {
            content_type,
            content_length: content_length.and_then(|length| length.parse().ok()),
            body: body.boxed(),
        })
    }

    fn media_url(&self, url: &str) -> Result<Url, Error> {
        let foreign = |host: &str| Error::ForeignHost(host.to_owned());
        let url = Url::parse(url).map_err(|_| foreign("not an address"))?;
        let host = url.host_str().unwrap_or_default();
        let below = |known: &str| host == known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
        let metas = url.scheme() == "https" && url.port().is_none() && MEDIA_HOSTS.iter().any(|known| below(known));
        let bare = url.username().is_empty() && url.password().is_none();
        if bare && (metas || url.origin() == self.root.base.origin()) {
            return Ok(url);
        }
        Err(foreign(host))
    }
}

fn no_bytes(timeout: Duration) -> Error {
    Error::NoAnswer(format!("no data for {} s", timeout.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_metas_hosts_and_the_configured_one_alone() {
        let client = GraphClient::new("http://127.0.0.1:8090", "v25.0", Duration::from_secs(1)).unwrap();
        for url in [
            "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
            "https://scontent.xx.fbcdn.net/v/t62?x=1",
            "https://graph.facebook.com/v25.0/1",
            "http://127.0.0.1:8090/media/1",
        ] {
            assert!(client.media_url(url).is_ok(), "{url}");
        }
        for url in [
            "http://lookaside.fbsbx.com/1",
            "https://lookaside.fbsbx.com:8443/1",
            "https://evilfbsbx.com/1",
            "https://fbsbx.com.evil.example/1",
            "https://lookaside.fbsbx.com@evil.example/1",
            "https://user@lookaside.fbsbx.com/1",
            "http://127.0.0.1:5432/",
            "https://127.0.0.1:8090/",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "not an address",
        ] {
            assert!(matches!(client.media_url(url), Err(Error::ForeignHost(_))), "{url}");
        }
    }
}
