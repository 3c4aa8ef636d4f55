//! `calls[]`, and the statuses of calls: somebody calls the business, or is called by it.

use chrono::{DateTime, Utc};

use super::account::{Account, AccountDetail};
use super::batch::Beside;
use super::json::Json;
use super::{Change, Person};
use crate::{events, meta::phone::digits};

/// A call, as far as it decides who may be written to. The rest stands in [`Account::raw`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The customer called the business; otherwise the business called.
    pub by_customer: bool,
    /// The customer, whoever called; anonymous where Meta names nobody.
    pub customer: Person,
    /// When the call began: `start_time` where it is told, else the time of the event.
    pub began_at: Option<DateTime<Utc>>,
}

/// An element of `calls[]`.
pub(super) fn call(beside: &Beside<'_>, call: &Json<'_>, raw: &str) -> Change {
    let by_customer = by_customer(beside, call);
    let customer = match by_customer {
        true => [
            call.get("from"),
            call.get("from_user_id"),
            call.get("from_parent_user_id"),
        ],
        false => [call.get("to"), call.get("to_user_id"), call.get("to_parent_user_id")],
    };
    told(beside, call, raw, by_customer, customer)
}

/// An element of `statuses[]` that is about a call. Only calls by the business have such statuses.
pub(super) fn status(beside: &Beside<'_>, status: &Json<'_>, raw: &str) -> Change {
    let customer = ["recipient_id", "recipient_user_id", "recipient_parent_user_id"].map(|key| status.get(key));
    told(beside, status, raw, false, customer)
}

/// Calls without a direction are by the customer unless they come from the business's own number.
fn by_customer(beside: &Beside<'_>, call: &Json<'_>) -> bool {
    if let Some(direction) = call.get("direction").str() {
        return direction.eq_ignore_ascii_case("USER_INITIATED");
    }
    let business = beside.display_phone_number.and_then(digits);
    business.is_none() || call.get("from").str().and_then(digits) != business
}

fn told(
    beside: &Beside<'_>,
    json: &Json<'_>,
    raw: &str,
    by_customer: bool,
    [address, user_id, parent_user_id]: [&Json<'_>; 3],
) -> Change {
    let mut customer = Person::read(address, user_id, parent_user_id);
    customer.join(beside.contacts, beside.only_element);
    let began_at = ["start_time", "timestamp"].iter().find_map(|key| json.get(key).time());
    let call = Call {
        by_customer,
        customer,
        began_at: began_at.or(beside.time),
    };
    Change::Account(Account {
        event: &events::account::CALL,
        subject: json.get("id").id(),
        raw: raw.to_owned(),
        detail: AccountDetail::Call(Box::new(call)),
    })
}
