//! Table of all webhook fields and the reader of each. Names follow Meta's list of subscribable fields of the object
//! `whatsapp_business_account`, plus former fields and spellings.

use std::sync::Arc;

use super::account::{self, AccountDetail, AccountEvent};
use super::batch;
use super::json::JsonTree;
use super::walk::{ItemOrigin, Items};
use super::{Change, Unknown, UnknownReason};
use crate::phone::digits;
use mainstay_events::{self as events, EventType};

/// Reads an account-level value; `None` if it lacks its essential members.
type Detail = fn(&JsonTree<'_>) -> Option<(Option<String>, AccountDetail)>;

#[derive(Clone, Copy)]
enum Reader {
    /// The value is a batch: each element of each array in it is an item.
    Batch,
    /// A batch of events of this type; a value without a batch is one such event.
    Events(&'static EventType),
    /// The value is one event of this type.
    Account(&'static EventType, Detail),
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
    ("calls",                              Reader::Events(&events::account::CALL)),
    ("group_lifecycle_update",             Reader::Events(&events::account::GROUP)),
    ("group_participants_update",          Reader::Events(&events::account::GROUP)),
    ("group_settings_update",              Reader::Events(&events::account::GROUP)),
    ("group_status_update",                Reader::Events(&events::account::GROUP)),
    ("automatic_events",                   Reader::Events(&events::meta::AUTOMATIC_EVENTS)),
    ("user_id_update",                     Reader::Events(&events::meta::USER_ID_UPDATE)),
    ("message_template_status_update",     Reader::Account(&events::template::STATUS_CHANGED, account::template_status)),
    ("message_template_quality_update",    Reader::Account(&events::template::QUALITY_CHANGED, account::template_quality)),
    ("template_category_update",           Reader::Account(&events::template::CATEGORY_CHANGED, account::template_category)),
    ("message_template_components_update", Reader::Account(&events::template::COMPONENTS_CHANGED, account::template_components)),
    ("phone_number_quality_update",        Reader::Account(&events::channel::QUALITY_CHANGED, account::phone_quality)),
    ("phone_number_name_update",           Reader::Account(&events::channel::NAME_CHANGED, account::phone_name)),
    ("security",                           Reader::Account(&events::account::SECURITY, account::security)),
    ("account_update",                     Reader::Account(&events::account::UPDATED, account::update)),
    ("account_review_update",              Reader::Account(&events::account::REVIEWED, account::review)),
    ("business_capability_update",         Reader::Account(&events::account::CAPABILITY_CHANGED, account::capability)),
    ("account_alerts",                     Reader::Account(&events::account::ALERT, account::alert)),
    ("flows",                              Reader::Account(&events::account::META_FLOW, account::other)),
    ("account_settings_update",            Reader::Account(&events::meta::ACCOUNT_SETTINGS_UPDATE, account::other)),
    ("business_status_update",             Reader::Account(&events::meta::BUSINESS_STATUS_UPDATE, account::other)),
    ("business_username_update",           Reader::Account(&events::meta::BUSINESS_USERNAME_UPDATES, account::other)),
    ("business_username_updates",          Reader::Account(&events::meta::BUSINESS_USERNAME_UPDATES, account::other)),
    ("consumer_profile",                   Reader::Account(&events::meta::CONSUMER_PROFILE, account::other)),
    ("messaging_handovers",                Reader::Account(&events::meta::MESSAGING_HANDOVERS, account::other)),
    ("partner_solutions",                  Reader::Account(&events::meta::PARTNER_SOLUTIONS, account::other)),
    ("payment_configuration_update",       Reader::Account(&events::meta::PAYMENT_CONFIGURATION_UPDATE, account::other)),
    ("template_correct_category_detection", Reader::Account(&events::meta::TEMPLATE_CORRECT_CATEGORY_DETECTION, account::other)),
    ("template_performance_metrics",       Reader::Account(&events::meta::TEMPLATE_PERFORMANCE_METRICS, account::other)),
    ("tracking_events",                    Reader::Account(&events::meta::TRACKING_EVENTS, account::other)),
    // Some of Meta's samples lack the field: the value's members decide.
    ("",                                   Reader::Batch),
];

/// Maximum length of a field's name and of a displayed phone number, in bytes. Meta's longest are 36 and 20.
const MAX_NAME_BYTES: usize = 64;

/// Returns the name of a change's field, truncated.
pub(super) fn name(field: &JsonTree<'_>) -> Arc<str> {
    Arc::from(field.text_within(MAX_NAME_BYTES).unwrap_or_default())
}

/// Reads one value into items: at least one, whatever it holds.
pub(super) fn read(mut origin: ItemOrigin, value: &str, items: &mut Items) {
    let known = FIELDS.iter().find(|(name, _)| *name == &*origin.field);
    let change = match known.map_or(Reader::Unknown, |(_, reader)| *reader) {
        Reader::Unknown => unknown(UnknownReason::UnknownField, value),
        Reader::Batch => match batch::read(&mut origin, value, items) {
            Ok(()) => return,
            Err(reason) => unknown(reason, value),
        },
        Reader::Events(event) => match batch::read(&mut origin, value, items) {
            Ok(()) => return,
            Err(UnknownReason::NothingRecognised) => account_event(&mut origin, event, account::other, value),
            Err(reason) => unknown(reason, value),
        },
        Reader::Account(event, detail) => account_event(&mut origin, event, detail, value),
    };
    items.push(&origin, "", change);
}

fn account_event(origin: &mut ItemOrigin, event: &'static EventType, detail: Detail, raw: &str) -> Change {
    let value = JsonTree::read(raw);
    if !value.is_object() {
        return unknown(UnknownReason::WrongShape, raw);
    }
    origin.set_phone_number(value.get("metadata"));
    origin.set_phone_number(&value);
    match detail(&value) {
        Some((subject, detail)) => Change::Account(AccountEvent {
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

impl ItemOrigin {
    /// Sets the business number that the items are about, unless it is already known.
    pub(super) fn set_phone_number(&mut self, metadata: &JsonTree<'_>) {
        if self.phone_number_id.is_none() {
            self.phone_number_id = metadata.get("phone_number_id").id().map(Arc::from);
        }
        if self.display_phone_number.is_none() {
            let shown = metadata.get("display_phone_number").text();
            let shown = shown.filter(|it| it.len() <= MAX_NAME_BYTES);
            self.display_phone_number = shown.and_then(|it| digits(&it)).map(Arc::from);
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
                && let Some(name) = event.name.strip_prefix("meta.")
            {
                assert!(name.starts_with(field), "{field} reads as {event:?}");
            }
        }
    }

    /// The fields and the text of each row of the table in `docs/meta-setup.md`.
    fn rows() -> Vec<(Vec<&'static str>, &'static str)> {
        const PAGE: &str = include_str!("../../../../docs/meta-setup.md");
        let (_, table) = PAGE
            .split_once("| field | what comes of it | subscribe |\n")
            .expect("the page lists fields");
        let rows = table.lines().skip(1).take_while(|line| line.starts_with("| `"));
        rows.map(|row| {
            let first = row.split('|').nth(1).unwrap_or_default();
            (first.split('`').skip(1).step_by(2).collect(), row)
        })
        .collect()
    }

    #[test]
    fn the_page_about_setting_up_lists_every_field_with_its_event_and_no_other() {
        let rows = rows();
        let mut listed: Vec<&str> = rows.iter().flat_map(|(fields, _)| fields.iter().copied()).collect();
        let mut known: Vec<&str> = FIELDS
            .iter()
            .map(|(field, _)| *field)
            .filter(|field| !field.is_empty())
            .collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
        for (field, reader) in FIELDS {
            if let Reader::Events(event) | Reader::Account(event, _) = reader {
                let row = rows.iter().find(|(fields, _)| fields.contains(field));
                let (_, row) = row.expect("every field has a row");
                assert!(
                    row.contains(&format!("`{}`", event.name)),
                    "{field} becomes {}",
                    event.name
                );
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
