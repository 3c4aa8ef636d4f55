//! Builds the domain events of account and number updates. An update of a number names its channel; the rest is forwarded as received.

use chrono::{DateTime, Utc};

use super::plan::ItemSource;
use crate::{
    clock::Clock,
    directory::Route,
    events::{EventType, account as accounts, channel},
    provider::webhook::{AccountDetail, AccountEvent, AccountUpdate},
    records::events::NewEvent,
};

/// Returns the events of one tenant. `routes` are the tenant's channels in the account.
pub(super) fn events_for(
    clock: &Clock,
    origin: &ItemSource<'_>,
    routes: &[&Route],
    account: &AccountEvent,
) -> Vec<NewEvent> {
    let at = origin.item.time.unwrap_or(origin.received_at);
    match &account.detail {
        // Events of template changes are built where the templates are stored.
        AccountDetail::TemplateStatus(_)
        | AccountDetail::TemplateQuality(_)
        | AccountDetail::TemplateCategory(_)
        | AccountDetail::TemplateComponents(_) => Vec::new(),
        AccountDetail::PhoneQuality(it) => {
            let route = number(routes, &it.display_phone_number);
            let limit = it.max_daily_conversations.as_deref().or(it.current_limit.as_deref());
            let data = channel::ChannelQualityChanged {
                channel_id: route.map(|route| route.channel),
                waba_id: routes[0].account(),
                display_phone_number: it.display_phone_number.as_deref(),
                event: Some(&it.event),
                quality: None,
                previous_quality: None,
                messaging_limit: limit,
                previous_messaging_limit: it.old_limit.as_deref(),
            };
            vec![event(clock, routes, &channel::QUALITY_CHANGED, at, &data, route)]
        }
        AccountDetail::PhoneName(it) => {
            let route = number(routes, &it.display_phone_number);
            let data = channel::NameChanged {
                channel_id: route.map(|route| route.channel),
                waba_id: routes[0].account(),
                display_phone_number: it.display_phone_number.as_deref(),
                decision: &it.decision,
                requested_name: it.requested_name.as_deref(),
                rejection_reason: it.rejection_reason.as_deref(),
            };
            vec![event(clock, routes, &channel::NAME_CHANGED, at, &data, route)]
        }
        detail => {
            let route = match detail {
                _ if origin.item.phone_number_id.is_some() => routes.first().copied(),
                AccountDetail::Security(it) => number(routes, &it.display_phone_number),
                _ => None,
            };
            let data = accounts::ForwardedWebhook {
                channel_id: route.map(|route| route.channel),
                waba_id: origin.item.entry_id.as_deref(),
                phone_number_id: origin.item.phone_number_id.as_deref(),
                field: &origin.item.field,
                subject: account.subject.as_deref(),
                value: serde_json::from_str(&account.raw).ok(),
            };
            let mut events = vec![event(clock, routes, account.event, at, &data, route)];
            if let AccountDetail::Update(update) = detail {
                events.extend(connections(clock, routes, update, at));
            }
            events
        }
    }
}

fn event(
    clock: &Clock,
    routes: &[&Route],
    of: &'static EventType,
    at: DateTime<Utc>,
    data: &impl serde::Serialize,
    route: Option<&Route>,
) -> NewEvent {
    let event = NewEvent::new(clock, routes[0].tenant, of, at, data);
    match route {
        Some(route) => event.on(route.channel),
        None => event,
    }
}

/// Returns `channel.connected` or `channel.disconnected` for the numbers of an account that was restored or lost.
fn connections(clock: &Clock, routes: &[&Route], update: &AccountUpdate, at: DateTime<Utc>) -> Vec<NewEvent> {
    let of = match (update.event.as_str(), update.ban_state.as_deref()) {
        ("ACCOUNT_DELETED" | "ACCOUNT_OFFBOARDED" | "PARTNER_APP_UNINSTALLED" | "PARTNER_REMOVED", _)
        | ("DISABLED_UPDATE", Some("DISABLE")) => &channel::DISCONNECTED,
        ("ACCOUNT_RECONNECTED" | "PARTNER_ADDED" | "PARTNER_APP_INSTALLED", _)
        | ("DISABLED_UPDATE", Some("REINSTATE")) => &channel::CONNECTED,
        _ => return Vec::new(),
    };
    let of_account = |route: &&&Route| update.waba_id.as_ref().is_none_or(|waba| *waba == route.account());
    let event_of = |route: &&Route| {
        let data = channel::Connection {
            channel_id: route.channel,
            phone_number_id: &route.phone_number_id,
            waba_id: route.account(),
            display_phone_number: route.display_phone_number.as_deref(),
            reason: Some(&update.event),
        };
        NewEvent::new(clock, route.tenant, of, at, &data).on(route.channel)
    };
    routes.iter().filter(of_account).map(event_of).collect()
}

/// Returns the channel of a number given as display number: the only channel, or the one with that number.
pub(super) fn number<'r>(routes: &[&'r Route], display: &Option<String>) -> Option<&'r Route> {
    match routes {
        [only] => Some(only),
        several => {
            let is_it = |route: &&&Route| display.is_some() && route.display_phone_number == *display;
            several.iter().find(is_it).copied()
        }
    }
}
