/// An error of the file store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("file not found in the store")]
    Missing,
    #[error("the file is longer than {max} bytes")]
    TooLarge { max: u64 },
    /// Worth a retry: the store is unavailable, refuses access, or is full.
    #[error("the store failed: {0}")]
    Unavailable(String),
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
