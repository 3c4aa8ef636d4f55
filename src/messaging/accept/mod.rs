//! Accepts messages: from a caller's request to a committed row. Concurrent requests share a commit: each hands its messages to one
//! writer, which stores everything that is waiting (group commit). [`super::send()`] sends them later.

mod address;
mod check_templates;
mod committer;
mod request;
mod resolve;
mod schedule;
mod windows;
mod write;

pub(crate) use address::{Address, Unaddressable};
pub use committer::Outbox;
pub(crate) use committer::{claim_batch_key, find_answer};
pub(crate) use request::{AcceptRequest, IdempotencyKey, TemplateUse};
pub use request::{AcceptedSend, IfWindowClosed, Refusal};
pub(crate) use windows::suggest_instead;
pub(crate) use write::KEY_KEPT;

use crate::{
    domain::SendLane,
    queue::{Lane, Queue},
};

/// The queue of sends.
pub const OUTBOUND: Queue = Queue::new("outbound", "sends").with_lanes("queue_lane");

/// The type of messages that need no open service window.
const TEMPLATE: &str = "template";

/// Returns the queue lane of a send lane.
pub const fn queue_lane(lane: SendLane) -> Lane {
    match lane {
        SendLane::Reply => Lane::High,
        SendLane::Transactional => Lane::Normal,
        SendLane::Campaign => Lane::Low,
    }
}
