//! Files: up to Meta, and down from where Meta says they are.

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
    Access, Client, Error,
    answer::{essential, measure, number, text},
    error::{SourceFailed, cause},
};

/// For a whole file, 100 MB at most, and for as long as an address of Meta's is good.
const TRANSFER: Duration = Duration::from_secs(300);
/// Where Meta keeps media; these and what lies below them may see the access token.
const HOSTS: [&str; 4] = ["fbsbx.com", "facebook.com", "fbcdn.net", "whatsapp.net"];

/// A file on its way to Meta.
pub struct Upload {
    pub file_name: String,
    /// As in Meta's table of supported media, e.g. `image/jpeg`.
    pub mime_type: String,
    /// Bytes that `body` will yield: no more and no less.
    pub length: u64,
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

/// What Meta says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaInfo {
    /// Good for five minutes, and only with the access token.
    pub url: String,
    pub mime_type: Option<String>,
    /// Hexadecimal here, base64 in some webhooks.
    pub sha256: Option<String>,
    /// In bytes.
    pub file_size: Option<u64>,
}

/// A file on its way from Meta.
pub struct Download {
    pub content_type: Option<String>,
    /// In bytes, if the server said.
    pub content_length: Option<u64>,
    /// Ends with an error when the connection breaks or stands still; only an end without one is the whole file.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

impl Client {
    /// Stores a file with Meta for 30 days and returns its id.
    pub async fn upload(&self, access: Access<'_>, file: Upload) -> Result<String, Error> {
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
            .call("media_upload", request.multipart(form).timeout(TRANSFER), access.token)
            .await?;
        essential(&answer, "id")
    }

    pub async fn media(&self, access: Access<'_>, media_id: &str) -> Result<MediaInfo, Error> {
        let request = self
            .get(access, &[media_id])
            .query(&[("phone_number_id", access.phone_number_id)]);
        let answer = self.call("media", request, access.token).await?;
        Ok(MediaInfo {
            url: essential(&answer, "url")?,
            mime_type: text(&answer["mime_type"]),
            sha256: text(&answer["sha256"]),
            file_size: number(&answer["file_size"]).and_then(|bytes| u64::try_from(bytes).ok()),
        })
    }

    /// Fetches what [`Client::media`] or a webhook points to. Only Meta's hosts are asked, over TLS, and the configured one.
    pub async fn download(&self, access: Access<'_>, url: &str) -> Result<Download, Error> {
        let url = self.place_of_media(url)?;
        let began = Instant::now();
        let started = self.start_download(access, url).await;
        measure("media_download", began, if started.is_ok() { "done" } else { "failed" });
        started
    }

    async fn start_download(&self, access: Access<'_>, url: Url) -> Result<Download, Error> {
        let request = self.http.get(url).bearer_auth(access.token.expose()).timeout(TRANSFER);
        let response = match tokio::time::timeout(self.timeout, request.send()).await {
            Ok(answered) => answered.map_err(|error| Error::transport(&error, self.timeout))?,
            Err(_) => return Err(no_bytes(self.timeout)),
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Error::Expired),
            status => {
                let body = super::answer::read(response, self.timeout)
                    .await
                    .map_err(Error::NoAnswer)?;
                let refusal = super::answer::refusal(status, &body, access.token);
                return Err(match refusal {
                    Some(refusal) => Error::Refused(refusal.error),
                    None => Error::Unreadable {
                        http_status: status.as_u16(),
                        why: "no file and no error as Meta makes them".to_owned(),
                    },
                });
            }
        }
        let header = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let (content_type, content_length) = (header(CONTENT_TYPE), header(CONTENT_LENGTH));
        let patience = self.timeout;
        let body = futures::stream::unfold(Some(response), move |response| async move {
            let mut response = response?;
            match tokio::time::timeout(patience, response.chunk()).await {
                Ok(Ok(Some(bytes))) => Some((Ok(bytes), Some(response))),
                Ok(Ok(None)) => None,
                Ok(Err(error)) => Some((Err(Error::NoAnswer(cause(&error, TRANSFER))), None)),
                Err(_) => Some((Err(no_bytes(patience)), None)),
            }
        });
        Ok(Download {
            content_type,
            content_length: content_length.and_then(|length| length.parse().ok()),
            body: body.boxed(),
        })
    }

    fn place_of_media(&self, url: &str) -> Result<Url, Error> {
        let foreign = |host: &str| Error::ForeignHost(host.to_owned());
        let url = Url::parse(url).map_err(|_| foreign("not an address"))?;
        let host = url.host_str().unwrap_or_default();
        let below = |known: &str| host == known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
        let metas = url.scheme() == "https" && url.port().is_none() && HOSTS.iter().any(|known| below(known));
        let bare = url.username().is_empty() && url.password().is_none();
        if bare && (metas || url.origin() == self.place.base.origin()) {
            return Ok(url);
        }
        Err(foreign(host))
    }
}

fn no_bytes(patience: Duration) -> Error {
    Error::NoAnswer(format!("nothing came for {} s", patience.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_metas_hosts_and_the_configured_one_alone() {
        let client = Client::new("http://127.0.0.1:8090", "v25.0", Duration::from_secs(1)).unwrap();
        for url in [
            "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
            "https://scontent.xx.fbcdn.net/v/t62?x=1",
            "https://graph.facebook.com/v25.0/1",
            "http://127.0.0.1:8090/media/1",
        ] {
            assert!(client.place_of_media(url).is_ok(), "{url}");
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
            assert!(
                matches!(client.place_of_media(url), Err(Error::ForeignHost(_))),
                "{url}"
            );
        }
    }
}
