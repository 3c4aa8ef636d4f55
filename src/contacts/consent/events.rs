//! The events of changed consent.

use super::ConsentChange;
use crate::{
    clock::Clock,
    domain::{ConsentPurpose, ConsentStatus},
    events::contact::{self, MARKETING, Preference},
    records::events::NewEvent,
};

/// The category of an opt-out from everything but one-time codes and answers.
const ALL: &str = "all_messages";

/// Builds the event of a state that is another one now; `None` if it is the same.
pub(crate) fn consent_event(clock: &Clock, change: &ConsentChange, detail: Option<&str>) -> Option<NewEvent> {
    let of = match (change.is_change(), change.after?) {
        (false, _) => return None,
        (true, ConsentStatus::Granted) => &contact::OPTED_IN,
        (true, ConsentStatus::Revoked) => &contact::OPTED_OUT,
    };
    let key = change.key;
    let category = match key.purpose {
        ConsentPurpose::Marketing => MARKETING,
        ConsentPurpose::All => ALL,
    };
    let data = Preference {
        contact_id: key.contact,
        channel_id: key.channel,
        category: Some(category),
        detail,
    };
    let event = NewEvent::new(clock, key.tenant, of, clock.now(), &data);
    Some(match key.channel {
        Some(channel) => event.on(channel),
        None => event,
    })
}
