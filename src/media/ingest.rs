//! From a stream of bytes to a file in the store: counted, hashed, looked at, in one pass and without holding it in memory.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::{
    remove,
    sniff::{self, HEAD},
    table::Rejected,
};
use crate::{
    db::{self, Tx},
    domain::{Id, MediaFileId, TenantId},
    media::MEDIA_VARIANTS,
    media::MediaService,
    media::store::{self, NewFile, WantsVariants},
    storage::{self, FileWriter, StorageKey},
};

/// For how long a file may be written before it is taken for a leftover.
const GRACE: TimeDelta = TimeDelta::days(1);

/// A file in the store that is nobody's yet. Unless it is kept, it is removed.
#[derive(Debug)]
pub struct Draft {
    pub digest: [u8; 32],
    pub size: u64,
    /// The first bytes.
    pub head: Vec<u8>,
    tenant: TenantId,
    file: MediaFileId,
    key: StorageKey,
}

/// Why no file came of a stream; `E` is the stream's own trouble.
#[derive(Debug)]
pub enum Broken<E> {
    Source(E),
    Rejected(Rejected),
    Storage(storage::Error),
    Database(sqlx::Error),
}

/// How long a file may be, given its first bytes: asked when they are there, so that what is refused is not read to its end.
pub trait Limit: FnOnce(&[u8]) -> Result<Longest, Rejected> + Send {}
impl<F: FnOnce(&[u8]) -> Result<Longest, Rejected> + Send> Limit for F {}

/// In bytes, and what it is said of.
#[derive(Clone, Copy, Debug)]
pub struct Longest {
    pub most: u64,
    pub what: &'static str,
}

pub async fn draw<E>(
    service: &MediaService,
    tenant: TenantId,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
    limit: impl Limit,
) -> Result<Draft, Broken<E>> {
    let file: MediaFileId = service.clock.new_id();
    let key = StorageKey::of(tenant.uuid(), file.uuid());
    let noted = store::plan(&service.db, &[key.as_str().to_owned()], service.clock.now() + GRACE).await;
    noted.map_err(Broken::Database)?;
    let mut writer = service.storage.write(&key);
    let read = match copy(&mut writer, pieces, limit).await {
        Ok(read) => writer.finish().await.map(|()| read).map_err(Broken::Storage),
        Err(broken) => {
            writer.abort().await;
            Err(broken)
        }
    };
    match read {
        Ok(Read { digest, size, head }) => Ok(Draft {
            digest,
            size,
            head,
            tenant,
            file,
            key,
        }),
        Err(broken) => {
            remove::at_once(service, &[key]).await;
            Err(broken)
        }
    }
}

struct Read {
    digest: [u8; 32],
    size: u64,
    head: Vec<u8>,
}

async fn copy<E>(
    writer: &mut FileWriter,
    pieces: impl Stream<Item = Result<Bytes, E>>,
    limit: impl Limit,
) -> Result<Read, Broken<E>> {
    let mut pieces = std::pin::pin!(pieces);
    let (mut hash, mut size, mut head) = (Sha256::new(), 0_u64, Vec::with_capacity(HEAD));
    let mut limit = Some(limit);
    let mut longest: Option<Longest> = None;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(Broken::Source)?;
        size += piece.len() as u64;
        hash.update(&piece);
        if head.len() < HEAD {
            head.extend_from_slice(&piece[..piece.len().min(HEAD - head.len())]);
        }
        if head.len() == HEAD
            && let Some(limit) = limit.take()
        {
            longest = Some(limit(&head).map_err(Broken::Rejected)?);
        }
        longest.map_or(Ok(()), |it| it.holds(size)).map_err(Broken::Rejected)?;
        writer.push(piece).await.map_err(Broken::Storage)?;
    }
    if let Some(limit) = limit.take() {
        let longest = limit(&head).map_err(Broken::Rejected)?;
        longest.holds(size).map_err(Broken::Rejected)?;
    }
    Ok(Read {
        digest: hash.finalize().into(),
        size,
        head,
    })
}

impl Longest {
    fn holds(self, size: u64) -> Result<(), Rejected> {
        let Longest { most, what } = self;
        if size > most {
            return Err(Rejected::TooLarge { what, most });
        }
        Ok(())
    }
}

impl Draft {
    /// Makes the file the tenant's, in the transaction that makes use of it. The same bytes may be there already: then that file is the
    /// answer, and this one goes.
    pub async fn keep(&self, tx: &mut Tx, now: DateTime<Utc>) -> db::Result<MediaFileId> {
        let file = NewFile {
            tenant: self.tenant,
            id: self.file,
            digest: self.digest,
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            variants: sniff::wants_variants(&self.head),
        };
        let kept = store::keep(tx, &file, now).await?;
        let note = [self.key.as_str().to_owned()];
        if kept != self.file {
            store::plan(&mut *tx, &note, now).await?;
            metrics::counter!("mainstay_media_deduplicated_total").increment(1);
        } else if store::take_back(&mut *tx, &note, now).await? == 0 {
            // So long after it was begun, the file may be gone.
            return Err(db::conflict_error());
        }
        Ok(kept)
    }

    /// Has smaller pictures made of the file that it became, if it is one that wants them.
    pub async fn want_variants(&self, service: &MediaService, file: MediaFileId) {
        if sniff::wants_variants(&self.head) == WantsVariants::Yes {
            // What cannot be queued is found by the sweep.
            let _ = service
                .queues
                .push(&MEDIA_VARIANTS, [file.uuid()], service.clock.now())
                .await;
        }
    }

    /// Gives it up.
    pub async fn discard(self, service: &MediaService) {
        remove::at_once(service, &[self.key]).await;
    }
}
