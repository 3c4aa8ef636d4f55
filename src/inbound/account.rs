//! Items that are about no message: errors, preferences, the business app's address book, the account itself.

use serde_json::json;

use super::{
    facts::Fact,
    plan::{Origin, Plan},
};
use crate::{
    directory::Route,
    domain::DailyLimit,
    messaging::News,
    meta::webhook::{
        Account, AccountDetail, AppContact, AppContactAction, Person, Preference, PreferenceChoice, ValueError,
    },
    people::Party,
    templates,
};

impl Plan {
    pub(super) fn value_error(&mut self, origin: &Origin<'_>, route: &Route, error: &ValueError) {
        self.count("error");
        let detail = &error.error;
        tracing::warn!(channel.id = %route.channel, error.code = detail.code, "Meta reports an error of the account or the app");
        let data = json!({
            "channel_id": route.channel, "code": detail.code, "title": detail.title, "message": detail.message,
            "details": detail.details,
        });
        let fact = Fact::new(route.tenant, "channel.error", origin.received_at, data.to_string());
        self.facts.push(fact.on(route.channel));
    }

    pub(super) fn preference(&mut self, origin: &Origin<'_>, route: &Route, preference: &Preference) {
        self.count("preference");
        let at = preference.timestamp.unwrap_or(origin.received_at);
        let Some(mut party) = Party::person(route.tenant, &preference.person, at) else {
            return self.unrecognized(origin.event, &origin.item.path, &origin.item.field, "no_sender");
        };
        let kind = match preference.choice {
            PreferenceChoice::Stop => "contact.opted_out",
            PreferenceChoice::Resume => "contact.opted_in",
            PreferenceChoice::Other(_) => "contact.preference_changed",
        };
        if preference.category.as_deref() == Some("marketing_messages") {
            party.marketing_stopped = match preference.choice {
                PreferenceChoice::Stop => Some(true),
                PreferenceChoice::Resume => Some(false),
                PreferenceChoice::Other(_) => None,
            };
        }
        let place = self.party(party);
        let data = json!({ "channel_id": route.channel, "category": preference.category, "detail": preference.detail });
        let fact = Fact::new(route.tenant, kind, at, data.to_string());
        self.facts.push(fact.on(route.channel).about(place));
    }

    /// The business app's address book names people; one that is removed there stays known here.
    pub(super) fn app_contact(&mut self, origin: &Origin<'_>, route: &Route, contact: &AppContact) {
        self.count("app_contact");
        if contact.action == AppContactAction::Remove {
            return;
        }
        let person = Person {
            phone: contact.phone.clone(),
            user_id: contact.user_id.clone(),
            name: contact.full_name.clone().or_else(|| contact.first_name.clone()),
            ..Person::default()
        };
        match Party::person(route.tenant, &person, contact.timestamp.unwrap_or(origin.received_at)) {
            Some(party) => drop(self.party(party)),
            None => self.unrecognized(origin.event, &origin.item.path, &origin.item.field, "no_sender"),
        }
    }

    /// One event for each tenant with a channel in the account.
    pub(super) fn account(&mut self, origin: &Origin<'_>, routes: &[&Route], account: &Account) {
        self.count("account");
        for route in routes {
            self.news.extend(news(route, routes.len(), &account.detail));
        }
        let at = origin.item.time.unwrap_or(origin.received_at);
        let mut told = Vec::new();
        for route in routes {
            if told.contains(&route.tenant) {
                continue;
            }
            told.push(route.tenant);
            self.templates
                .extend(templates::News::of(route.tenant, &route.waba_id, at, &account.detail));
            let value: Option<&serde_json::value::RawValue> = serde_json::from_str(&account.raw).ok();
            #[derive(serde::Serialize)]
            struct Data<'a> {
                waba_id: Option<&'a str>,
                phone_number_id: Option<&'a str>,
                field: &'a str,
                subject: Option<&'a str>,
                value: Option<&'a serde_json::value::RawValue>,
            }
            let data = Data {
                waba_id: origin.item.entry_id.as_deref(),
                phone_number_id: origin.item.phone_number_id.as_deref(),
                field: &origin.item.field,
                subject: account.subject.as_deref(),
                value,
            };
            let data = serde_json::to_string(&data).expect("text and JSON always serialise");
            let fact = Fact::new(route.tenant, account.event, at, data);
            // What is said of a number concerns its channel; what is said of the account, all of them.
            self.facts.push(match origin.item.phone_number_id {
                Some(_) => fact.on(route.channel),
                None => fact,
            });
        }
    }
}

/// Messages per second after Meta's upgrade.
const UPGRADED: i64 = 1_000;

/// What an event says of a channel of the account that decides what it may send. `among` is how many channels the account has here.
fn news(route: &Route, among: usize, detail: &AccountDetail) -> Vec<News> {
    let limit = |tier: &Option<String>| tier.as_deref().and_then(DailyLimit::parse);
    match detail {
        AccountDetail::Capability(capability) => {
            let earlier = capability.max_daily_conversations_per_phone.map(DailyLimit::of_number);
            let limit = limit(&capability.max_daily_conversations_per_business).or(earlier);
            limit.map(|limit| News::limit(route, limit)).into_iter().collect()
        }
        AccountDetail::PhoneQuality(quality) => {
            let limit = limit(&quality.max_daily_conversations).or_else(|| limit(&quality.current_limit));
            let mut news: Vec<News> = limit.map(|limit| News::limit(route, limit)).into_iter().collect();
            // Meta names the number by what is displayed: one of several has to be known by that.
            let (dialled, subject) = (
                digits(&route.display_phone_number),
                digits(&quality.display_phone_number),
            );
            if quality.event == "THROUGHPUT_UPGRADE" && (among == 1 || (!dialled.is_empty() && dialled == subject)) {
                news.push(News::Throughput {
                    tenant: route.tenant,
                    channel: route.channel,
                    per_second: UPGRADED,
                });
            }
            news
        }
        AccountDetail::Update(update) => {
            let owner = update.owner_business_id.as_deref();
            owner.and_then(|owner| News::owner(route, owner)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn digits(number: &Option<String>) -> String {
    let number = number.as_deref().unwrap_or_default();
    number.chars().filter(char::is_ascii_digit).collect()
}
