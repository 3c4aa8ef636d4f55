//! Media uploaded by tenants, as bytes or by URL.

use bytes::Bytes;
use futures::{Stream, StreamExt};

use super::{
    MediaKind,
    ingest::{self, IngestError, SizeLimit, StagedFile},
    limits::{self, AcceptedType, MAX_FILE_BYTES, Rejected},
    name::safe_name,
};
use crate::{
    db::{Tx, retry_conflicts},
    domain::{Ctx, MediaId, QuotaReached, TenantId},
    egress,
    media::MediaService,
    media::store::{self, NewUploadedMedia},
    memory::{ChargedStreamError, MemoryExhausted, RequestMemory},
    records::quotas,
    storage,
};

/// Properties of the media as declared by the caller.
#[derive(Clone, Debug, Default)]
pub struct DeclaredMedia {
    /// Kind it will be sent as; inferred from the type if absent.
    pub kind: Option<MediaKind>,
    /// Declared type, which is verified by the bytes.
    pub mime_type: Option<String>,
    pub filename: Option<String>,
}

/// Reason why an upload is rejected.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Rejected(#[from] Rejected),
    #[error("the body ended early: {0}")]
    Incomplete(String),
    /// The URL is not allowed, or could not be fetched.
    #[error(transparent)]
    Egress(#[from] egress::Error),
    /// No memory available for the request.
    #[error(transparent)]
    MemoryExhausted(#[from] MemoryExhausted),
    #[error(transparent)]
    Storage(storage::Error),
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Stores a stream of bytes, whose memory is charged to the request. An error `E` of the stream aborts the upload.
pub async fn upload<E: std::fmt::Display>(
    service: &MediaService,
    ctx: &Ctx,
    declared: DeclaredMedia,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
    memory: &RequestMemory,
) -> Result<MediaId, UploadError> {
    let tenant = ctx.tenant;
    quotas::has_room(service.db.reader(), tenant).await??;
    let staged = stage(service, tenant, &declared, memory.charge_stream(pieces)).await;
    let staged = staged.map_err(|error| match error {
        IngestError::Source(ChargedStreamError::Source(error)) => UploadError::Incomplete(error.to_string()),
        other => upload_error(other),
    })?;
    store_file(service, ctx, declared, staged).await
}

/// Fetches media from a URL through the SSRF guard.
pub async fn upload_from_url(
    service: &MediaService,
    ctx: &Ctx,
    declared: DeclaredMedia,
    url: &str,
    memory: &RequestMemory,
) -> Result<MediaId, UploadError> {
    let tenant = ctx.tenant;
    quotas::has_room(service.db.reader(), tenant).await??;
    let target = service.egress.check(url).map_err(egress::Error::Refused)?;
    let answer = egress::for_tenant(tenant, service.egress.get(&target, MAX_FILE_BYTES)).await?;
    let declared = DeclaredMedia {
        mime_type: declared.mime_type.or_else(|| answer.content_type.clone()),
        filename: declared.filename.or_else(|| last_segment(&target)),
        ..declared
    };
    let staged = stage(
        service,
        tenant,
        &declared,
        memory.charge_stream(answer.chunks().boxed()),
    )
    .await;
    let staged = staged.map_err(|error| match error {
        IngestError::Source(ChargedStreamError::Source(error)) => UploadError::Egress(error),
        other => upload_error(other),
    })?;
    store_file(service, ctx, declared, staged).await
}

/// Stages the stream. Stops reading once Meta's limits are exceeded.
async fn stage<E>(
    service: &MediaService,
    tenant: TenantId,
    declared: &DeclaredMedia,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<StagedFile, IngestError<E>> {
    let limit = |head: &[u8]| {
        let AcceptedType { max_bytes, what, .. } = limits::accept(declared.kind, declared.mime_type.as_deref(), head)?;
        Ok(SizeLimit { max_bytes, what })
    };
    ingest::stage(service, tenant, pieces, limit).await
}

fn upload_error<E>(error: IngestError<ChargedStreamError<E>>) -> UploadError {
    match error {
        IngestError::Source(ChargedStreamError::MemoryExhausted(why)) => UploadError::MemoryExhausted(why),
        IngestError::Source(ChargedStreamError::Source(_)) => UploadError::Incomplete("it ended early".to_owned()),
        IngestError::Rejected(rejected) => UploadError::Rejected(rejected),
        IngestError::Storage(error) => {
            metrics::counter!("mainstay_storage_failures_total", "what" => "write").increment(1);
            UploadError::Storage(error)
        }
        IngestError::Database(error) => UploadError::Database(error),
    }
}

async fn store_file(
    service: &MediaService,
    ctx: &Ctx,
    declared: DeclaredMedia,
    staged: StagedFile,
) -> Result<MediaId, UploadError> {
    let accepted = limits::accept(declared.kind, declared.mime_type.as_deref(), &staged.head)?;
    let id = service.clock.new_id();
    if let Err(reached) = retry_conflicts(|| try_store_file(service, id, ctx, &declared, &accepted, &staged)).await? {
        staged.discard(service).await;
        return Err(reached.into());
    }
    metrics::counter!("mainstay_media_bytes_total", "direction" => "uploaded").increment(staged.size);
    Ok(id)
}

async fn try_store_file(
    service: &MediaService,
    id: MediaId,
    ctx: &Ctx,
    declared: &DeclaredMedia,
    accepted: &AcceptedType,
    staged: &StagedFile,
) -> Result<Result<(), QuotaReached>, sqlx::Error> {
    let tenant = ctx.tenant;
    let now = service.clock.now();
    let keep = async |tx: &mut Tx| {
        let file = staged.commit(tx, now).await?;
        let new = NewUploadedMedia {
            id,
            tenant,
            created_by: ctx.actor,
            kind: accepted.kind.as_str(),
            mime_type: accepted.mime_type.clone(),
            filename: declared
                .filename
                .as_deref()
                .and_then(|name| safe_name(name, &accepted.mime_type)),
            file,
        };
        store::insert_uploaded(tx.on(), &new, now).await?;
        // Last, in the same lock order as a deletion: the file's row before that of the quota.
        let room = quotas::add_bytes(tx, tenant, i64::try_from(staged.size).unwrap_or(i64::MAX)).await?;
        Ok::<_, sqlx::Error>(room.map(|()| file))
    };
    let mut tx = service.db.begin().await?;
    match keep(&mut tx).await {
        Ok(Ok(file)) => {
            tx.commit().await?;
            staged.queue_variants(service, file).await;
            Ok(Ok(()))
        }
        Ok(Err(reached)) => {
            tx.rollback().await?;
            Ok(Err(reached))
        }
        Err(error) => {
            tx.rollback().await?;
            Err(error)
        }
    }
}

/// Returns the last path segment of the URL, if it looks like a file name.
fn last_segment(target: &egress::Target) -> Option<String> {
    let segment = target.url().path_segments()?.next_back()?;
    let name = percent_encoding::percent_decode_str(segment).decode_utf8().ok()?;
    name.contains('.').then(|| name.into_owned())
}
