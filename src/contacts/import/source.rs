//! Reads the rows of a stored file from where an import is.

use bytes::Bytes;
use futures::TryStreamExt;

use super::rows::{RawRow, RowReader, RowTooLong};
use crate::storage::{self, Storage, StorageKey};

/// How much of a file is read at once.
const RANGE_BYTES: u64 = 8 * 1_024 * 1_024;

#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error(transparent)]
    Row(#[from] RowTooLong),
}

/// The rows of a stored file, from a position on.
pub(super) struct RowSource {
    pub storage: Storage,
    pub key: StorageKey,
    pub reader: RowReader,
    /// Where the next range begins.
    pub next: u64,
    /// The length of the file.
    pub bytes: u64,
}

impl RowSource {
    /// Returns the next rows, fewer only at the end of the file.
    pub async fn rows(&mut self, most: usize) -> Result<Vec<RawRow>, SourceError> {
        let mut rows = Vec::with_capacity(most);
        while rows.len() < most {
            match self.reader.next_row()? {
                Some(row) => rows.push(row),
                None if self.next >= self.bytes => break,
                None => self.read_range().await?,
            }
        }
        Ok(rows)
    }

    async fn read_range(&mut self) -> Result<(), SourceError> {
        let end = self.bytes.min(self.next + RANGE_BYTES);
        let pieces = self.storage.read(&self.key, Some(self.next..end)).await?;
        let mut pieces = std::pin::pin!(pieces);
        while let Some(piece) = pieces.try_next().await? {
            let piece: Bytes = piece;
            self.next += piece.len() as u64;
            self.reader.push(&piece);
        }
        if self.next < end {
            return Err(storage::Error::Unavailable("the file is shorter than it was".to_owned()).into());
        }
        if self.next == self.bytes {
            self.reader.end();
        }
        Ok(())
    }
}
