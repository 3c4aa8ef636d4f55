//! Checks channels with their providers: on request, and once a day.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    account::{self, AccountChange, Source},
    breaker::{enqueue_released, recover, trip},
    channel_report::{ChannelReport, throughput},
    daily_limit::release_limits,
};
use crate::{
    db::{Result, Tx, conflict_error},
    directory::Route,
    domain::{ChannelId, DailyLimit, Id},
    events::channel::{ChannelQualityChanged, QUALITY_CHANGED, RECOVERED},
    messaging::MessagingService,
    provider::{AskedNumber, Error, NumberAnswers, PhoneNumberInfo, Providers},
    queue::{counts, recurring},
    records::{
        channel_checks::CHECKS,
        channels,
        events::{self, NewEvent},
    },
};

/// Interval of the daily checks: 23 hours plus up to [`CHECK_SPREAD`] seconds derived from the channel's id, so that channels are checked
/// at different times.
const CHECK_INTERVAL: TimeDelta = TimeDelta::hours(23);
const CHECK_SPREAD: u128 = 2 * 3_600;

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("the channel is not in the directory yet")]
    Unknown,
    #[error(transparent)]
    Provider(#[from] Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Runs the scheduled check of a leased job, and stores when the next one is due.
pub async fn run_scheduled_check(service: &MessagingService, id: ChannelId) -> Result<(), CheckError> {
    let Some(lease) = recurring::lease(service.db.reader(), &CHECKS, id).await? else {
        return Ok(());
    };
    // Another process may have renewed the token a moment ago.
    service.directory.refresh().await?;
    let began = service.clock.now();
    let directory = service.directory.current();
    let checked = check(service, directory.channel(id).ok_or(CheckError::Unknown)?).await?;
    if let Some(error) = checked.unanswered() {
        return Err(error.clone().into());
    }
    let conclude = async |tx: &mut Tx| {
        let next = next_check(id, began);
        let due = recurring::reschedule(tx.on(), &CHECKS, lease, began, next).await?;
        due.ok_or_else(conflict_error)?;
        counts::add(tx.on(), &CHECKS, service.clock.now(), 1, 0).await
    };
    service.db.transaction(conclude).await?;
    metrics::counter!("mainstay_channel_checks_total").increment(1);
    Ok(())
}

fn next_check(id: ChannelId, began: DateTime<Utc>) -> DateTime<Utc> {
    let own = i64::try_from(id.uuid().as_u128() % CHECK_SPREAD).unwrap_or_default();
    began + CHECK_INTERVAL + TimeDelta::seconds(own)
}

/// Asks Meta about a number, whether or not it is a channel. Changes nothing.
pub(crate) async fn look_up(providers: &Providers, number: AskedNumber<'_>, now: DateTime<Utc>) -> ChannelReport {
    let (answers, listed) = tokio::join!(providers.look_up(number), providers.lists_number(number));
    ChannelReport {
        asked_at: now,
        number: answers.number,
        token: answers.token,
        subscribed: answers.subscribed,
        listed,
        released: 0,
    }
}

/// Asks Meta about a channel and stores the answers. Closes the channel's circuit breaker if the channel can send, and trips it if it
/// certainly cannot.
pub async fn check(service: &MessagingService, route: &Route) -> Result<ChannelReport> {
    let began = service.clock.now();
    let NumberAnswers {
        number,
        token,
        subscribed,
        owner,
    } = service.providers.look_up(AskedNumber::of(route)).await;
    let mut checked = ChannelReport {
        asked_at: began,
        number,
        token,
        subscribed,
        listed: Ok(true),
        released: 0,
    };
    let mut tx = service.db.begin().await?;
    let now = service.clock.now();
    let mut new_events = Vec::new();
    if let Ok(number) = &checked.number {
        new_events.extend(store_number(&mut tx, service, route, number).await?);
    }
    let limits = account::apply_account_changes(
        &mut tx,
        &service.clock,
        &account_changes(route, &checked.number, owner.ok().flatten()),
    )
    .await?;
    if checked.can_send()
        && let Some(resumed) = recover(&mut tx, service, route, began).await?
    {
        checked.released = resumed.released;
        let event = NewEvent::new(&service.clock, route.tenant, &RECOVERED, now, &resumed);
        new_events.push(event.on(route.channel));
    }
    events::append(&mut tx, &new_events, now).await?;
    tx.commit().await?;
    release_limits(service, &limits).await;
    match checked.stop() {
        Some((code, reason)) => trip(service, route.channel, code, &reason).await?,
        None => service.directory.refresh().await?,
    }
    if checked.released > 0 {
        enqueue_released(service, route.channel).await;
    }
    Ok(checked)
}

/// Stores Meta's answer about the number. Returns an event if the quality or messaging limit differs from the stored one.
async fn store_number(
    tx: &mut Tx,
    service: &MessagingService,
    route: &Route,
    number: &PhoneNumberInfo,
) -> Result<Option<NewEvent>> {
    let now = service.clock.now();
    let before = channels::find(tx.on(), route.tenant, route.channel).await?;
    let seen = channels::NumberReport {
        throughput: throughput(number),
        quality: number.quality_rating.clone(),
        messaging_limit: number.messaging_limit.clone(),
        display_phone_number: number.display_phone_number.clone(),
    };
    channels::record_report(tx.on(), route.tenant, route.channel, seen, now).await?;
    let Some(before) = before else { return Ok(None) };
    let differs = |was: &Option<String>, is: &Option<String>| was.is_some() && is.is_some() && was != is;
    if !differs(&before.quality, &number.quality_rating) && !differs(&before.messaging_limit, &number.messaging_limit) {
        return Ok(None);
    }
    let display = number.display_phone_number.as_deref();
    let data = ChannelQualityChanged {
        channel_id: Some(route.channel),
        waba_id: route.account(),
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

/// Derives account changes from the answers. The limit of a newly known portfolio is set under the portfolio's id.
fn account_changes(
    route: &Route,
    number: &std::result::Result<PhoneNumberInfo, Error>,
    owner: Option<String>,
) -> Vec<AccountChange> {
    let mut route = route.clone();
    let mut changes = Vec::new();
    if let Some(business_id) = owner {
        changes.extend(AccountChange::owner(&route, &business_id));
        route.portfolio = business_id;
    }
    let tier = number
        .as_ref()
        .ok()
        .and_then(|number| number.messaging_limit.as_deref());
    changes.extend(
        tier.and_then(DailyLimit::parse)
            .map(|limit| AccountChange::limit(&route, limit, Source::Meta)),
    );
    changes
}
