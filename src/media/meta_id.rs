//! What Meta calls a file of ours: uploaded once per channel, and the id used for 29 of the 30 days that it is good for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Content, ContentError, MediaKind, Rejected, content, name, sniff::essence, table};
use crate::{
    clock::uuid_at,
    db::{self, Tx},
    directory::Route,
    domain::{ChannelId, MediaId, TenantId},
    media::MediaService,
    media::store::{self, Named, Upload, UploadKey},
    meta::graph::{self, GraphError},
    storage,
};

const GOOD_FOR: TimeDelta = TimeDelta::days(29);
const BELIEVED: TimeDelta = TimeDelta::hours(1);
/// How long an upload belongs to a process that is not heard of.
const LEASE: TimeDelta = TimeDelta::seconds(30);
const RENEWED_EVERY: Duration = Duration::from_secs(10);
/// How soon it is looked whether somebody else is done; each time twice as long passes, up to a second.
const GLANCE: Duration = Duration::from_millis(50);
const LONGEST_GLANCE: Duration = Duration::from_secs(1);
/// How long those who come later wait: longer than any upload takes.
const PATIENCE: Duration = Duration::from_secs(330);
/// For so long a refusal of the file is believed, so that ten thousand messages with one bad file do not upload it ten thousand times;
/// and for so long any other failure, so that those who waited for the upload do not try it one after the other.
const REFUSAL: TimeDelta = TimeDelta::minutes(1);
const FAILURE: TimeDelta = TimeDelta::seconds(5);
/// Refusals that are about the file: a bad parameter or value, a type or a length that is not taken. Others, such as asking too often or a
/// bad token, are not for us to remember.
const OF_THE_FILE: [i64; 5] = [100, 131_009, 131_051, 131_052, 131_053];

/// Why there is no id.
#[derive(Debug, thiserror::Error)]
pub enum MetaIdError {
    /// Nothing will change by waiting: unknown, deleted, never fetched.
    #[error("{0}")]
    Gone(&'static str),
    /// It is still being fetched from Meta.
    #[error("the media is not here yet")]
    NotYet,
    #[error("the channel is not known here, or its access token does not open")]
    NoChannel,
    /// Meta answered: it does not take the file, or takes nothing from us just now. The code says which.
    #[error("Meta refused the file: {0}")]
    Refused(GraphError),
    /// Worth another try.
    #[error("the file could not be uploaded: {0}")]
    Passing(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A failure, as it is kept.
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

/// Has files uploaded anew for the next message, because Meta does not take what it called them. An id of the last hour is believed all
/// the same: then it is the file that does not do, and a campaign with a bad one does not upload it for each of its messages.
pub async fn forget(tx: &mut Tx, files: &[Named], now: DateTime<Utc>) -> db::Result<u64> {
    store::forget(tx, files, now + GOOD_FOR - BELIEVED, now).await
}

/// Meta's id of our media on a channel. Uploads it if need be; of all who ask at once, in any process, one does that and the others wait.
pub async fn meta_id(
    service: &MediaService,
    tenant: TenantId,
    channel: ChannelId,
    id: MediaId,
) -> Result<String, MetaIdError> {
    let (key, file) = find(service, tenant, channel, id).await?;
    let waiting = tokio::time::timeout(PATIENCE, first_or_wait(service, &key, &file));
    let late = || MetaIdError::Passing("another process uploads it and takes too long".to_owned());
    waiting.await.map_err(|_| late())?
}

/// A file of ours, as far as it concerns Meta.
#[derive(Clone, Debug)]
pub struct AtMeta {
    /// `None` when Meta does not have it, or somebody is giving it to Meta.
    pub id: Option<String>,
    mime_type: String,
    /// In bytes.
    size: u64,
}

impl AtMeta {
    /// Whether Meta takes it as that.
    pub fn fits(&self, kind: MediaKind) -> Result<(), Rejected> {
        table::sendable(kind, &self.mime_type, self.size)
    }
}

/// What [`meta_id`] knows without uploading anything.
pub async fn at_meta(
    service: &MediaService,
    tenant: TenantId,
    channel: ChannelId,
    id: MediaId,
) -> Result<AtMeta, MetaIdError> {
    let (key, file) = find(service, tenant, channel, id).await?;
    let upload = store::find_upload(service.db.reader(), &key, service.clock.now()).await?;
    if let Some(failure) = upload.as_ref().and_then(|it| it.failure.as_deref()) {
        return Err(recalled(failure));
    }
    Ok(AtMeta {
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
) -> Result<(UploadKey, Content), MetaIdError> {
    let row = store::find(service.db.reader(), tenant, id).await?;
    let file = row.as_ref().and_then(|row| row.file_id);
    let found = row.ok_or(ContentError::Unknown).and_then(|row| content::of(row, None));
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

async fn first_or_wait(service: &MediaService, key: &UploadKey, file: &Content) -> Result<String, MetaIdError> {
    let mut glance = GLANCE;
    loop {
        let now = service.clock.now();
        match store::find_upload(service.db.reader(), key, now).await? {
            Some(Upload { meta_id: Some(id), .. }) => return Ok(id),
            Some(Upload {
                failure: Some(failure), ..
            }) => return Err(recalled(&failure)),
            // Somebody is at it.
            Some(_) => {
                tokio::time::sleep(glance).await;
                glance = (glance * 2).min(LONGEST_GLANCE);
            }
            None => {
                let claim = uuid_at(now);
                if store::claim(&service.db, key, claim, now + LEASE, now).await? > 0 {
                    return upload(service, key, claim, file).await;
                }
            }
        }
    }
}

async fn upload(service: &MediaService, key: &UploadKey, claim: Uuid, file: &Content) -> Result<String, MetaIdError> {
    let result = tokio::select! {
        result = transfer(service, key, file) => result,
        lost = hold(service, key, claim) => Err(lost),
    };
    let now = service.clock.now();
    let (meta_id, failure, valid_until) = match &result {
        Ok(id) => (Some(id.clone()), None, now + GOOD_FOR),
        Err(error @ MetaIdError::Refused(refusal)) if OF_THE_FILE.contains(&refusal.code) => {
            (None, Some(remembered(error)), now + REFUSAL)
        }
        Err(error) => (None, Some(remembered(error)), now + FAILURE),
    };
    let end = Upload {
        claim,
        meta_id,
        failure,
        valid_until,
    };
    // An id that cannot be written down is good all the same.
    if let Err(error) = store::finish(&service.db, key, &end).await {
        tracing::warn!(%error, "the end of an upload to Meta could not be noted; the file may be uploaded once more");
    }
    let label = if result.is_ok() { "ok" } else { "failed" };
    metrics::counter!("mainstay_media_uploads_total", "outcome" => label).increment(1);
    result
}

/// Renews the lease until it is lost.
async fn hold(service: &MediaService, key: &UploadKey, claim: Uuid) -> MetaIdError {
    loop {
        tokio::time::sleep(RENEWED_EVERY).await;
        match store::renew(&service.db, key, claim, service.clock.now() + LEASE).await {
            Ok(0) => return MetaIdError::Passing("another process took the upload over".to_owned()),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the lease of an upload could not be renewed; it is tried again"),
        }
    }
}

async fn transfer(service: &MediaService, key: &UploadKey, file: &Content) -> Result<String, MetaIdError> {
    let directory = service.directory.current();
    let route = directory
        .channel(key.channel)
        .filter(|route| route.tenant == key.tenant);
    let access = route.and_then(Route::access).ok_or(MetaIdError::NoChannel)?;
    let pieces = service.storage.read(&file.key, None).await.map_err(|error| {
        metrics::counter!("mainstay_storage_failures_total", "what" => "read").increment(1);
        match error {
            storage::Error::Missing => MetaIdError::Gone("the file is no longer in the store"),
            other => MetaIdError::Passing(other.to_string()),
        }
    })?;
    let upload = graph::MediaUpload {
        file_name: name::uploaded(file.filename.as_deref(), &key.mime_type),
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
            other => MetaIdError::Passing(other.to_string()),
        })?;
    metrics::counter!("mainstay_media_bytes_total", "direction" => "out").increment(file.size);
    Ok(id)
}

fn remembered(error: &MetaIdError) -> String {
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

fn recalled(text: &str) -> MetaIdError {
    match serde_json::from_str(text) {
        Ok(Failure::Passing(why)) => MetaIdError::Passing(why),
        Ok(Failure::Refused(it)) => MetaIdError::Refused(GraphError {
            http_status: it.http_status,
            code: it.code,
            subcode: it.subcode,
            title: it.title,
            details: it.details,
            fbtrace_id: it.fbtrace_id,
        }),
        Err(error) => MetaIdError::Passing(error.to_string()),
    }
}
