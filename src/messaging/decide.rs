//! What is to happen with a send that is due, from what is known of it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    directory::Route,
    domain::{AttemptOutcome, RecipientKind, SendLane, Status},
    messaging::store::sends::Due,
};

/// What is to happen now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Ask the governor, then call Meta.
    Send,
    /// Meta has it, or nobody wants it sent any more.
    Finished,
    /// An attempt ended without proof: wait for evidence until then.
    Await(DateTime<Utc>),
    /// No evidence came, and it is not to be sent again: kept for a person.
    Hold,
    /// Meta gave it up and said to wait until then.
    Later(DateTime<Utc>),
    /// The channel may not send: kept until it may again.
    Trip,
    /// The campaigns of the channel rest: kept until they go on.
    CampaignsPaused,
    /// The channel's access token does not open: it trips.
    TokenUnreadable,
    /// The channel is not known here yet.
    UnknownChannel,
    Expire,
    /// Never to be sent, for a reason of ours.
    Refuse(RefusalReason),
}

/// Meta's code for a message to a customer who has not written or called for 24 hours, and ours.
pub const WINDOW_CLOSED: i64 = 131_047;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    WindowClosed,
    OptedOut,
    Blocked,
}

impl RefusalReason {
    /// The code Meta would have answered.
    pub const fn code(self) -> i64 {
        match self {
            RefusalReason::WindowClosed => WINDOW_CLOSED,
            RefusalReason::OptedOut => 131_050,
            RefusalReason::Blocked => 130_403,
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            RefusalReason::WindowClosed => {
                "window_closed: the customer has not written or called for 24 hours; only a template may be sent"
            }
            RefusalReason::OptedOut => "opted_out: the customer takes no marketing messages",
            RefusalReason::Blocked => {
                "blocked: the business has blocked the customer on this number; unblock them to write to them"
            }
        }
    }
}

/// The lanes whose unknown messages are held where the tenant says nothing: marketing sent twice does more harm than not at all.
const DEFAULT_HELD_LANES: &str = "campaign";

pub fn decide(due: &DueSend, route: Option<&Route>, window: TimeDelta, now: DateTime<Utc>) -> Decision {
    if !matches!(due.status, Status::Queued | Status::Sending | Status::Unknown) {
        return Decision::Finished;
    }
    // Still open means that whoever made the call is gone: it may have been made or not.
    if due.is_unproven() {
        let until = due.attempt_ended_at.unwrap_or(now) + window;
        if now < until || due.attempt_outcome == Some(AttemptOutcome::Open) {
            return Decision::Await(until.max(now));
        }
        if is_held_lane(
            due.hold_unknown.as_deref().unwrap_or(DEFAULT_HELD_LANES),
            due.send_lane(),
        ) {
            return Decision::Hold;
        }
    }
    if let Some(end) = final_decision(due, now) {
        // It may have been sent all the same, so nobody may say that it was not.
        return if due.is_unproven() { Decision::Hold } else { end };
    }
    if let Some(at) = due.not_before.filter(|at| *at > now) {
        return Decision::Later(at);
    }
    match route {
        Some(route) if route.tripped => Decision::Trip,
        Some(route) if route.access_token.is_none() => Decision::TokenUnreadable,
        Some(route) if route.campaigns_paused && due.send_lane() == SendLane::Campaign => Decision::CampaignsPaused,
        Some(_) => Decision::Send,
        None => Decision::UnknownChannel,
    }
}

/// Why it is never sent again, if it is not.
fn final_decision(due: &DueSend, now: DateTime<Utc>) -> Option<Decision> {
    if due.expires_at.is_some_and(|at| at <= now) {
        return Some(Decision::Expire);
    }
    if due.not_before.is_some_and(|at| at > now) {
        return None;
    }
    if due.blocked {
        return Some(Decision::Refuse(RefusalReason::Blocked));
    }
    let is_free = due.kind != "template" && due.recipient_kind != RecipientKind::Group;
    if is_free && due.window_expires_at.is_none_or(|end| end <= now) {
        return Some(Decision::Refuse(RefusalReason::WindowClosed));
    }
    let is_refused = due.marketing_stopped && due.send_lane() == SendLane::Campaign;
    is_refused.then_some(Decision::Refuse(RefusalReason::OptedOut))
}

fn is_held_lane(lanes: &str, lane: SendLane) -> bool {
    lanes.split(' ').any(|word| word == lane.as_str())
}
