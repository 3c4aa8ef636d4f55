//! Every webhook field there is, and who reads its value. Names: Meta's list of subscribable fields on the object
//! `whatsapp_business_account`, and those that were documented once or in another spelling.

use super::account::{self, Account, AccountDetail};
use super::batch;
use super::json::Json;
use super::{Change, Item, Place, Unknown, UnknownReason};

/// Reads an account-level value; None when it lacks what the event is about.
type Detail = fn(&Json<'_>) -> Option<(Option<String>, AccountDetail)>;

#[derive(Clone, Copy)]
enum Reader {
    /// The value is a batch: each element of each array in it is an item.
    Batch,
    /// A batch as well, of events of this name; a value without a batch is one such event.
    Events(&'static str),
    /// The value is one event of this name.
    Account(&'static str, Detail),
    Unknown,
}

#[rustfmt::skip]
const FIELDS: &[(&str, Reader)] = &[
    ("messages",                           Reader::Batch),
    ("standby",                            Reader::Batch),
    ("message_echoes",                     Reader::Batch),
    ("smb_message_echoes",                 Reader::Batch),
    ("smb_app_state_sync",                 Reader::Batch),
    ("history",                            Reader::Batch),
    ("user_preferences",                   Reader::Batch),
    ("calls",                              Reader::Events("call.event")),
    ("group_lifecycle_update",             Reader::Events("group.event")),
    ("group_participants_update",          Reader::Events("group.event")),
    ("group_settings_update",              Reader::Events("group.event")),
    ("group_status_update",                Reader::Events("group.event")),
    ("automatic_events",                   Reader::Events("meta.automatic_events")),
    ("user_id_update",                     Reader::Events("meta.user_id_update")),
    ("message_template_status_update",     Reader::Account("template.status_changed", account::template_status)),
    ("message_template_quality_update",    Reader::Account("template.quality_changed", account::template_quality)),
    ("template_category_update",           Reader::Account("template.category_changed", account::template_category)),
    ("message_template_components_update", Reader::Account("template.components_changed", account::template_components)),
    ("phone_number_quality_update",        Reader::Account("channel.quality_changed", account::phone_quality)),
    ("phone_number_name_update",           Reader::Account("channel.name_changed", account::phone_name)),
    ("security",                           Reader::Account("security.event", account::security)),
    ("account_update",                     Reader::Account("account.updated", account::update)),
    ("account_review_update",              Reader::Account("account.reviewed", account::review)),
    ("business_capability_update",         Reader::Account("account.capability_changed", account::capability)),
    ("account_alerts",                     Reader::Account("account.alert", account::alert)),
    ("flows",                              Reader::Account("flow.event", account::other)),
    ("account_settings_update",            Reader::Account("meta.account_settings_update", account::other)),
    ("business_status_update",             Reader::Account("meta.business_status_update", account::other)),
    ("business_username_update",           Reader::Account("meta.business_username_updates", account::other)),
    ("business_username_updates",          Reader::Account("meta.business_username_updates", account::other)),
    ("consumer_profile",                   Reader::Account("meta.consumer_profile", account::other)),
    ("messaging_handovers",                Reader::Account("meta.messaging_handovers", account::other)),
    ("partner_solutions",                  Reader::Account("meta.partner_solutions", account::other)),
    ("payment_configuration_update",       Reader::Account("meta.payment_configuration_update", account::other)),
    ("template_correct_category_detection", Reader::Account("meta.template_correct_category_detection", account::other)),
    ("template_performance_metrics",       Reader::Account("meta.template_performance_metrics", account::other)),
    ("tracking_events",                    Reader::Account("meta.tracking_events", account::other)),
    // Some of Meta's own samples lost the field: what is in the value decides.
    ("",                                   Reader::Batch),
];

/// Turns one value into items: at least one, whatever it holds.
pub(super) fn read(mut place: Place, value: &str, items: &mut Vec<Item>) {
    let known = FIELDS.iter().find(|(name, _)| *name == place.field);
    let change = match known.map_or(Reader::Unknown, |(_, reader)| *reader) {
        Reader::Unknown => unknown(UnknownReason::UnknownField, value),
        Reader::Batch => match batch::read(&mut place, value, items) {
            Ok(()) => return,
            Err(reason) => unknown(reason, value),
        },
        Reader::Events(event) => match batch::read(&mut place, value, items) {
            Ok(()) => return,
            Err(UnknownReason::NothingRecognised) => account_event(&mut place, event, account::other, value),
            Err(reason) => unknown(reason, value),
        },
        Reader::Account(event, detail) => account_event(&mut place, event, detail, value),
    };
    items.push(place.item("", change));
}

fn account_event(place: &mut Place, event: &'static str, detail: Detail, raw: &str) -> Change {
    let value = Json::read(raw);
    if !value.is_object() {
        return unknown(UnknownReason::WrongShape, raw);
    }
    place.concerns(value.get("metadata"));
    place.concerns(&value);
    match detail(&value) {
        Some((subject, detail)) => Change::Account(Account {
            event,
            subject,
            raw: raw.to_owned(),
            detail,
        }),
        None => unknown(UnknownReason::MissingEssentials, raw),
    }
}

fn unknown(reason: UnknownReason, raw: &str) -> Change {
    Change::Unknown(Unknown {
        reason,
        raw: raw.to_owned(),
    })
}

impl Place {
    /// Notes which business number the items here are about, unless something closer already said so.
    pub(super) fn concerns(&mut self, metadata: &Json<'_>) {
        if self.phone_number_id.is_none() {
            self.phone_number_id = metadata.get("phone_number_id").id();
        }
        if self.display_phone_number.is_none() {
            self.display_phone_number = metadata.get("display_phone_number").text();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, Reader};

    #[test]
    fn every_untyped_field_keeps_its_own_name_as_the_event() {
        for (field, reader) in FIELDS {
            if let Reader::Events(event) | Reader::Account(event, _) = reader
                && let Some(name) = event.strip_prefix("meta.")
            {
                assert!(name.starts_with(field), "{field} reads as {event}");
            }
        }
    }

    #[test]
    fn no_field_is_listed_twice() {
        for (index, (field, _)) in FIELDS.iter().enumerate() {
            assert!(FIELDS[..index].iter().all(|(other, _)| other != field), "{field}");
        }
    }
}
