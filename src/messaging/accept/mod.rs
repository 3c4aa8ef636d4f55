//! Messages to be sent, from a caller's request to a committed row. Requests that come at the same time share a commit, as webhooks
//! do: each hands its message to a writer, which stores whatever is waiting. Sending comes later (`messaging`).

mod address;
mod check_templates;
mod committer;
mod request;
mod write;

pub use address::{Address, Unaddressable};
pub use committer::{Outbox, claim_batch_key, find_answer};
pub use request::{AcceptRequest, AcceptedSend, IdempotencyKey, Refusal, TemplateUse};
pub use write::KEY_KEPT;

use crate::{
    domain::SendLane,
    queue::{Lane, Queue},
};

/// Messages on their way to Meta.
pub const OUTBOUND: Queue = Queue::new("outbound", "sends").with_lanes("urgency");

/// The queue's lane of a message's.
pub const fn queue_lane(lane: SendLane) -> Lane {
    match lane {
        SendLane::Reply => Lane::High,
        SendLane::Transactional => Lane::Normal,
        SendLane::Campaign => Lane::Low,
    }
}
