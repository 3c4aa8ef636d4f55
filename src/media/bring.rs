//! Media that a tenant's program brings: as bytes, or as an address where they are.

use bytes::Bytes;
use futures::{Stream, StreamExt};

use super::{
    MediaKind,
    ingest::{self, Broken, Draft, Longest},
    name::named,
    table::{self, LARGEST, Rejected, Taken},
};
use crate::{
    db::{Tx, retry_conflicts},
    domain::{MediaId, QuotaReached, TenantId},
    egress,
    media::MediaService,
    media::store::{self, NewUploaded},
    memory::{ChargedStreamError, MemoryExhausted, RequestMemory},
    records::quotas,
    storage,
};

/// What its bringer says of it.
#[derive(Clone, Debug, Default)]
pub struct Bring {
    /// What it is to be sent as; without it that follows from the type.
    pub kind: Option<MediaKind>,
    /// What it is said to be. The bytes are asked too.
    pub mime_type: Option<String>,
    pub filename: Option<String>,
}

/// Why it is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BringError {
    #[error(transparent)]
    Rejected(#[from] Rejected),
    #[error("the body broke off: {0}")]
    Incomplete(String),
    /// The address is not visited, or nothing good came of it.
    #[error(transparent)]
    Egress(#[from] egress::Error),
    /// Its bytes find no room in memory.
    #[error(transparent)]
    MemoryExhausted(#[from] MemoryExhausted),
    #[error(transparent)]
    Storage(storage::Error),
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Takes bytes as they come, charged to the request. `E` ends them early.
pub async fn bring<E: std::fmt::Display>(
    service: &MediaService,
    tenant: TenantId,
    said: Bring,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
    memory: &RequestMemory,
) -> Result<MediaId, BringError> {
    quotas::has_room(service.db.reader(), tenant).await??;
    let drawn = draw(service, tenant, &said, memory.charge_stream(pieces)).await;
    let draft = drawn.map_err(|broken| match broken {
        Broken::Source(ChargedStreamError::Source(error)) => BringError::Incomplete(error.to_string()),
        other => plain(other),
    })?;
    keep(service, tenant, said, draft).await
}

/// Fetches what is at an address, past the guard.
pub async fn bring_url(
    service: &MediaService,
    tenant: TenantId,
    said: Bring,
    url: &str,
    memory: &RequestMemory,
) -> Result<MediaId, BringError> {
    quotas::has_room(service.db.reader(), tenant).await??;
    let target = service.egress.check(url).map_err(egress::Error::Refused)?;
    let answer = egress::for_tenant(tenant, service.egress.get(&target, LARGEST)).await?;
    let said = Bring {
        mime_type: said.mime_type.or_else(|| answer.content_type.clone()),
        filename: said.filename.or_else(|| last_segment(&target)),
        ..said
    };
    let drawn = draw(service, tenant, &said, memory.charge_stream(answer.chunks().boxed())).await;
    let draft = drawn.map_err(|broken| match broken {
        Broken::Source(ChargedStreamError::Source(error)) => BringError::Egress(error),
        other => plain(other),
    })?;
    keep(service, tenant, said, draft).await
}

/// Reads no further than it takes to know that Meta would not have it.
async fn draw<E>(
    service: &MediaService,
    tenant: TenantId,
    said: &Bring,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Draft, Broken<E>> {
    let limit = |head: &[u8]| {
        let Taken { most, what, .. } = table::judge(said.kind, said.mime_type.as_deref(), head)?;
        Ok(Longest { most, what })
    };
    ingest::draw(service, tenant, pieces, limit).await
}

fn plain<E>(broken: Broken<ChargedStreamError<E>>) -> BringError {
    match broken {
        Broken::Source(ChargedStreamError::MemoryExhausted(why)) => BringError::MemoryExhausted(why),
        Broken::Source(ChargedStreamError::Source(_)) => BringError::Incomplete("it ended early".to_owned()),
        Broken::Rejected(rejected) => BringError::Rejected(rejected),
        Broken::Storage(error) => {
            metrics::counter!("mainstay_storage_failures_total", "what" => "write").increment(1);
            BringError::Storage(error)
        }
        Broken::Database(error) => BringError::Database(error),
    }
}

async fn keep(service: &MediaService, tenant: TenantId, said: Bring, draft: Draft) -> Result<MediaId, BringError> {
    let taken = table::judge(said.kind, said.mime_type.as_deref(), &draft.head)?;
    let id = service.clock.new_id();
    if let Err(reached) = retry_conflicts(|| once(service, id, tenant, &said, &taken, &draft)).await? {
        draft.discard(service).await;
        return Err(reached.into());
    }
    metrics::counter!("mainstay_media_bytes_total", "direction" => "uploaded").increment(draft.size);
    Ok(id)
}

async fn once(
    service: &MediaService,
    id: MediaId,
    tenant: TenantId,
    said: &Bring,
    taken: &Taken,
    draft: &Draft,
) -> Result<Result<(), QuotaReached>, sqlx::Error> {
    let now = service.clock.now();
    let keep = async |tx: &mut Tx| {
        let file = draft.keep(tx, now).await?;
        let new = NewUploaded {
            id,
            tenant,
            kind: taken.kind.as_str(),
            mime_type: taken.mime_type.clone(),
            filename: said.filename.as_deref().and_then(|name| named(name, &taken.mime_type)),
            file,
        };
        store::insert(&mut *tx, &new, now).await?;
        // Last: a deletion too takes the row of the file before that of what is used.
        let room = quotas::take_bytes(tx, tenant, i64::try_from(draft.size).unwrap_or(i64::MAX)).await?;
        Ok::<_, sqlx::Error>(room.map(|()| file))
    };
    let mut tx = service.db.begin().await?;
    match keep(&mut tx).await {
        Ok(Ok(file)) => {
            tx.commit().await?;
            draft.want_variants(service, file).await;
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

/// What a browser would call it, if that looks like the name of a file.
fn last_segment(target: &egress::Target) -> Option<String> {
    let segment = target.url().path_segments()?.next_back()?;
    let name = percent_encoding::percent_decode_str(segment).decode_utf8().ok()?;
    name.contains('.').then(|| name.into_owned())
}
