//! The plan of a batch: the effects of its items, sorted by kind, computed without database access.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{calls::PlannedCall, messages::PlannedMessage, read::Parsed, recipients, statuses};
use crate::{
    clock::Clock,
    contacts::{keywords::Keywords, people::Party},
    directory::{Route, Snapshot, TenantSignature},
    domain::{ChannelId, Id, RawEventId, TenantId, WorkState},
    inbound::{
        PROBE_FIELD,
        store::{quarantine, statuses::NewStatus, unrecognized::Unrecognized},
    },
    messaging::{AccountChange, Source, store::sends::Proof},
    provider::webhook::{Change, Malformed, UserPreference, WebhookItem},
    records::{events::NewEvent, messages::NamedRecipient, raw_events::ProcessedEvent},
    templates,
};

/// The effects of a batch of items.
#[derive(Default)]
pub(crate) struct Plan {
    /// Contacts that items name. Messages, calls and preferences hold indices into it.
    pub parties: Vec<Party>,
    pub messages: Vec<PlannedMessage>,
    pub statuses: Vec<NewStatus>,
    /// Statuses that carry the id of one of our attempts.
    pub proofs: Vec<Proof>,
    /// The messages of statuses, with Meta's names of their recipients.
    pub recipients: Vec<NamedRecipient>,
    /// Events of calls.
    pub calls: Vec<PlannedCall>,
    /// Number of messages received per channel, which Meta counts against the number's rate.
    pub received: BTreeMap<ChannelId, u32>,
    /// Updates of accounts and numbers that change what may be sent.
    pub account_updates: Vec<AccountChange>,
    /// Updates of templates.
    pub templates: Vec<templates::TemplateUpdate>,
    /// Marketing preferences of contacts.
    pub preferences: Vec<PlannedPreference>,
    /// Events that need no stored row, such as an account alert.
    pub domain_events: Vec<NewEvent>,
    pub quarantined: BTreeSet<(String, Uuid, DateTime<Utc>)>,
    pub unrecognized: Vec<Unrecognized>,
    pub processed: Vec<ProcessedEvent>,
    /// Number of items by kind, for the metrics.
    pub counts: BTreeMap<&'static str, u64>,
}

/// A preference of a contact. `party` is an index into [`Plan::parties`].
pub(crate) struct PlannedPreference {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub party: usize,
    pub preference: UserPreference,
}

/// What plans are made with: the channels and the keyword rules of all tenants, at one time.
pub(crate) struct Known {
    pub directory: Arc<Snapshot>,
    pub keywords: Arc<Keywords>,
}

/// An item and the raw event it comes from.
pub(crate) struct ItemSource<'a> {
    pub event: RawEventId,
    pub received_at: DateTime<Utc>,
    pub item: &'a WebhookItem,
}

/// Maximum number of field names stored with an event.
const FIELDS: usize = 32;

/// Returns the final state of an event whose items are all applied.
pub fn settled(directory: &Snapshot, event: &Parsed) -> ProcessedEvent {
    let items = event.webhook.as_ref().map_or(&[][..], |webhook| &webhook.items);
    let mut fields: BTreeSet<&str> = BTreeSet::new();
    let mut state = WorkState::Done;
    for item in items {
        if fields.len() < FIELDS {
            fields.insert(&item.field);
        }
        if matches!(addressee(directory, item), Addressee::Nobody(_)) {
            state = WorkState::Quarantined;
        }
    }
    ProcessedEvent {
        id: event.id,
        state,
        fields: fields.into_iter().collect::<Vec<_>>().join(" "),
    }
}

/// The addressee of an item.
enum Addressee<'a> {
    Channels(&'a [Route]),
    /// A number or account that no tenant has added, as a subject of the quarantine.
    Nobody(String),
    Unsaid,
    /// The item was not understood.
    Unknown,
}

/// Finds the addressee of an item.
fn addressee<'a>(directory: &'a Snapshot, item: &WebhookItem) -> Addressee<'a> {
    if matches!(item.change, Change::Unknown(_)) {
        return Addressee::Unknown;
    }
    let (routes, subject): (&[Route], fn(&str) -> String) = match (&item.phone_number_id, &item.entry_id) {
        (Some(number), _) => (
            directory.number(number).map(std::slice::from_ref).unwrap_or_default(),
            quarantine::number,
        ),
        (None, Some(waba)) => (directory.account(waba), quarantine::waba),
        (None, None) => return Addressee::Unsaid,
    };
    let named = item.phone_number_id.as_deref().or(item.entry_id.as_deref());
    match routes {
        [] => Addressee::Nobody(subject(named.unwrap_or_default())),
        routes => Addressee::Channels(routes),
    }
}

impl Plan {
    /// Plans the items of the events; only those in the range, if one is given.
    pub fn make(known: &Known, clock: &Clock, events: &[&Parsed], items: Option<Range<usize>>) -> Plan {
        let mut plan = Plan::default();
        for event in events {
            match &event.webhook {
                Ok(webhook) => {
                    let count = webhook.items.len();
                    let range = items
                        .clone()
                        .map_or(0..count, |it| it.start.min(count)..it.end.min(count));
                    for item in &webhook.items[range] {
                        let origin = ItemSource {
                            event: event.id,
                            received_at: event.received_at,
                            item,
                        };
                        plan.plan_item(known, clock, event.signed.as_ref(), &origin);
                    }
                }
                Err(malformed) => plan.add_malformed(event.id, malformed),
            }
            if items.is_none() {
                plan.processed.push(settled(&known.directory, event));
            }
        }
        recipients::sort(&mut plan.recipients);
        plan
    }

    /// Records a body that is not a webhook.
    fn add_malformed(&mut self, event: RawEventId, malformed: &Malformed) {
        let reason = match malformed {
            Malformed::NotJson(_) => "not_json",
            Malformed::NotAnObject => "not_an_object",
        };
        self.unrecognized.push(Unrecognized {
            raw_event_id: event,
            path: String::new(),
            field: String::new(),
            reason: reason.to_owned(),
        });
    }

    /// Plans one item.
    fn plan_item(&mut self, known: &Known, clock: &Clock, signed: Option<&TenantSignature>, origin: &ItemSource<'_>) {
        let (item, directory) = (origin.item, &known.directory);
        let routes = match addressee(directory, item) {
            Addressee::Channels(routes) => routes,
            Addressee::Nobody(subject) => {
                self.quarantined
                    .insert((subject, origin.event.uuid(), origin.received_at));
                return;
            }
            Addressee::Unsaid => return self.add_unrecognized(origin, "no_addressee"),
            Addressee::Unknown if &*item.field == PROBE_FIELD => return,
            Addressee::Unknown => {
                let Change::Unknown(unknown) = &item.change else { return };
                return self.add_unrecognized(origin, unknown.reason.as_str());
            }
        };
        // A webhook signed with a tenant's app secret applies only to channels of the tenants that have this secret.
        let permitted: Vec<&Route> = routes
            .iter()
            .filter(|route| signed.is_none_or(|signed| directory.signers().speaks_for(signed, route.tenant)))
            .collect();
        let Some(route) = permitted.first() else {
            return self.add_unrecognized(origin, "signed_by_another_tenant");
        };
        match &item.change {
            Change::Message(message) => {
                *self.received.entry(route.channel).or_default() += 1;
                self.plan_inbound(clock, origin, route, message);
                // A copy of what was said to Meta's agent, or in a group, is not said to the business.
                if &*item.field != "standby" && message.group_id.is_none() {
                    self.find_keyword(&known.keywords, message);
                }
            }
            Change::Echo(message) => self.plan_echo(clock, origin, route, message),
            Change::History(history) => self.plan_history(clock, origin, route, history),
            Change::Status(status) => {
                self.count("status");
                let planned = statuses::planned(origin, route, status);
                let proof = statuses::proof(route, status);
                self.recipients
                    .push(recipients::named(&planned, proof.as_ref(), &status.recipient));
                self.proofs.extend(proof);
                self.statuses.push(planned);
            }
            Change::Error(error) => self.plan_error(clock, origin, route, error),
            Change::AppContact(contact) => self.plan_app_contact(origin, route, contact),
            Change::Preference(preference) => self.plan_preference(origin, route, preference),
            Change::Account(account) => {
                let source = signed.map_or(Source::Meta, |_| Source::Tenant);
                self.plan_account(clock, origin, &permitted, source, account);
            }
            Change::Unknown(_) => {}
        }
    }

    /// Records an item as unrecognized.
    pub(crate) fn add_unrecognized(&mut self, origin: &ItemSource<'_>, reason: &str) {
        self.unrecognized.push(Unrecognized {
            raw_event_id: origin.event,
            path: origin.item.path.clone(),
            field: origin.item.field.to_string(),
            reason: reason.to_owned(),
        });
    }

    /// Counts an item for the metrics.
    pub fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Adds a party and returns its index.
    pub(crate) fn add_party(&mut self, party: Party) -> usize {
        self.parties.push(party);
        self.parties.len() - 1
    }
}
