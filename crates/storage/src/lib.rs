//! File storage: a local folder, or any S3-compatible store. Files are streamed in both directions; an unfinished file is not visible.

mod config;
mod error;
mod key;
mod open;
mod write;

use std::{ops::Range, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};

pub use config::{Bucket, StorageConfig};
pub use error::Error;
pub use key::StorageKey;
pub use write::FileWriter;

/// The file store of a process. Clones share it.
#[derive(Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    /// The folder, if it is a local one.
    folder: Option<Arc<PathBuf>>,
    prefix: object_store::path::Path,
}

impl Storage {
    /// Starts a file. It becomes visible, complete, when [`FileWriter::finish`] returns, and never otherwise.
    pub fn write(&self, key: &StorageKey) -> FileWriter {
        FileWriter::new(self.clone(), key.clone())
    }

    /// Writes a file that fits in memory.
    pub async fn put(&self, key: &StorageKey, bytes: Bytes) -> Result<(), Error> {
        let mut writer = self.write(key);
        writer.push(bytes).await?;
        writer.finish().await
    }

    /// Streams a file, or a range of it.
    pub async fn read(
        &self,
        key: &StorageKey,
        part: Option<Range<u64>>,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let options = GetOptions {
            range: part.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&self.path(key), options).await?;
        Ok(found.into_stream().map_err(Error::from))
    }

    /// Reads a whole file, unless it is longer than `max` bytes.
    pub async fn load(&self, key: &StorageKey, max: u64) -> Result<Bytes, Error> {
        let found = self.store.get(&self.path(key)).await?;
        if found.meta.size > max {
            return Err(Error::TooLarge { max });
        }
        Ok(found.bytes().await?)
    }

    /// Removes a file and leftovers of aborted writes. Succeeds if the file does not exist.
    pub async fn remove(&self, key: &StorageKey) -> Result<(), Error> {
        match self.store.delete(&self.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        write::remove_leftovers(self, key).await
    }

    /// Writes, reads and removes a small file, to check permissions and function.
    pub async fn check(&self) -> Result<(), Error> {
        const PROBE: &[u8] = b"written by mainstay to see whether it can be";
        let key = StorageKey::random_probe();
        self.put(&key, Bytes::from_static(PROBE)).await?;
        let pieces: Vec<Bytes> = self.read(&key, None).await?.boxed().try_collect().await?;
        self.remove(&key).await?;
        if pieces.concat() == PROBE {
            return Ok(());
        }
        Err(Error::Unavailable(
            "the file read back differs from the one written".to_owned(),
        ))
    }

    fn path(&self, key: &StorageKey) -> object_store::path::Path {
        self.prefix.parts().chain(key.parts()).collect()
    }
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Storage({})", self.store)
    }
}
