/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such file in the store")]
    Missing,
    #[error("the file is longer than {most} bytes")]
    TooLarge { most: u64 },
    /// Worth another try: the store is away, refuses, or is full.
    #[error("the store does not do it: {0}")]
    Broken(String),
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
