//! Asking Meta about channels: when somebody wants to know, and without being asked.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    account::{self, News, Source},
    breaker::{call, recover, trip},
    checked::{Checked, throughput},
    daily_limit::release_limits,
};
use crate::{
    config::Secret,
    db::{Result, Tx},
    directory::Route,
    domain::{ChannelId, DailyLimit, Id},
    events::channel::{ChannelQualityChanged, QUALITY_CHANGED, RECOVERED},
    messaging::MessagingService,
    meta::graph::{Access, Error, PhoneNumberInfo},
    queue::{Queue, counts},
    records::{
        channel_checks, channels,
        events::{self, NewEvent},
    },
};

/// The standing orders.
pub const CHECKS: Queue = Queue::new("checks", "channel_checks");
/// A channel is checked once a day, each at a time of its own: after this, and at most [`SPREAD`] seconds more.
const EVERY: TimeDelta = TimeDelta::hours(23);
const SPREAD: u128 = 2 * 3_600;

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("the channel is not known here yet")]
    Unknown,
    #[error(transparent)]
    Meta(#[from] Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Does a standing order once and says when it is due again.
pub async fn check_in_turn(service: &MessagingService, id: ChannelId) -> Result<(), CheckError> {
    // Of a token that was renewed a moment ago another process may not know yet.
    service.directory.refresh().await?;
    let began = service.clock.now();
    let directory = service.directory.current();
    let checked = check(service, directory.channel(id).ok_or(CheckError::Unknown)?).await?;
    if let Some(error) = checked.unanswered() {
        return Err(error.clone().into());
    }
    let conclude = async |tx: &mut Tx| {
        channel_checks::reschedule(&mut *tx, id, began, next(id, began)).await?;
        counts::add(&mut *tx, &CHECKS, service.clock.now(), 1, 0).await
    };
    service.db.transaction(conclude).await?;
    metrics::counter!("mainstay_channel_checks_total").increment(1);
    Ok(())
}

fn next(id: ChannelId, began: DateTime<Utc>) -> DateTime<Utc> {
    let own = i64::try_from(id.uuid().as_u128() % SPREAD).unwrap_or_default();
    began + EVERY + TimeDelta::seconds(own)
}

/// Asks Meta about the channel, keeps what it says, and lets it send again if it may. If it may not, it trips.
pub async fn check(service: &MessagingService, route: &Route) -> Result<Checked> {
    let began = service.clock.now();
    let unopened = Secret::new("");
    let access = Access {
        phone_number_id: &route.phone_number_id,
        waba_id: &route.waba_id,
        token: route.access_token.as_ref().unwrap_or(&unopened),
    };
    let (number, token, subscribed, owner) = tokio::join!(
        service.graph.number(access),
        service.graph.token(access),
        service.graph.subscribed_apps(access),
        service.graph.owner_business(access)
    );
    let mut checked = Checked {
        number,
        token,
        subscribed,
        released: 0,
    };
    let mut tx = service.db.begin().await?;
    let now = service.clock.now();
    let mut told = Vec::new();
    if let Ok(number) = &checked.number {
        told.extend(note(&mut tx, service, route, number).await?);
    }
    let limits = account::apply_account_news(
        &mut tx,
        &service.clock,
        &news(route, &checked.number, owner.ok().flatten()),
    )
    .await?;
    if checked.can_send()
        && let Some(resumed) = recover(&mut tx, service, route, began).await?
    {
        checked.released = resumed.released;
        let event = NewEvent::new(&service.clock, route.tenant, &RECOVERED, now, &resumed);
        told.push(event.on(route.channel));
    }
    events::append(&mut tx, &told, now).await?;
    tx.commit().await?;
    release_limits(service, &limits).await;
    match checked.stop() {
        Some((code, reason)) => trip(service, route.channel, code, &reason).await?,
        None => service.directory.refresh().await?,
    }
    if checked.released > 0 {
        call(service, route.channel).await;
    }
    Ok(checked)
}

/// Keeps what Meta says of the number, and tells of it where it rates the number otherwise than before.
async fn note(
    tx: &mut Tx,
    service: &MessagingService,
    route: &Route,
    number: &PhoneNumberInfo,
) -> Result<Option<NewEvent>> {
    let now = service.clock.now();
    let before = channels::find(&mut *tx, route.tenant, route.channel).await?;
    let seen = channels::ChannelReport {
        throughput: throughput(number),
        quality: number.quality_rating.clone(),
        messaging_limit: number.messaging_limit.clone(),
        display_phone_number: number.display_phone_number.clone(),
    };
    channels::record_report(&mut *tx, route.tenant, route.channel, seen, now).await?;
    let Some(before) = before else { return Ok(None) };
    let differs = |was: &Option<String>, is: &Option<String>| was.is_some() && is.is_some() && was != is;
    if !differs(&before.quality, &number.quality_rating) && !differs(&before.messaging_limit, &number.messaging_limit) {
        return Ok(None);
    }
    let display = number.display_phone_number.as_deref();
    let data = ChannelQualityChanged {
        channel_id: Some(route.channel),
        waba_id: &route.waba_id,
        display_phone_number: display.or(before.display_phone_number.as_deref()),
        event: None,
        quality: number.quality_rating.as_deref(),
        previous_quality: before.quality.as_deref(),
        messaging_limit: number.messaging_limit.as_deref(),
        previous_messaging_limit: before.messaging_limit.as_deref(),
    };
    let event = NewEvent::new(&service.clock, route.tenant, &QUALITY_CHANGED, now, &data);
    Ok(Some(event.on(route.channel)))
}

/// What the answers say of the account. A portfolio that becomes known has its limit under its own name.
fn news(route: &Route, number: &std::result::Result<PhoneNumberInfo, Error>, owner: Option<String>) -> Vec<News> {
    let mut route = route.clone();
    let mut news = Vec::new();
    if let Some(business_id) = owner {
        news.extend(News::owner(&route, &business_id));
        route.portfolio = business_id;
    }
    let tier = number
        .as_ref()
        .ok()
        .and_then(|number| number.messaging_limit.as_deref());
    news.extend(
        tier.and_then(DailyLimit::parse)
            .map(|limit| News::limit(&route, limit, Source::Meta)),
    );
    news
}
