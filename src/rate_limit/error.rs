/// Why nothing could be decided. Nobody may send then: whoever asked comes again a little later, and no attempt is counted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the governor cannot be asked: {0}")]
    Unavailable(#[from] crate::queue::Error),
}
