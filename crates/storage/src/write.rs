use std::path::{Path, PathBuf};

use bytes::Bytes;
use object_store::buffered::BufWriter;
use tokio::io::AsyncWriteExt;

use super::{Error, Storage, StorageKey};

/// Part size of an upload. S3 requires parts of 5 MB or more; a shorter file is sent in one request.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// Number of parts in flight.
const MAX_CONCURRENT_PARTS: usize = 2;

/// A file being written.
#[must_use = "a file that is not finished is not there"]
pub struct FileWriter {
    storage: Storage,
    key: StorageKey,
    inner: BufWriter,
}

impl FileWriter {
    pub(super) fn new(storage: Storage, key: StorageKey) -> Self {
        let inner = BufWriter::with_capacity(storage.store.clone(), storage.path(&key), PART_BYTES)
            .with_max_concurrency(MAX_CONCURRENT_PARTS);
        Self { storage, key, inner }
    }

    pub async fn push(&mut self, piece: Bytes) -> Result<(), Error> {
        Ok(self.inner.put(piece).await?)
    }

    /// Completes the file and returns once it would survive a power failure.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.inner.shutdown().await?;
        if let Some(root) = self.storage.folder.clone() {
            let path = root.join(self.key.as_str());
            return blocking(move || sync(&root, &path)).await;
        }
        Ok(())
    }

    /// Aborts the write and removes what was sent, if the store can. Removing the file later removes the rest.
    pub async fn abort(mut self) {
        if let Err(error) = self.inner.abort().await {
            tracing::debug!(%error, "cleaning up an aborted write failed");
        }
    }
}

/// Syncs the file and the folders on its path, which may be new.
fn sync(root: &Path, path: &Path) -> std::io::Result<()> {
    let inside = |it: &&Path| it.starts_with(root);
    path.ancestors()
        .take_while(inside)
        .try_for_each(|it| std::fs::File::open(it)?.sync_all())
}

/// Removes leftovers of killed processes. In a folder a file is first written as `FILE#N`; in a bucket incomplete uploads are removed by
/// the bucket's own lifecycle rule.
pub(super) async fn remove_leftovers(storage: &Storage, key: &StorageKey) -> Result<(), Error> {
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
