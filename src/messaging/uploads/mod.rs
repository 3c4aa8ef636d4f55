//! Files that Meta must have before messages can go: jobs ask for them here, and one task uploads them ([`upload_files`]).

mod uploader;

pub use uploader::upload_files;

use tokio::sync::mpsc;

use crate::domain::{ChannelId, MediaId, MessageId, TenantId};

/// Uploads that may wait for their turn.
const WAITING: usize = 1_000;

/// A file of a tenant's, and the channel it is to be sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelFile {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub media: MediaId,
}

/// A file that Meta must have before messages can go.
#[derive(Debug)]
pub struct UploadRequest {
    pub file: ChannelFile,
    /// To be looked at again when the upload has ended, well or not.
    pub messages: Vec<MessageId>,
}

/// Hands uploads to the task that does them: a large file must not hold up the messages beside it.
#[derive(Clone)]
pub struct UploadQueue {
    to: mpsc::Sender<UploadRequest>,
}

impl UploadQueue {
    /// The giver and the taker.
    pub fn channel() -> (Self, mpsc::Receiver<UploadRequest>) {
        let (to, from) = mpsc::channel(WAITING);
        (Self { to }, from)
    }

    /// False when too many wait already, or nobody takes them: ask again later.
    pub fn request(&self, upload: UploadRequest) -> bool {
        self.to.try_send(upload).is_ok()
    }
}
