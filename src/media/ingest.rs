//! Streams bytes into a stored file, counted, hashed and sniffed in one pass, without holding the file in memory.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::{
    limits::Rejected,
    remove,
    sniff::{self, HEAD_BYTES},
};
use crate::{
    db::{self, Tx},
    domain::{Id, MediaFileId, TenantId},
    media::MEDIA_VARIANTS,
    media::MediaService,
    media::store::{self, NewFile, WantsVariants},
    storage::{self, FileWriter, StorageKey},
};

/// Time after which a staged file counts as abandoned and is removed.
const STAGING_PERIOD: TimeDelta = TimeDelta::days(1);

/// A stored file that no row owns yet. Removed unless it is committed.
#[derive(Debug)]
pub(crate) struct StagedFile {
    pub digest: [u8; 32],
    pub size: u64,
    /// The first [`HEAD_BYTES`].
    pub head: Vec<u8>,
    tenant: TenantId,
    file: MediaFileId,
    key: StorageKey,
}

/// Error of staging a file; `E` is the stream's error.
#[derive(Debug)]
pub(crate) enum IngestError<E> {
    Source(E),
    Rejected(Rejected),
    Storage(storage::Error),
    Database(sqlx::Error),
}

/// Chooses the size limit by the first bytes, so that a rejected file is not read to its end.
pub(crate) trait SizeLimitFn: FnOnce(&[u8]) -> Result<SizeLimit, Rejected> + Send {}
impl<F: FnOnce(&[u8]) -> Result<SizeLimit, Rejected> + Send> SizeLimitFn for F {}

/// A size limit, and the kind of file it applies to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeLimit {
    pub max_bytes: u64,
    pub what: &'static str,
}

pub async fn stage<E>(
    service: &MediaService,
    tenant: TenantId,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
    limit: impl SizeLimitFn,
) -> Result<StagedFile, IngestError<E>> {
    let file: MediaFileId = service.clock.new_id();
    let key = StorageKey::of(tenant.uuid(), file.uuid());
    let scheduled = store::schedule_removal(
        service.db.writer(),
        &[key.as_str().to_owned()],
        service.clock.now() + STAGING_PERIOD,
    )
    .await;
    scheduled.map_err(IngestError::Database)?;
    let mut writer = service.storage.write(&key);
    let read = match copy(&mut writer, pieces, limit).await {
        Ok(read) => writer.finish().await.map(|()| read).map_err(IngestError::Storage),
        Err(error) => {
            writer.abort().await;
            Err(error)
        }
    };
    match read {
        Ok(Written { digest, size, head }) => Ok(StagedFile {
            digest,
            size,
            head,
            tenant,
            file,
            key,
        }),
        Err(error) => {
            remove::remove_now(service, &[key]).await;
            Err(error)
        }
    }
}

struct Written {
    digest: [u8; 32],
    size: u64,
    head: Vec<u8>,
}

async fn copy<E>(
    writer: &mut FileWriter,
    pieces: impl Stream<Item = Result<Bytes, E>>,
    limit: impl SizeLimitFn,
) -> Result<Written, IngestError<E>> {
    let mut pieces = std::pin::pin!(pieces);
    let (mut hash, mut size, mut head) = (Sha256::new(), 0_u64, Vec::with_capacity(HEAD_BYTES));
    let mut limit = Some(limit);
    let mut longest: Option<SizeLimit> = None;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(IngestError::Source)?;
        size += piece.len() as u64;
        hash.update(&piece);
        if head.len() < HEAD_BYTES {
            head.extend_from_slice(&piece[..piece.len().min(HEAD_BYTES - head.len())]);
        }
        if head.len() == HEAD_BYTES
            && let Some(limit) = limit.take()
        {
            longest = Some(limit(&head).map_err(IngestError::Rejected)?);
        }
        longest
            .map_or(Ok(()), |it| it.check(size))
            .map_err(IngestError::Rejected)?;
        writer.push(piece).await.map_err(IngestError::Storage)?;
    }
    if let Some(limit) = limit.take() {
        let longest = limit(&head).map_err(IngestError::Rejected)?;
        longest.check(size).map_err(IngestError::Rejected)?;
    }
    Ok(Written {
        digest: hash.finalize().into(),
        size,
        head,
    })
}

impl SizeLimit {
    fn check(self, size: u64) -> Result<(), Rejected> {
        let SizeLimit { max_bytes, what } = self;
        if size > max_bytes {
            return Err(Rejected::TooLarge { what, max_bytes });
        }
        Ok(())
    }
}

impl StagedFile {
    /// Commits the file in the transaction that uses it. If the tenant has a file with the same bytes, returns that one, and schedules the
    /// removal of this one.
    pub async fn commit(&self, tx: &mut Tx, now: DateTime<Utc>) -> db::Result<MediaFileId> {
        let file = NewFile {
            tenant: self.tenant,
            id: self.file,
            digest: self.digest,
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            variants: sniff::wants_variants(&self.head),
        };
        let committed = store::upsert_file(tx, &file, now).await?;
        let note = [self.key.as_str().to_owned()];
        if committed != self.file {
            store::schedule_removal(tx.on(), &note, now).await?;
            metrics::counter!("mainstay_media_deduplicated_total").increment(1);
        } else if store::cancel_removal(tx.on(), &note, now).await? == 0 {
            // The staging period is over, so the file may have been removed.
            return Err(db::conflict_error());
        }
        Ok(committed)
    }

    /// Queues the generation of variants if the file is an image.
    pub(crate) async fn queue_variants(&self, service: &MediaService, file: MediaFileId) {
        if sniff::wants_variants(&self.head) == WantsVariants::Yes {
            // The sweep finds what could not be queued.
            let _ = service
                .queues
                .push(&MEDIA_VARIANTS, [file.uuid()], service.clock.now())
                .await;
        }
    }

    /// Removes the file.
    pub async fn discard(self, service: &MediaService) {
        remove::remove_now(service, &[self.key]).await;
    }
}
