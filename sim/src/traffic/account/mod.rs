//! Every field other than conversation: what Meta tells about the account, its templates, numbers, groups and calls.

mod business;
mod number;
mod templates;

use serde_json::Value;

use super::change::Change;
use super::line::{Line, object};
use crate::chance::Chance;
use crate::people::Customer;
use crate::{Caller, Item, Other};

/// Everything at hand while one such change is made.
pub(super) struct Office<'a> {
    pub chance: &'a mut Chance,
    pub customer: &'a Customer,
    pub line: &'a Line,
    pub now: i64,
}

/// What a field's value is, and the words the ledger keeps of it.
struct News {
    detail: String,
    value: Value,
    /// It is a call by the customer.
    by_customer: bool,
}

type Reporter = fn(&mut Office<'_>) -> News;

/// Fields that concern the account: the entry has a time, the value no metadata.
const OF_ACCOUNT: &[(&str, Reporter)] = &[
    ("message_template_status_update", |office| office.template_status()),
    ("message_template_quality_update", |office| office.template_quality()),
    ("message_template_components_update", |office| {
        office.template_components()
    }),
    ("template_category_update", |office| office.template_category()),
    ("phone_number_quality_update", |office| office.number_quality()),
    ("phone_number_name_update", |office| office.number_name()),
    ("business_capability_update", |office| office.capability()),
    ("account_update", |office| office.account_update()),
    ("account_review_update", |office| office.account_review()),
    ("account_alerts", |office| office.account_alert()),
    ("security", |office| office.security()),
    ("flows", |office| office.flow()),
    ("payment_configuration_update", |office| office.payment_configuration()),
    ("business_username_updates", |office| office.business_username()),
];

/// Fields that concern a phone number: the value names it, the entry has no time.
const OF_NUMBER: &[(&str, Reporter)] = &[
    ("user_preferences", |office| office.user_preference()),
    ("calls", |office| office.call()),
    ("smb_app_state_sync", |office| office.address_book()),
    ("group_lifecycle_update", |office| office.group_lifecycle()),
    ("group_participants_update", |office| office.group_participants()),
    ("group_settings_update", |office| office.group_settings()),
    ("group_status_update", |office| office.group_status()),
    ("automatic_events", |office| office.automatic_event()),
];

/// One change of one of the fields above, each as likely as the other.
pub(super) fn change(mut office: Office<'_>) -> Change {
    let place = office.chance.index(OF_ACCOUNT.len() + OF_NUMBER.len());
    if let Some((field, report)) = OF_ACCOUNT.get(place) {
        let news = report(&mut office);
        let item = Item::Other(Other::new(field, &news.detail));
        return Change::of_number(office.line, field, object(news.value), vec![item]).at(office.now);
    }
    let (field, report) = OF_NUMBER[place - OF_ACCOUNT.len()];
    let news = report(&mut office);
    of_number(&office, field, news)
}

/// The customer calls the business, and it rings.
pub(super) fn call(mut office: Office<'_>) -> Change {
    let id = office.call_id();
    let news = office.rings(&id);
    of_number(&office, "calls", news)
}

fn of_number(office: &Office<'_>, field: &str, news: News) -> Change {
    let mut value = office.line.value();
    value.extend(object(news.value));
    let item = Other {
        caller: news.by_customer.then(|| Caller {
            phone_number_id: office.line.phone_number_id.clone(),
            user_id: office.customer.user_id.clone(),
        }),
        ..Other::new(field, &news.detail)
    };
    Change::of_number(office.line, field, value, vec![Item::Other(item)])
}

impl News {
    fn new(detail: &str, value: Value) -> Self {
        Self {
            detail: detail.to_owned(),
            value,
            by_customer: false,
        }
    }

    fn by_customer(self) -> Self {
        Self {
            by_customer: true,
            ..self
        }
    }
}
