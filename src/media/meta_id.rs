//! Uploads stored files to Meta, once per channel, and caches the media id for 29 of its 30 days.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ContentError, MediaFile, MediaKind, Rejected, content, limits, name, sniff::essence};
use crate::{
    clock::uuid_at,
    db::{self, Tx},
    directory::Route,
    domain::{ChannelId, MediaId, TenantId},
    media::MediaService,
    media::store::{self, MediaOnChannel, MetaUpload, UploadKey},
    meta::graph::{self, GraphError},
    storage,
};

/// Time for which a media id is used; Meta keeps it for 30 days.
const ID_LIFETIME: TimeDelta = TimeDelta::days(29);
/// Minimum age of a media id to be expired by [`forget_meta_ids`].
const MIN_FORGET_AGE: TimeDelta = TimeDelta::hours(1);
/// Lease of an upload, renewed while it runs.
const LEASE: TimeDelta = TimeDelta::seconds(30);
const RENEW_INTERVAL: Duration = Duration::from_secs(10);
/// Interval at which waiters poll for the upload's end, doubled each time up to a second.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum wait for another process's upload; longer than any upload takes.
const WAIT_TIMEOUT: Duration = Duration::from_secs(330);
/// Time for which a refusal of the file is cached, so that ten thousand messages with one bad file do not upload it ten thousand times.
/// Other failures are cached for [`FAILURE_TTL`], so that the waiters of a failed upload do not repeat it one after the other.
const REFUSAL_TTL: TimeDelta = TimeDelta::minutes(1);
const FAILURE_TTL: TimeDelta = TimeDelta::seconds(5);
/// Rows that [`clean_cache`] removes at once.
const EXPIRED_CHUNK: i64 = 500;
/// Errors about the file itself: bad parameter or value, unsupported type or length. Others, such as rate limits or a bad token, are not
/// cached as refusals.
const FILE_ERROR_CODES: [i64; 5] = [100, 131_009, 131_051, 131_052, 131_053];

/// Reason why there is no media id.
#[derive(Debug, thiserror::Error)]
pub enum MetaIdError {
    /// Permanent: unknown, deleted, or never fetched.
    #[error("{0}")]
    Gone(&'static str),
    /// It is still being fetched from Meta.
    #[error("the media is still being fetched from Meta")]
    NotYet,
    #[error("the channel is unknown, or its access token cannot be decrypted")]
    NoChannel,
    /// Meta answered an error: about the file, or about the channel. The code tells.
    #[error("Meta refused the file: {0}")]
    Refused(GraphError),
    /// Transient.
    #[error("the file could not be uploaded: {0}")]
    Transient(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A cached failure, serialised as JSON.
#[derive(Serialize, Deserialize)]
enum Failure {
    Refused(Refusal),
    Passing(String),
}

#[derive(Serialize, Deserialize)]
struct Refusal {
    http_status: u16,
    code: i64,
    subcode: Option<i64>,
    title: String,
    details: Option<String>,
    fbtrace_id: Option<String>,
}

/// Expires cached media ids that Meta rejected, so that the next message uploads the files again. Ids of the last hour are kept: with
/// those, the file itself is the problem, and a campaign must not upload it for each of its messages.
pub(crate) async fn forget_meta_ids(tx: &mut Tx, files: &[MediaOnChannel], now: DateTime<Utc>) -> db::Result<u64> {
    store::expire_uploads(tx.on(), files, now + ID_LIFETIME - MIN_FORGET_AGE, now).await
}

/// Returns Meta's id of stored media for a channel, uploading the file if needed. Single-flight: of all concurrent callers, in any process,
/// one uploads and the others wait.
pub async fn meta_id(
    service: &MediaService,
    tenant: TenantId,
    channel: ChannelId,
    id: MediaId,
) -> Result<String, MetaIdError> {
    let (key, file) = find(service, tenant, channel, id).await?;
    let waiting = tokio::time::timeout(WAIT_TIMEOUT, upload_or_wait(service, &key, &file));
    let late = || MetaIdError::Transient("timed out waiting for another process's upload".to_owned());
    waiting.await.map_err(|_| late())?
}

/// State of a stored file at Meta.
#[derive(Clone, Debug)]
pub(crate) struct MetaCopy {
    /// `None` if Meta does not have the file, or an upload is running.
    pub id: Option<String>,
    mime_type: String,
    /// In bytes.
    size: u64,
}

impl MetaCopy {
    /// Checks whether Meta accepts the file as this kind.
    pub fn check_sendable(&self, kind: MediaKind) -> Result<(), Rejected> {
        limits::check_sendable(kind, &self.mime_type, self.size)
    }
}

/// Returns what [`meta_id`] knows, without uploading.
pub(crate) async fn find_meta_copy(
    service: &MediaService,
    tenant: TenantId,
    channel: ChannelId,
    id: MediaId,
) -> Result<MetaCopy, MetaIdError> {
    let (key, file) = find(service, tenant, channel, id).await?;
    let upload = store::find_upload(service.db.reader(), &key, service.clock.now()).await?;
    if let Some(failure) = upload.as_ref().and_then(|it| it.failure.as_deref()) {
        return Err(decode_failure(failure));
    }
    Ok(MetaCopy {
        id: upload.and_then(|it| it.meta_id),
        mime_type: key.mime_type,
        size: file.size,
    })
}

async fn find(
    service: &MediaService,
    tenant: TenantId,
    channel: ChannelId,
    id: MediaId,
) -> Result<(UploadKey, MediaFile), MetaIdError> {
    let row = store::find(service.db.reader(), tenant, id).await?;
    let file = row.as_ref().and_then(|row| row.file_id);
    let found = row
        .ok_or(ContentError::Unknown)
        .and_then(|row| content::file_of(row, None));
    let found = found.map_err(|why| match why {
        ContentError::NotYet => MetaIdError::NotYet,
        ContentError::Unknown | ContentError::NoVariant => MetaIdError::Gone("there is no such media"),
        ContentError::Failed(_) => MetaIdError::Gone("the media could not be fetched from Meta"),
        ContentError::Deleted => MetaIdError::Gone("the media was deleted"),
    })?;
    let key = UploadKey {
        tenant,
        file: file.ok_or(MetaIdError::Gone("the media was deleted"))?,
        channel,
        mime_type: essence(&found.mime_type),
    };
    Ok((key, found))
}

async fn upload_or_wait(service: &MediaService, key: &UploadKey, file: &MediaFile) -> Result<String, MetaIdError> {
    let mut poll_interval = POLL_INTERVAL;
    loop {
        let now = service.clock.now();
        match store::find_upload(service.db.reader(), key, now).await? {
            Some(MetaUpload { meta_id: Some(id), .. }) => return Ok(id),
            Some(MetaUpload {
                failure: Some(failure), ..
            }) => return Err(decode_failure(&failure)),
            // Another process is uploading.
            Some(_) => {
                tokio::time::sleep(poll_interval).await;
                poll_interval = (poll_interval * 2).min(MAX_POLL_INTERVAL);
            }
            None => {
                let claim = uuid_at(now);
                if store::claim_upload(service.db.writer(), key, claim, now + LEASE, now).await? > 0 {
                    return upload(service, key, claim, file).await;
                }
            }
        }
    }
}

async fn upload(service: &MediaService, key: &UploadKey, claim: Uuid, file: &MediaFile) -> Result<String, MetaIdError> {
    let result = tokio::select! {
        result = transfer(service, key, file) => result,
        lost = renew_lease(service, key, claim) => Err(lost),
    };
    let now = service.clock.now();
    let (meta_id, failure, valid_until) = match &result {
        Ok(id) => (Some(id.clone()), None, now + ID_LIFETIME),
        Err(error @ MetaIdError::Refused(refusal)) if FILE_ERROR_CODES.contains(&refusal.code) => {
            (None, Some(encode_failure(error)), now + REFUSAL_TTL)
        }
        Err(error) => (None, Some(encode_failure(error)), now + FAILURE_TTL),
    };
    let end = MetaUpload {
        claim,
        meta_id,
        failure,
        valid_until,
    };
    // The id is valid even if it cannot be cached.
    if let Err(error) = store::finish_upload(service.db.writer(), key, &end).await {
        tracing::warn!(%error, "the result of an upload to Meta could not be stored; the file may be uploaded again");
    }
    let label = if result.is_ok() { "ok" } else { "failed" };
    metrics::counter!("mainstay_media_uploads_total", "outcome" => label).increment(1);
    result
}

/// Renews the lease until it is lost, and returns the error then.
async fn renew_lease(service: &MediaService, key: &UploadKey, claim: Uuid) -> MetaIdError {
    loop {
        tokio::time::sleep(RENEW_INTERVAL).await;
        match store::renew_upload_lease(service.db.writer(), key, claim, service.clock.now() + LEASE).await {
            Ok(0) => return MetaIdError::Transient("the upload's lease was lost to another process".to_owned()),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the lease of an upload could not be renewed; will retry"),
        }
    }
}

async fn transfer(service: &MediaService, key: &UploadKey, file: &MediaFile) -> Result<String, MetaIdError> {
    let directory = service.directory.current();
    let route = directory
        .channel(key.channel)
        .filter(|route| route.tenant == key.tenant);
    let access = route.and_then(Route::access).ok_or(MetaIdError::NoChannel)?;
    let pieces = service.storage.read(&file.key, None).await.map_err(|error| {
        metrics::counter!("mainstay_storage_failures_total", "what" => "read").increment(1);
        match error {
            storage::Error::Missing => MetaIdError::Gone("the file is no longer in the store"),
            other => MetaIdError::Transient(other.to_string()),
        }
    })?;
    let upload = graph::MediaUpload {
        file_name: name::upload_name(file.filename.as_deref(), &key.mime_type),
        mime_type: key.mime_type.clone(),
        length: file.size,
        body: pieces.map_err(std::io::Error::other).boxed(),
    };
    let id = service
        .graph
        .upload(access, upload)
        .await
        .map_err(|error| match error {
            graph::Error::Refused(refusal) => MetaIdError::Refused(refusal),
            other => MetaIdError::Transient(other.to_string()),
        })?;
    metrics::counter!("mainstay_media_bytes_total", "direction" => "out").increment(file.size);
    Ok(id)
}

fn encode_failure(error: &MetaIdError) -> String {
    let failure = match error {
        MetaIdError::Refused(error) => Failure::Refused(Refusal {
            http_status: error.http_status,
            code: error.code,
            subcode: error.subcode,
            title: error.title.clone(),
            details: error.details.clone(),
            fbtrace_id: error.fbtrace_id.clone(),
        }),
        other => Failure::Passing(other.to_string()),
    };
    serde_json::to_string(&failure).expect("text and numbers always serialise")
}

fn decode_failure(text: &str) -> MetaIdError {
    match serde_json::from_str(text) {
        Ok(Failure::Passing(why)) => MetaIdError::Transient(why),
        Ok(Failure::Refused(it)) => MetaIdError::Refused(GraphError {
            http_status: it.http_status,
            code: it.code,
            subcode: it.subcode,
            title: it.title,
            details: it.details,
            fbtrace_id: it.fbtrace_id,
        }),
        Err(error) => MetaIdError::Transient(error.to_string()),
    }
}

/// Removes ids that Meta no longer knows, and failures that are no longer believed, a day after they ended.
pub async fn clean_cache(service: &MediaService) -> db::Result<()> {
    let before = service.clock.now() - TimeDelta::days(1);
    while store::remove_expired(service.db.writer(), before, EXPIRED_CHUNK).await? == EXPIRED_CHUNK as u64 {
        tokio::task::yield_now().await;
    }
    Ok(())
}
