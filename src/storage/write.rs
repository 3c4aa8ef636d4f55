use std::path::{Path, PathBuf};

use bytes::Bytes;
use object_store::buffered::BufWriter;
use tokio::io::AsyncWriteExt;

use super::{Error, Key, Storage};

/// Bytes held before they are sent: S3 takes parts of no less than 5 MB, and a file shorter than this in one request.
const PART: usize = 5 * 1024 * 1024;
/// Parts under way at once.
const PARTS: usize = 2;

/// A file that is being written.
#[must_use = "a file that is not finished is not there"]
pub struct Writer {
    storage: Storage,
    key: Key,
    inner: BufWriter,
}

impl Writer {
    pub(super) fn new(storage: Storage, key: Key) -> Self {
        let inner =
            BufWriter::with_capacity(storage.store.clone(), storage.path(&key), PART).with_max_concurrency(PARTS);
        Self { storage, key, inner }
    }

    pub async fn push(&mut self, piece: Bytes) -> Result<(), Error> {
        Ok(self.inner.put(piece).await?)
    }

    /// Returns when the file is there and would outlast a loss of power.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.inner.shutdown().await?;
        if let Some(root) = self.storage.folder.clone() {
            let path = root.join(self.key.as_str());
            return blocking(move || sync(&root, &path)).await;
        }
        Ok(())
    }

    /// Gives up. What was sent so far is thrown away as far as the store lets us; a file removed later takes the rest with it.
    pub async fn abort(mut self) {
        if let Err(error) = self.inner.abort().await {
            tracing::debug!(%error, "a write that was given up could not be cleared away at once");
        }
    }
}

/// The file, and the folders on the way to it, which may be new.
fn sync(root: &Path, path: &Path) -> std::io::Result<()> {
    let inside = |it: &&Path| it.starts_with(root);
    path.ancestors()
        .take_while(inside)
        .try_for_each(|it| std::fs::File::open(it)?.sync_all())
}

/// A folder's file is written under the name `FILE#N` first. A process that was killed leaves that behind; a bucket's parts are cleared away
/// by the bucket's own rule about incomplete uploads.
pub(super) async fn remove_leftovers(storage: &Storage, key: &Key) -> Result<(), Error> {
    let Some(root) = &storage.folder else { return Ok(()) };
    let staged: PathBuf = root.join(format!("{}#1", key.as_str()));
    blocking(move || match std::fs::remove_file(staged) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    })
    .await
}

async fn blocking(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), Error> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(std::io::Error::other)??)
}
