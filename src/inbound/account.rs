//! Items that do not carry a message: errors, preferences, the business app's address book, account updates.

use std::collections::BTreeMap;

use super::{
    numbers,
    plan::{ItemSource, Plan, PlannedPreference},
};
use crate::{
    clock::Clock,
    contacts::people::Party,
    directory::Route,
    domain::{ChannelId, DailyLimit, TenantId},
    events::{account::CALL, channel, contact::MARKETING},
    messaging::{AccountChange, Source},
    provider::{
        errors,
        webhook::{
            AccountDetail, AccountEvent, AppContact, AppContactAction, PreferenceChoice, UserPreference, ValueError,
            WhatsAppUser,
        },
    },
    records::events::NewEvent,
    templates,
};

impl Plan {
    /// Plans a `channel.error` event for an error of the account or the app.
    pub(super) fn plan_error(&mut self, clock: &Clock, origin: &ItemSource<'_>, route: &Route, error: &ValueError) {
        self.count("error");
        let detail = &error.error;
        if self.counts["error"] <= LOGGED {
            let entry = detail.code.map(errors::entry);
            tracing::warn!(channel.id = %route.channel, error.code = detail.code, error.title = entry.map(|it| it.title),
                error.advice = entry.map(|it| it.advice), "Meta reported an error of the account or the app");
        }
        let data = channel::Error {
            channel_id: route.channel,
            code: detail.code,
            title: detail.title.as_deref(),
            message: detail.message.as_deref(),
            details: detail.details.as_deref(),
        };
        let event = NewEvent::new(clock, route.tenant, &channel::ERROR, origin.received_at, &data);
        self.domain_events.push(event.on(route.channel));
    }

    /// Plans a change of a contact's marketing preference.
    pub(super) fn plan_preference(&mut self, origin: &ItemSource<'_>, route: &Route, preference: &UserPreference) {
        self.count("preference");
        let at = preference.timestamp.unwrap_or(origin.received_at);
        let Some(mut party) = Party::person(route.tenant, &preference.person, at) else {
            return self.add_unrecognized(origin, "no_sender");
        };
        if preference.category.as_deref() == Some(MARKETING) {
            party.marketing_stopped = match preference.choice {
                PreferenceChoice::Stop => Some(true),
                PreferenceChoice::Resume => Some(false),
                PreferenceChoice::Other(_) => None,
            };
        }
        let party = self.add_party(party);
        self.preferences.push(PlannedPreference {
            tenant: route.tenant,
            channel: route.channel,
            party,
            preference: preference.clone(),
        });
    }

    /// Plans the contact of an entry of the business app's address book. A removed entry leaves the contact as it is.
    pub(super) fn plan_app_contact(&mut self, origin: &ItemSource<'_>, route: &Route, contact: &AppContact) {
        self.count("app_contact");
        if contact.action == AppContactAction::Remove {
            return;
        }
        let person = WhatsAppUser {
            phone: contact.phone.clone(),
            user_id: contact.user_id.clone(),
            name: contact.full_name.clone().or_else(|| contact.first_name.clone()),
            ..WhatsAppUser::default()
        };
        match Party::person(route.tenant, &person, contact.timestamp.unwrap_or(origin.received_at)) {
            Some(party) => drop(self.add_party(party)),
            None => self.add_unrecognized(origin, "no_sender"),
        }
    }

    /// Plans the effects of an account update. Each tenant with a channel in the account gets its events once.
    pub(super) fn plan_account(
        &mut self,
        clock: &Clock,
        origin: &ItemSource<'_>,
        routes: &[&Route],
        source: Source,
        account: &AccountEvent,
    ) {
        self.count("account");
        let at = origin.item.time.unwrap_or(origin.received_at);
        let mut of_tenant: BTreeMap<TenantId, Vec<&Route>> = BTreeMap::new();
        let faster = faster(routes, &account.detail);
        for route in routes {
            self.account_updates
                .extend(account_updates(route, faster, &account.detail, source));
            of_tenant.entry(route.tenant).or_default().push(route);
        }
        for (tenant, routes) in of_tenant {
            if *account.event == CALL {
                self.plan_call(origin, routes[0], account);
                continue;
            }
            let news = templates::TemplateUpdate::from_webhook(tenant, routes[0].account(), at, &account.detail);
            self.templates.extend(news);
            self.domain_events
                .extend(numbers::events_for(clock, origin, &routes, account));
        }
    }
}

/// Throughput in messages per second after Meta's upgrade.
const UPGRADED: i64 = 1_000;

/// Maximum number of account errors that are logged per plan. Every one becomes an event.
const LOGGED: u64 = 3;

/// Returns the channel whose throughput the update raises.
fn faster(routes: &[&Route], detail: &AccountDetail) -> Option<ChannelId> {
    match detail {
        AccountDetail::PhoneQuality(quality) if quality.event == "THROUGHPUT_UPGRADE" => {
            numbers::number(routes, &quality.display_phone_number).map(|route| route.channel)
        }
        _ => None,
    }
}

/// Returns the updates of the channel's limits, throughput and owner that a webhook contains.
fn account_updates(
    route: &Route,
    faster: Option<ChannelId>,
    detail: &AccountDetail,
    source: Source,
) -> Vec<AccountChange> {
    let limit = |tier: &Option<String>| tier.as_deref().and_then(DailyLimit::parse);
    match detail {
        AccountDetail::Capability(capability) => {
            let earlier = capability.max_daily_conversations_per_phone.map(DailyLimit::of_number);
            let limit = limit(&capability.max_daily_conversations_per_business).or(earlier);
            limit
                .map(|limit| AccountChange::limit(route, limit, source))
                .into_iter()
                .collect()
        }
        AccountDetail::PhoneQuality(quality) => {
            let limit = limit(&quality.max_daily_conversations).or_else(|| limit(&quality.current_limit));
            let mut news: Vec<AccountChange> = limit
                .map(|limit| AccountChange::limit(route, limit, source))
                .into_iter()
                .collect();
            if faster == Some(route.channel) {
                news.push(AccountChange::Throughput {
                    tenant: route.tenant,
                    channel: route.channel,
                    per_second: UPGRADED,
                });
            }
            news
        }
        AccountDetail::Update(update) if source == Source::Meta => {
            let owner = update.owner_business_id.as_deref();
            owner
                .and_then(|owner| AccountChange::owner(route, owner))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}
