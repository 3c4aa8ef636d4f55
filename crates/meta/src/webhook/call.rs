//! `calls[]` and the statuses of calls: incoming and outgoing phone calls.

use chrono::{DateTime, Utc};

use super::account::{AccountDetail, AccountEvent};
use super::batch::ValueContext;
use super::json::JsonTree;
use super::{Change, WhatsAppUser};
use crate::phone::digits;
use mainstay_events as events;

/// A phone call, as far as it opens a service window. The rest is in [`AccountEvent::raw`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneCall {
    /// Whether the customer called the business; otherwise the business called.
    pub by_customer: bool,
    /// The customer, in either direction; anonymous where Meta names nobody.
    pub customer: WhatsAppUser,
    /// When the call began: `start_time` if present, otherwise the time of the event.
    pub began_at: Option<DateTime<Utc>>,
}

/// Reads an element of `calls[]`.
pub(super) fn call(context: &ValueContext<'_>, call: &JsonTree<'_>, raw: &str) -> Change {
    let by_customer = by_customer(context, call);
    let customer = match by_customer {
        true => [
            call.get("from"),
            call.get("from_user_id"),
            call.get("from_parent_user_id"),
        ],
        false => [call.get("to"), call.get("to_user_id"), call.get("to_parent_user_id")],
    };
    call_event(context, call, raw, by_customer, customer)
}

/// Reads an element of `statuses[]` about a call. Only calls by the business have statuses.
pub(super) fn status(context: &ValueContext<'_>, status: &JsonTree<'_>, raw: &str) -> Change {
    let customer = ["recipient_id", "recipient_user_id", "recipient_parent_user_id"].map(|key| status.get(key));
    call_event(context, status, raw, false, customer)
}

/// Returns the direction. A call without one is by the customer unless it comes from the business's own number.
fn by_customer(context: &ValueContext<'_>, call: &JsonTree<'_>) -> bool {
    if let Some(direction) = call.get("direction").str() {
        return direction.eq_ignore_ascii_case("USER_INITIATED");
    }
    let business = context.display_phone_number.and_then(digits);
    business.is_none() || call.get("from").str().and_then(digits) != business
}

fn call_event(
    context: &ValueContext<'_>,
    json: &JsonTree<'_>,
    raw: &str,
    by_customer: bool,
    [address, user_id, parent_user_id]: [&JsonTree<'_>; 3],
) -> Change {
    let mut customer = WhatsAppUser::read(address, user_id, parent_user_id);
    customer.merge_contact(context.contacts, context.only_element);
    let began_at = ["start_time", "timestamp"].iter().find_map(|key| json.get(key).time());
    let call = PhoneCall {
        by_customer,
        customer,
        began_at: began_at.or(context.time),
    };
    Change::Account(AccountEvent {
        event: &events::account::CALL,
        subject: json.get("id").id(),
        raw: raw.to_owned(),
        detail: AccountDetail::Call(Box::new(call)),
    })
}
