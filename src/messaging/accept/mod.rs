//! Accepts messages: from a caller's request to a committed row. Concurrent requests share a commit: each hands its messages to one
//! writer, which stores everything that is waiting (group commit). [`super::send()`] sends them later.

mod address;
mod check_templates;
mod committer;
mod request;
mod resolve;
mod write;

pub use committer::Outbox;
pub(crate) use write::KEY_KEPT;
pub(crate) use {address::Address, address::Unaddressable};
pub(crate) use {committer::claim_batch_key, committer::find_answer};
pub(crate) use {request::AcceptRequest, request::IdempotencyKey, request::TemplateUse};
pub use {request::AcceptedSend, request::Refusal};

use crate::{
    domain::SendLane,
    queue::{Lane, Queue},
};

/// The queue of sends.
pub const OUTBOUND: Queue = Queue::new("outbound", "sends").with_lanes("queue_lane");

/// Returns the queue lane of a send lane.
pub const fn queue_lane(lane: SendLane) -> Lane {
    match lane {
        SendLane::Reply => Lane::High,
        SendLane::Transactional => Lane::Normal,
        SendLane::Campaign => Lane::Low,
    }
}
