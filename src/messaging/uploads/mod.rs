//! Uploads files that Meta must have before messages can be sent: jobs queue requests here, and one task uploads them ([`upload_files`]).

mod uploader;

pub(crate) use uploader::upload_files;

use tokio::sync::mpsc;

use crate::domain::{ChannelId, MediaId, MessageId, TenantId};

/// Maximum number of queued uploads.
const WAITING: usize = 1_000;

/// A file of a tenant, and the channel that it is sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ChannelFile {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub media: MediaId,
}

/// A request to upload a file that messages wait for.
#[derive(Debug)]
pub struct UploadRequest {
    pub(crate) file: ChannelFile,
    /// Messages to make due when the upload ends, whether it succeeded or failed.
    pub messages: Vec<MessageId>,
}

/// Handle of the uploader task. A large file delays only the messages that contain it.
#[derive(Clone)]
pub struct UploadQueue {
    to: mpsc::Sender<UploadRequest>,
}

impl UploadQueue {
    /// Returns the handle and the receiving end of a new queue.
    pub fn channel() -> (Self, mpsc::Receiver<UploadRequest>) {
        let (to, from) = mpsc::channel(WAITING);
        (Self { to }, from)
    }

    /// Queues an upload. Returns `false` if the queue is full or the uploader is gone: retry later.
    pub fn request(&self, upload: UploadRequest) -> bool {
        self.to.try_send(upload).is_ok()
    }
}
