//! What a batch asks for, sorted by kind, before anything touches the database.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{batch::Attempt, messages::PlannedMessage, statuses};
use crate::{
    clock::Clock,
    directory::{Route, Signed, Snapshot},
    domain::{ChannelId, Id, RawEventId, TenantId, WorkState},
    messaging::{News, Source},
    meta::webhook::{Change, Item, Malformed, Preference, Webhook},
    people::Party,
    store::{
        events::NewEvent,
        quarantine,
        raw_events::{Processed, RawEvent},
        sends::Proof,
        statuses::NewStatus,
        unrecognized::Unrecognized,
    },
    templates,
};

#[derive(Default)]
pub struct Plan {
    /// Everybody spoken of; messages and facts point into it.
    pub parties: Vec<Party>,
    pub messages: Vec<PlannedMessage>,
    pub statuses: Vec<NewStatus>,
    /// Statuses that name one of our attempts.
    pub proofs: Vec<Proof>,
    /// Messages received, by channel: Meta counts them against the number's rate.
    pub received: BTreeMap<ChannelId, u32>,
    /// What is said of accounts and numbers that decides what may be sent.
    pub news: Vec<News>,
    /// What is told of templates.
    pub templates: Vec<templates::News>,
    /// What people want to be sent, and what not.
    pub preferences: Vec<PlannedPreference>,
    /// Facts that stand for themselves, such as an alert about the account.
    pub facts: Vec<NewEvent>,
    pub quarantined: Vec<(String, Uuid, DateTime<Utc>)>,
    pub unrecognized: Vec<Unrecognized>,
    pub processed: Vec<Processed>,
    /// For the metrics: items by kind.
    pub counts: BTreeMap<&'static str, u64>,
}

/// What somebody has chosen, with their place in [`Plan::parties`].
pub struct PlannedPreference {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub party: usize,
    pub preference: Preference,
}

/// Where an item comes from and where it goes.
pub struct Origin<'a> {
    pub event: RawEventId,
    pub received_at: DateTime<Utc>,
    pub item: &'a Item,
}

impl Plan {
    pub fn make(
        directory: &Snapshot,
        clock: &Clock,
        events: &[(&RawEvent, Result<Webhook, Malformed>)],
        attempt: Attempt,
    ) -> Plan {
        let mut plan = Plan::default();
        for (event, parsed) in events {
            match parsed {
                Ok(webhook) => plan.event(directory, clock, event, webhook, attempt),
                Err(malformed) => {
                    let reason = match malformed {
                        Malformed::NotJson(_) => "not_json",
                        Malformed::NotAnObject => "not_an_object",
                    };
                    plan.unrecognized.push(Unrecognized {
                        raw_event_id: event.id,
                        path: String::new(),
                        field: String::new(),
                        reason: reason.to_owned(),
                    });
                    plan.processed.push(Processed {
                        id: event.id,
                        state: WorkState::Done,
                        fields: String::new(),
                    });
                }
            }
        }
        plan
    }

    fn event(&mut self, directory: &Snapshot, clock: &Clock, event: &RawEvent, webhook: &Webhook, attempt: Attempt) {
        let waiting = self.quarantined.len();
        let mut fields: Vec<&str> = Vec::new();
        let signed = event.signer.map(|tenant| Signed {
            tenant,
            secret: event.app_secret_id,
            at: event.received_at,
        });
        for (number, item) in webhook.items.iter().enumerate() {
            if matches!(attempt, Attempt::Item(only) if only != number) {
                continue;
            }
            if !fields.contains(&item.field.as_str()) {
                fields.push(&item.field);
            }
            let origin = Origin {
                event: event.id,
                received_at: event.received_at,
                item,
            };
            self.item(directory, clock, signed.as_ref(), &origin);
        }
        let state = if self.quarantined.len() > waiting {
            WorkState::Quarantined
        } else {
            WorkState::Done
        };
        self.processed.push(Processed {
            id: event.id,
            state,
            fields: fields.join(" "),
        });
    }

    fn item(&mut self, directory: &Snapshot, clock: &Clock, signed: Option<&Signed>, origin: &Origin<'_>) {
        let item = origin.item;
        if let Change::Unknown(unknown) = &item.change {
            return self.unrecognized(origin, unknown.reason.as_str());
        }
        let routes = match (&item.phone_number_id, &item.entry_id) {
            (Some(number), _) => directory.number(number).map(std::slice::from_ref).unwrap_or_default(),
            (None, Some(waba)) => directory.account(waba),
            (None, None) => return self.unrecognized(origin, "no_addressee"),
        };
        if routes.is_empty() {
            let number = item.phone_number_id.as_deref().map(quarantine::number);
            let subject = number
                .or(item.entry_id.as_deref().map(quarantine::waba))
                .unwrap_or_default();
            let entry = (subject, origin.event.uuid(), origin.received_at);
            if !self.quarantined.contains(&entry) {
                self.quarantined.push(entry);
            }
            return;
        }
        // A tenant's own app secret speaks for the channels of those who have it only.
        let permitted: Vec<&Route> = routes
            .iter()
            .filter(|route| signed.is_none_or(|signed| directory.signers().speaks_for(signed, route.tenant)))
            .collect();
        let Some(route) = permitted.first() else {
            return self.unrecognized(origin, "signed_by_another_tenant");
        };
        match &item.change {
            Change::Message(message) => {
                *self.received.entry(route.channel).or_default() += 1;
                self.inbound(clock, origin, route, message);
            }
            Change::Echo(message) => self.echo(clock, origin, route, message),
            Change::History(history) => self.history(clock, origin, route, history),
            Change::Status(status) => {
                self.count("status");
                self.proofs.extend(statuses::proof(route, status));
                self.statuses.push(statuses::planned(origin, route, status));
            }
            Change::Error(error) => self.value_error(clock, origin, route, error),
            Change::AppContact(contact) => self.app_contact(origin, route, contact),
            Change::Preference(preference) => self.preference(origin, route, preference),
            Change::Account(account) => {
                let source = signed.map_or(Source::Meta, |_| Source::Tenant);
                self.account(clock, origin, (&permitted, source), account);
            }
            Change::Unknown(_) => {}
        }
    }

    pub fn unrecognized(&mut self, origin: &Origin<'_>, reason: &str) {
        self.unrecognized.push(Unrecognized {
            raw_event_id: origin.event,
            path: origin.item.path.clone(),
            field: origin.item.field.clone(),
            reason: reason.to_owned(),
        });
    }

    pub fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Notes somebody spoken of and returns their place.
    pub fn party(&mut self, party: Party) -> usize {
        self.parties.push(party);
        self.parties.len() - 1
    }
}
