//! Where files are: a local folder, or any store that speaks S3. Files go in and out in pieces; one that is not finished is not there.

mod error;
mod key;
mod open;
mod write;

use std::{ops::Range, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};

pub use error::Error;
pub use key::Key;
pub use write::Writer;

/// The store of a process. Clones share it.
#[derive(Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    /// Where it is a folder of this machine.
    folder: Option<Arc<PathBuf>>,
    prefix: object_store::path::Path,
}

impl Storage {
    /// Begins a file. It appears, whole, when [`Writer::finish`] returns; until then, and if it never does, nothing is there.
    pub fn write(&self, key: &Key) -> Writer {
        Writer::new(self.clone(), key.clone())
    }

    /// A file that is small enough to be held in memory.
    pub async fn put(&self, key: &Key, bytes: Bytes) -> Result<(), Error> {
        let mut writer = self.write(key);
        writer.push(bytes).await?;
        writer.finish().await
    }

    /// The pieces of a file, or of a part of it.
    pub async fn read(
        &self,
        key: &Key,
        part: Option<Range<u64>>,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let options = GetOptions {
            range: part.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&self.path(key), options).await?;
        Ok(found.into_stream().map_err(Error::from))
    }

    /// All of a file, unless it is longer than `most` bytes.
    pub async fn load(&self, key: &Key, most: u64) -> Result<Bytes, Error> {
        let found = self.store.get(&self.path(key)).await?;
        if found.meta.size > most {
            return Err(Error::TooLarge { most });
        }
        Ok(found.bytes().await?)
    }

    /// Removes a file, with what a broken-off write of it left behind. One that is not there is removed already.
    pub async fn remove(&self, key: &Key) -> Result<(), Error> {
        match self.store.delete(&self.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        write::remove_leftovers(self, key).await
    }

    /// Writes, reads and removes a little file: whether everything is allowed and works.
    pub async fn check(&self) -> Result<(), Error> {
        const WORDS: &[u8] = b"written by mainstay to see whether it can be";
        let key = Key::probe();
        self.put(&key, Bytes::from_static(WORDS)).await?;
        let pieces: Vec<Bytes> = self.read(&key, None).await?.boxed().try_collect().await?;
        self.remove(&key).await?;
        if pieces.concat() == WORDS {
            return Ok(());
        }
        Err(Error::Broken(
            "what was written reads back as something else".to_owned(),
        ))
    }

    fn path(&self, key: &Key) -> object_store::path::Path {
        self.prefix.parts().chain(key.parts()).collect()
    }
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Storage({})", self.store)
    }
}
