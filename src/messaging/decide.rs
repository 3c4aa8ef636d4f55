//! Decides what to do with a due send, from its stored state.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    contacts::consent::SendCategory,
    directory::Route,
    domain::{AttemptOutcome, CampaignStatus, OnUnknown, RecipientKind, SendLane, Status},
    messaging::store::sends::DueSend,
};

/// A decision about a due send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Reserve a slot, then call Meta.
    Send,
    /// Nothing: Meta has the message, or it was canceled or has ended otherwise.
    Finished,
    /// The last attempt is unproven: wait for evidence until this time.
    Await(DateTime<Utc>),
    /// No evidence came within the window, and the message is not to be sent again: hold it for a person.
    Hold,
    /// It was accepted for this time, or Meta reported a failure that may be retried then.
    Later(DateTime<Utc>),
    /// The channel's circuit breaker is open: hold the send until it closes.
    Trip,
    /// The channel's campaigns are paused: hold the send until they are resumed.
    CampaignsPaused,
    /// The message's campaign is paused or about to be canceled: hold the send until it goes on.
    CampaignPaused,
    /// The message's campaign was canceled: withdraw the message.
    Withdraw,
    /// The channel's access token cannot be decrypted: trip its circuit breaker.
    TokenUnreadable,
    /// The channel is not in the directory yet.
    UnknownChannel,
    Expire,
    /// Fail the message without calling Meta.
    Refuse(RefusalReason),
}

/// Graph error 131047: more than 24 hours since the customer last wrote or called. Also used for messages that are rejected before the
/// call.
pub(crate) const WINDOW_CLOSED: i64 = 131_047;

/// A reason to fail a message without a call to Meta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalReason {
    WindowClosed,
    OptedOut,
    Blocked,
}

impl RefusalReason {
    /// Returns the code that Meta would answer.
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
            RefusalReason::OptedOut => {
                "opted_out: the customer has not allowed messages of this kind, or has opted out of them"
            }
            RefusalReason::Blocked => {
                "blocked: the business has blocked the customer on this number; unblock them to write to them"
            }
        }
    }
}

/// Lanes whose unknown messages are held if the tenant has no setting: marketing that is sent twice does more harm than marketing that is
/// not sent.
const DEFAULT_HELD_LANES: &str = "campaign";

/// Decides what to do with a due send. `window` is how long evidence is waited for.
pub(crate) fn decide(due: &DueSend, route: Option<&Route>, window: TimeDelta, now: DateTime<Utc>) -> Decision {
    if !matches!(due.status, Status::Queued | Status::Sending | Status::Unknown) {
        return Decision::Finished;
    }
    // An open attempt means that the worker that made it is gone: the call may have been made or not.
    if due.is_unproven() {
        let until = due.attempt_ended_at.unwrap_or(now) + window;
        if now < until || due.attempt_outcome == Some(AttemptOutcome::Open) {
            return Decision::Await(until.max(now));
        }
        if is_held(due) {
            return Decision::Hold;
        }
    }
    if let Some(end) = final_decision(due, now) {
        // The message may have been sent, so it must not be reported as failed or expired.
        return if due.is_unproven() { Decision::Hold } else { end };
    }
    if matches!(
        due.campaign_status,
        Some(CampaignStatus::Paused | CampaignStatus::Canceling)
    ) {
        return Decision::CampaignPaused;
    }
    if let Some(at) = due.earliest().filter(|at| *at > now) {
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

/// Returns the decision that ends the send; `None` if it may be sent.
fn final_decision(due: &DueSend, now: DateTime<Utc>) -> Option<Decision> {
    // A paused campaign's messages do not expire: their time goes on when the campaign does.
    match due.campaign_status {
        Some(CampaignStatus::Canceled) => return Some(Decision::Withdraw),
        Some(CampaignStatus::Paused | CampaignStatus::Canceling) => return None,
        _ => {}
    }
    if due.expires_at.is_some_and(|at| at <= now) {
        return Some(Decision::Expire);
    }
    if due.earliest().is_some_and(|at| at > now) {
        return None;
    }
    if due.blocked {
        return Some(Decision::Refuse(RefusalReason::Blocked));
    }
    let is_free = due.kind != "template" && due.recipient_kind != RecipientKind::Group;
    if is_free && due.window_expires_at.is_none_or(|end| end <= now) {
        return Some(Decision::Refuse(RefusalReason::WindowClosed));
    }
    let is_refused = due.send_lane() == SendLane::Campaign && !due.may(SendCategory::Marketing);
    is_refused.then_some(Decision::Refuse(RefusalReason::OptedOut))
}

/// Returns whether a message whose delivery is unknown is held: as its campaign says, else as the tenant says of its lane.
fn is_held(due: &DueSend) -> bool {
    let lanes = due.hold_unknown.as_deref().unwrap_or(DEFAULT_HELD_LANES);
    match due.on_unknown {
        Some(policy) => policy == OnUnknown::Hold,
        None => lanes.split(' ').any(|word| word == due.send_lane().as_str()),
    }
}
