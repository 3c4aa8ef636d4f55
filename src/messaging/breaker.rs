//! A channel that may not send, because its token or its account is no good, trips: its messages are kept until Meta says that it
//! may again.

use super::account::{self, News, Source};
use crate::{
    app::App,
    db::{self, Result},
    directory::Route,
    domain::{ChannelId, DailyLimit, TenantId},
    events::channel::{
        BREAKER_TRIPPED, CAMPAIGNS_RESUMED, QUALITY_CHANGED, QualityChanged, RECOVERED, Resumed, Stopped,
    },
    meta::graph::{Access, Error, Number, SubscribedApp, Token},
    store::{
        channels,
        events::{self, NewEvent},
        sends,
    },
};

/// Lets the channel send nothing more, unless that is so already, and tells of it.
pub async fn trip(app: &App, channel: ChannelId, code: i64, reason: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if let Some(tenant) = channels::trip(&mut tx, channel, code, reason, now).await? {
        metrics::counter!("mainstay_channels_tripped_total").increment(1);
        tracing::error!(channel.id = %channel, error.code = code, "a channel may not send; its messages wait until it was checked");
        let data = Stopped {
            channel_id: channel,
            code,
            reason,
        };
        let event = NewEvent::new(&app.clock, tenant, &BREAKER_TRIPPED, now, &data);
        events::append(&mut tx, &[event.on(channel)], now).await?;
    }
    tx.commit().await?;
    app.directory.refresh().await
}

/// What Meta says of a channel. Each part is asked for by itself, so that one refusal hides nothing else.
#[derive(Debug)]
pub struct Checked {
    pub number: std::result::Result<Number, Error>,
    pub token: std::result::Result<Token, Error>,
    pub subscribed: std::result::Result<Vec<SubscribedApp>, Error>,
    /// Messages that had waited for the breaker and are due now.
    pub released: u64,
}

impl Checked {
    /// Whether messages can be sent, as far as Meta says.
    pub fn can_send(&self) -> bool {
        let token = self.token.as_ref().is_ok_and(|token| token.valid);
        let blocked = |number: &Number| {
            let health = number
                .health
                .as_ref()
                .and_then(|health| health.can_send_message.as_deref());
            health == Some("BLOCKED")
        };
        // Some tokens may not ask about themselves: the number's answer proves them good.
        (token || self.token.is_err()) && self.number.as_ref().is_ok_and(|number| !blocked(number))
    }

    /// What is wrong, in words a person can act on.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match &self.number {
            Ok(number) => {
                let health = number.health.iter().flat_map(|health| &health.entities);
                for problem in health.flat_map(|entity| &entity.problems) {
                    let said = [&problem.description, &problem.solution].into_iter().flatten();
                    problems.push(said.cloned().collect::<Vec<_>>().join(" "));
                }
                if let Some(status) = number.status.as_deref().filter(|status| *status != "CONNECTED") {
                    problems.push(format!("The number is {status}: only a CONNECTED one sends."));
                }
            }
            Err(error) => problems.push(format!("The number cannot be read. {error}")),
        }
        match &self.token {
            Ok(token) if !token.valid => problems.push("The access token is not valid: make a new one.".to_owned()),
            Ok(token) => {
                let lacks = token.lacks();
                if !lacks.is_empty() {
                    problems.push(format!("The access token lacks {}.", lacks.join(" and ")));
                }
            }
            Err(error) => problems.push(format!("The access token cannot be examined. {error}")),
        }
        match &self.subscribed {
            Ok(apps) if apps.is_empty() => {
                problems.push("No app hears this account's webhooks: subscribe one to the WABA.".to_owned());
            }
            Ok(_) => {}
            Err(error) => problems.push(format!("The subscriptions cannot be read. {error}")),
        }
        problems
    }
}

/// Asks Meta about the channel, keeps what it says, and lets it send again if it may.
pub async fn check(app: &App, route: &Route) -> Result<Checked> {
    let unopened = crate::config::Secret::new("");
    let access = Access {
        phone_number_id: &route.phone_number_id,
        waba_id: &route.waba_id,
        token: route.access_token.as_ref().unwrap_or(&unopened),
    };
    let (number, token, subscribed, owner) = tokio::join!(
        app.graph.number(access),
        app.graph.token(access),
        app.graph.subscribed(access),
        app.graph.owner(access)
    );
    let mut checked = Checked {
        number,
        token,
        subscribed,
        released: 0,
    };
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    account::heed(&mut tx, &app.clock, &news(route, &checked.number, owner.ok().flatten())).await?;
    let mut told = Vec::new();
    if let Ok(number) = &checked.number {
        told.extend(note(&mut tx, app, route, number).await?);
    }
    if checked.can_send()
        && let Some(resumed) = recover(&mut tx, app, route).await?
    {
        checked.released = resumed.released;
        let event = NewEvent::new(&app.clock, route.tenant, &RECOVERED, now, &resumed);
        told.push(event.on(route.channel));
    }
    events::append(&mut tx, &told, now).await?;
    tx.commit().await?;
    app.directory.refresh().await?;
    Ok(checked)
}

/// Keeps what Meta says of the number, and tells of it where it rates the number otherwise than before.
async fn note(tx: &mut db::Tx, app: &App, route: &Route, number: &Number) -> Result<Option<NewEvent>> {
    let now = app.clock.now();
    let before = channels::find(&mut *tx, route.tenant, route.channel).await?;
    let seen = channels::Seen {
        throughput: number.throughput_level.as_deref().and_then(throughput),
        quality: number.quality_rating.clone(),
        messaging_limit: number.messaging_limit.clone(),
        display_phone_number: number.display_phone_number.clone(),
    };
    channels::note_seen(&mut *tx, route.tenant, route.channel, seen, now).await?;
    let Some(before) = before else { return Ok(None) };
    let differs = |was: &Option<String>, is: &Option<String>| was.is_some() && is.is_some() && was != is;
    if !differs(&before.quality, &number.quality_rating) && !differs(&before.messaging_limit, &number.messaging_limit) {
        return Ok(None);
    }
    let display = number.display_phone_number.as_deref();
    let data = QualityChanged {
        channel_id: Some(route.channel),
        waba_id: &route.waba_id,
        display_phone_number: display.or(before.display_phone_number.as_deref()),
        event: None,
        quality: number.quality_rating.as_deref(),
        previous_quality: before.quality.as_deref(),
        messaging_limit: number.messaging_limit.as_deref(),
        previous_messaging_limit: before.messaging_limit.as_deref(),
    };
    let event = NewEvent::new(&app.clock, route.tenant, &QUALITY_CHANGED, now, &data);
    Ok(Some(event.on(route.channel)))
}

/// What the answers say of the account. A portfolio that becomes known has its limit under its own name.
fn news(route: &Route, number: &std::result::Result<Number, Error>, owner: Option<String>) -> Vec<News> {
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

/// Lets the campaigns of a channel go on; tells how many messages had waited for it, or `None` when they did not rest.
pub async fn resume_campaigns(app: &App, tenant: TenantId, channel: ChannelId) -> Result<Option<u64>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !channels::resume_campaigns(&mut tx, tenant, channel, now).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    let released = sends::release(&mut tx, channel, "campaigns", now).await?;
    let data = Resumed {
        channel_id: channel,
        released,
    };
    let event = NewEvent::new(&app.clock, tenant, &CAMPAIGNS_RESUMED, now, &data);
    events::append(&mut tx, &[event.on(channel)], now).await?;
    tx.commit().await?;
    app.directory.refresh().await?;
    Ok(Some(released))
}

async fn recover(tx: &mut db::Tx, app: &App, route: &Route) -> Result<Option<Resumed>> {
    let now = app.clock.now();
    if channels::recover(&mut *tx, route.tenant, route.channel, now).await? == 0 {
        return Ok(None);
    }
    let released = sends::release(&mut *tx, route.channel, "breaker", now).await?;
    tracing::info!(channel.id = %route.channel, released, "a channel may send again");
    Ok(Some(Resumed {
        channel_id: route.channel,
        released,
    }))
}

/// Messages per second of Meta's level. A number shared with the business app has STANDARD too but may only send 20: that the
/// operator has to say.
fn throughput(level: &str) -> Option<i64> {
    match level {
        "STANDARD" => Some(80),
        "HIGH" => Some(1_000),
        _ => None,
    }
}
