//! What becomes of messages that the business sent.

use serde_json::{Value, json};

use super::change::Change;
use super::line::Line;
use super::messages::group_id;
use crate::chance::{Chance, Direction};
use crate::codes::Code;
use crate::people::Customer;
use crate::{Item, Status};

/// The fate of one message: what all its statuses have in common.
#[derive(Debug)]
pub(crate) struct Fate {
    pub line: Line,
    pub customer: Customer,
    pub wamid: String,
    /// As in `pricing.category`.
    pub category: &'static str,
    /// `pricing.type`: `regular` costs.
    pub pricing_type: &'static str,
    /// Set inside a free-entry-point window, the one case in which Meta still sends `conversation`.
    pub conversation: Option<String>,
    /// What the sender wanted to see again.
    pub opaque: Option<String>,
    /// The group it went to, if not to the line's own.
    pub group: Option<String>,
}

/// One status of a message, as it is to be told.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    pub status: &'static str,
    /// Unix seconds.
    pub timestamp: i64,
    /// Whether `pricing` goes with it.
    pub priced: bool,
    /// Whether the sender's own data is sent back.
    pub echoes: bool,
    /// Why it failed, as an element of `errors`.
    pub error: Option<Value>,
}

impl Telling {
    /// A status of which nothing more is told than that.
    pub fn bare(status: &'static str, timestamp: i64) -> Self {
        Self {
            status,
            timestamp,
            priced: false,
            echoes: true,
            error: None,
        }
    }
}

/// Codes with which sends fail after they were accepted.
pub(crate) const LATE_FAILURES: [i64; 7] = [131026, 131049, 130472, 131053, 131047, 131050, 131000];

/// A status and how many seconds after the message it happened.
type Step = (&'static str, i64);

impl Fate {
    pub fn of(wamid: &str, line: &Line, customer: &Customer, chance: &mut Chance) -> Self {
        let free_entry = chance.happens(0.15);
        let category = match free_entry {
            true => "referral_conversion",
            false => *chance.pick(&["service", "utility", "marketing", "marketing_lite", "authentication"]),
        };
        Self {
            line: line.clone(),
            customer: customer.clone(),
            wamid: wamid.to_owned(),
            category,
            pricing_type: match category {
                "referral_conversion" => "free_entry_point",
                // The first thousand of a month are free.
                "service" if chance.happens(0.7) => "free_customer_service",
                _ => "regular",
            },
            conversation: free_entry.then(|| chance.hex(32).to_lowercase()),
            opaque: None,
            group: None,
        }
    }

    /// The fate of a message that this simulator invents, and that the receiver cannot know.
    pub fn of_stranger(line: &Line, customer: &Customer, chance: &mut Chance) -> Self {
        let wamid = chance.wamid(Direction::FromBusiness);
        let opaque = chance.happens(0.3).then(|| format!("crm/ö/{}", chance.hex(12)));
        Self {
            opaque,
            ..Self::of(&wamid, line, customer, chance)
        }
    }

    /// The statuses the message goes through, in the order in which they happen, within a few seconds.
    pub fn path(voice: bool, chance: &mut Chance) -> &'static [Step] {
        let paths: &[(&[Step], u32)] = &[
            (&[("sent", 1), ("delivered", 2), ("read", 5)], 50),
            (&[("sent", 1), ("delivered", 3)], 18),
            (&[("sent", 1), ("read", 4)], 8),
            (&[("sent", 1)], 6),
            (&[("sent", 1), ("failed", 3)], 9),
            (&[("failed", 1)], 9),
        ];
        match voice {
            true => &[("sent", 1), ("delivered", 2), ("read", 5), ("played", 7)],
            false => chance.weighted(paths).unwrap_or_default(),
        }
    }

    /// One change for each status, for a message of time `start`.
    pub fn changes(&self, path: &[Step], start: i64, chance: &mut Chance) -> Vec<Change> {
        let first_arrival = path.iter().find(|(status, _)| matches!(*status, "delivered" | "read"));
        path.iter()
            .map(|step @ (status, delay)| {
                self.change(Telling {
                    status,
                    timestamp: start + delay,
                    priced: *status == "sent" || Some(step) == first_arrival,
                    echoes: true,
                    error: (*status == "failed").then(|| Code::of(*chance.pick(&LATE_FAILURES)).in_status(None)),
                })
            })
            .collect()
    }

    pub fn change(&self, telling: Telling) -> Change {
        let Telling {
            status,
            timestamp,
            priced,
            echoes,
            error,
        } = telling;
        let mut told = json!({"id": self.wamid, "status": status, "timestamp": timestamp.to_string()});
        let failed = status == "failed";
        if let Some(wa_id) = self.customer.shown_wa_id() {
            told["recipient_id"] = json!(wa_id);
        }
        // A failed send to a phone number names no user id.
        if !failed || self.customer.hides_phone {
            told["recipient_user_id"] = json!(self.customer.user_id);
            if let Some(parent) = &self.customer.parent_user_id {
                told["recipient_parent_user_id"] = json!(parent);
            }
        }
        if let Some(opaque) = self.opaque.as_ref().filter(|_| echoes) {
            told["biz_opaque_callback_data"] = json!(opaque);
        }
        if priced {
            told["pricing"] = self.pricing();
            if let Some(id) = &self.conversation {
                told["conversation"] = json!({"id": id, "origin": {"type": self.category}});
                if status == "sent" {
                    told["conversation"]["expiration_timestamp"] = json!((timestamp + 72 * 3600).to_string());
                }
            }
        }
        if let Some(error) = error {
            told["errors"] = json!([error]);
        }
        let mut value = self.line.value();
        if !failed {
            value.insert("contacts".to_owned(), json!([self.customer.contact(status != "sent")]));
        }
        value.insert("statuses".to_owned(), json!([told]));
        let item = self.item(status, timestamp, None);
        Change::of_number(&self.line, "messages", value, vec![item])
    }

    /// One status of a message to a group, told for several members at once.
    pub fn group_change(&self, members: &[Customer], telling: &Telling) -> Change {
        let Telling { status, timestamp, .. } = *telling;
        let group_id = group_id(&self.line);
        let mut items = Vec::new();
        let mut statuses = Vec::new();
        for (place, member) in members.iter().enumerate() {
            let timestamp = timestamp + i64::try_from(place).unwrap_or(0);
            let mut told = json!({
                "id": self.wamid,
                "status": status,
                "timestamp": timestamp.to_string(),
                "recipient_id": self.group.as_deref().unwrap_or(&group_id),
                "recipient_type": "group",
                "recipient_participant_user_id": member.user_id,
                "pricing": self.group_pricing(),
            });
            if let Some(wa_id) = member.shown_wa_id() {
                told["recipient_participant_id"] = json!(wa_id);
            }
            if let Some(opaque) = self.opaque.as_ref().filter(|_| telling.echoes) {
                told["biz_opaque_callback_data"] = json!(opaque);
            }
            if let Some(error) = &telling.error {
                told["errors"] = json!([error]);
            }
            statuses.push(told);
            items.push(self.item(status, timestamp, Some(member.shown_wa_id().unwrap_or(&member.user_id))));
        }
        let mut value = self.line.value();
        value.insert("statuses".to_owned(), Value::Array(statuses));
        Change::of_number(&self.line, "messages", value, items)
    }

    fn pricing(&self) -> Value {
        pricing(self.pricing_type, self.category)
    }

    /// Groups have categories of their own, and none for one-time codes or advertisements.
    fn group_pricing(&self) -> Value {
        let category = match self.category {
            "service" => "group_service",
            "marketing" | "marketing_lite" => "group_marketing",
            _ => "group_utility",
        };
        let kind = match self.pricing_type {
            "free_customer_service" | "free_group_customer_service" => "free_group_customer_service",
            _ => "regular",
        };
        pricing(kind, category)
    }

    fn item(&self, status: &str, timestamp: i64, participant: Option<&str>) -> Item {
        Item::Status(Status {
            phone_number_id: self.line.phone_number_id.clone(),
            wamid: self.wamid.clone(),
            status: status.to_owned(),
            timestamp,
            participant: participant.map(str::to_owned),
        })
    }
}

fn pricing(kind: &str, category: &str) -> Value {
    json!({"billable": kind == "regular", "pricing_model": "PMP", "type": kind, "category": category})
}
