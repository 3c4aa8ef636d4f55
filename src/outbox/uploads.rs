use tokio::sync::{mpsc, oneshot};

use crate::domain::{ChannelId, MediaId, MessageId, TenantId};

/// Uploads that may wait for their turn.
const WAITING: usize = 1_000;

/// A file that Meta must have before a message can go.
#[derive(Debug)]
pub struct Upload {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub media: MediaId,
    /// To be looked at again when the upload has ended and nobody waited for it.
    pub messages: Vec<MessageId>,
    /// Hears that it has ended, well or not.
    pub ended: oneshot::Sender<()>,
}

/// Hands uploads to the task that does them: a large file must not hold up the messages beside it.
#[derive(Clone)]
pub struct Uploads {
    to: mpsc::Sender<Upload>,
}

impl Uploads {
    /// The giver and the taker.
    pub fn channel() -> (Self, mpsc::Receiver<Upload>) {
        let (to, from) = mpsc::channel(WAITING);
        (Self { to }, from)
    }

    /// False when too many wait already, or nobody takes them: ask again later.
    pub fn want(&self, upload: Upload) -> bool {
        self.to.try_send(upload).is_ok()
    }
}
