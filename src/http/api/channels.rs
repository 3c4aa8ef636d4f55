//! Channels: their state, checks, and paused campaigns.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::{self, ChannelId, Provider, SendLane, perm},
    http::{
        auth::May,
        extract::Path,
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    messaging, records,
};

const LIST: &str = "channels";

/// A business phone number. Its secrets are never shown.
#[derive(Serialize, ToSchema)]
#[schema(as = Channel)]
pub(crate) struct ChannelView {
    pub id: ChannelId,
    /// Who carries its messages.
    pub provider: Provider,
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// Meta's id of the WhatsApp Business Account; null where the provider has no such accounts.
    #[schema(required)]
    pub waba_id: Option<String>,
    /// Digits, with the country code; known once Meta was queried, which happens when the channel is added.
    #[schema(required)]
    pub display_phone_number: Option<String>,
    /// Whether its webhooks are signed by an app secret of its own.
    pub has_app_secret: bool,
    /// Messages per second it may exchange, as Meta last reported.
    #[schema(required)]
    pub throughput: Option<i64>,
    /// `GREEN`, `YELLOW` or `RED`, as Meta last reported.
    #[schema(required)]
    pub quality: Option<String>,
    /// Customers a day outside service windows, for the whole portfolio: `TIER_2K` and so on.
    #[schema(required)]
    pub messaging_limit: Option<String>,
    /// When Meta last answered a check: checks run when the channel is added, once a day, and on request.
    #[schema(required)]
    pub checked_at: Option<DateTime<Utc>>,
    /// Why it may not send; null while it may.
    #[schema(required)]
    pub breaker: Option<ChannelBreakerView>,
    /// Since when its campaigns are paused, because Meta reported too many blocks or spam reports; null while they are not.
    #[schema(required)]
    pub campaigns_paused_at: Option<DateTime<Utc>>,
    /// Meta's id of the business portfolio that owns the account; known after a check.
    #[schema(required)]
    pub business_id: Option<String>,
    /// When it was removed; null while it is in use.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The circuit breaker of a channel that may not send. Its messages wait until a check finds that it may.
#[derive(Serialize, ToSchema)]
#[schema(as = Breaker)]
pub(crate) struct ChannelBreakerView {
    pub tripped_at: DateTime<Utc>,
    /// Meta's error code.
    #[schema(required)]
    pub code: Option<i64>,
    #[schema(required)]
    pub reason: Option<String>,
}

impl From<records::channels::Channel> for ChannelView {
    fn from(row: records::channels::Channel) -> Self {
        Self {
            id: row.id,
            provider: row.provider,
            phone_number_id: row.phone_number_id,
            waba_id: row.waba_id,
            display_phone_number: row.display_phone_number,
            has_app_secret: row.app_secret.is_some(),
            throughput: row.throughput,
            quality: row.quality,
            messaging_limit: row.messaging_limit,
            checked_at: row.checked_at,
            breaker: row.tripped_at.map(|tripped_at| ChannelBreakerView {
                tripped_at,
                code: row.trip_code,
                reason: row.trip_reason,
            }),
            campaigns_paused_at: row.campaigns_paused_at,
            business_id: row.business_id,
            archived_at: row.archived_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// List channels
///
/// The phone numbers of the tenant, the oldest first.
#[utoipa::path(get, path = "/api/v1/channels", params(PagingParams),
    responses((status = 200, description = "A page of channels", body = Page<ChannelView>)))]
pub async fn list(caller: May<perm::ChannelsRead>, paging: Paging) -> Result<Json<Page<ChannelView>>, Problem> {
    let after = paging.key(LIST)?;
    let mut tx = caller.begin().await?;
    let rows = records::channels::page(tx.on(), caller.tenant, after, paging.rows()).await?;
    tx.commit().await?;
    Ok(Json(
        Page::new(&paging, LIST, rows, |row| row.id).map(ChannelView::from),
    ))
}

/// A channel and the state of its sending.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelState {
    #[serde(flatten)]
    pub channel: ChannelView,
    /// Null while Redis is unavailable.
    #[schema(required)]
    pub sending: Option<SendingRate>,
    /// Messages waiting to be sent, by lane.
    pub queued: QueuedByLane,
    pub daily_limit: DailyLimitView,
}

/// The daily limit: customers whom the business portfolio may write to within 24 hours outside service windows.
#[derive(Serialize, ToSchema)]
#[schema(as = DailyLimit)]
pub(crate) struct DailyLimitView {
    /// Null while unknown, and without a limit.
    #[schema(required)]
    pub limit: Option<i64>,
    /// Whether there is no limit.
    pub unlimited: bool,
    /// Customers written to within the last 24 hours, with all accounts of the portfolio.
    pub used: i64,
    /// Messages of this tenant that wait until the limit has room.
    pub waiting: i64,
}

impl From<messaging::CustomersToday> for DailyLimitView {
    fn from(today: messaging::CustomersToday) -> Self {
        Self {
            limit: match today.limit {
                Some(domain::DailyLimit::Customers(count)) => Some(count),
                Some(domain::DailyLimit::Unlimited) | None => None,
            },
            unlimited: today.limit == Some(domain::DailyLimit::Unlimited),
            used: today.used,
            waiting: today.waiting,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SendingRate {
    /// Messages per second at present.
    pub rate: f64,
    /// The fraction of its throughput in use: less than 1 for a while after Meta throttled it (130429).
    pub factor: f64,
    #[schema(required)]
    pub paused_until: Option<DateTime<Utc>>,
}

#[derive(Default, Serialize, ToSchema)]
#[schema(as = Queued)]
pub(crate) struct QueuedByLane {
    pub reply: i64,
    pub transactional: i64,
    pub campaign: i64,
}

/// Show a channel
///
/// Includes its breaker, present rate and queue.
#[utoipa::path(get, path = "/api/v1/channels/{id}", params(("id" = ChannelId, Path)),
    responses((status = 200, description = "The channel", body = ChannelState)))]
pub async fn show(
    caller: May<perm::ChannelsRead>,
    State(app): State<App>,
    Path(id): Path<ChannelId>,
) -> Result<Json<ChannelState>, Problem> {
    let mut tx = caller.begin().await?;
    let found = records::channels::find(tx.on(), caller.tenant, id).await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("channel {id}")))?;
    let waiting = crate::messaging::store::sends::count_waiting(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let portfolio = records::portfolios::PortfolioKey {
        portfolio: row.portfolio().to_owned(),
        tenant: caller.tenant,
    };
    let today = messaging::customers_today(&app.messaging, &portfolio).await?;
    let mut queued = QueuedByLane::default();
    for (lane, count) in waiting {
        match SendLane::of_number(lane) {
            Some(SendLane::Reply) => queued.reply += count,
            Some(SendLane::Transactional) => queued.transactional += count,
            _ => queued.campaign += count,
        }
    }
    let directory = app.directory.current();
    let sending = match directory.channel(id) {
        Some(route) => app.rate_limiter.view(&messaging::limited_number(route)).await.ok(),
        None => None,
    };
    Ok(Json(ChannelState {
        channel: row.into(),
        sending: sending.map(|view| SendingRate {
            rate: view.per_second,
            factor: view.factor,
            paused_until: view.paused_until,
        }),
        queued,
        daily_limit: today.into(),
    }))
}

/// The result of a check at Meta. Each part is queried separately.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckReport {
    pub can_send: bool,
    /// What is wrong, as actions for a person; empty when all is well.
    pub problems: Vec<String>,
    #[schema(required)]
    pub verified_name: Option<String>,
    #[schema(required)]
    pub status: Option<String>,
    #[schema(required)]
    pub health: Option<String>,
    /// The scopes of the access token.
    pub token_scopes: Vec<String>,
    #[schema(required)]
    pub token_expires_at: Option<DateTime<Utc>>,
    /// Apps that receive this account's webhooks.
    pub subscribed_apps: Vec<String>,
    /// The URL Meta posts the number's messages, statuses, calls, echoes, history and groups to: an override of the number, else of its
    /// account, else the app's callback URL. Webhooks about templates and the account always go to the app's.
    #[schema(required)]
    pub webhook_url: Option<String>,
    /// Messages that had waited for the breaker and are sent now.
    pub released: u64,
}

/// Check a channel
///
/// Queries Meta for the number, the token and the webhook subscription. Closes the breaker if the channel may send, and trips it if the
/// token or the account is invalid. Runs by itself when a channel is added, and once a day.
#[utoipa::path(post, path = "/api/v1/channels/{id}/check", params(("id" = ChannelId, Path)),
    responses((status = 200, description = "The result of the check", body = CheckReport)))]
pub async fn check(
    caller: May<perm::MessagesControl>,
    State(app): State<App>,
    Path(id): Path<ChannelId>,
) -> Result<Json<CheckReport>, Problem> {
    // Another process may have renewed its token a moment ago.
    app.directory.refresh().await?;
    let directory = app.directory.current();
    let route = super::route(&directory, caller.tenant, id)?;
    let checked = messaging::check(&app.messaging, route).await?;
    let problems = checked.problems(app.config.public_url.as_deref());
    let can_send = checked.can_send();
    let number = checked.number.unwrap_or_default();
    let webhook_url = number.callbacks.of_messages().map(str::to_owned);
    let token = checked.token.ok();
    let apps = checked.subscribed.unwrap_or_default().into_iter();
    Ok(Json(CheckReport {
        can_send,
        problems,
        verified_name: number.verified_name,
        status: number.status,
        health: number.health.and_then(|health| health.can_send_message),
        token_expires_at: token.as_ref().and_then(|token| token.expires_at),
        token_scopes: token.map(|token| token.scopes).unwrap_or_default(),
        subscribed_apps: apps.filter_map(|app| app.name.or(app.id)).collect(),
        webhook_url,
        released: checked.released,
    }))
}

/// The result of resuming the campaigns of a channel.
#[derive(Serialize, ToSchema)]
#[schema(as = Resumed)]
pub(crate) struct ResumeCampaignsResponse {
    /// Held messages that are queued again.
    pub released: u64,
}

/// Resume paused campaigns
///
/// For campaigns that Meta stopped as spam (131048), once somebody has checked the number's quality.
#[utoipa::path(post, path = "/api/v1/channels/{id}/campaigns/resume", params(("id" = ChannelId, Path)),
    responses((status = 200, description = "Resumed", body = ResumeCampaignsResponse),
        (status = 409, description = "Campaigns are not paused", body = crate::http::problem::ProblemBody<'static>, content_type = "application/problem+json")))]
pub async fn resume_campaigns(
    caller: May<perm::MessagesControl>,
    State(app): State<App>,
    Path(id): Path<ChannelId>,
) -> Result<Json<ResumeCampaignsResponse>, Problem> {
    let directory = app.directory.current();
    super::route(&directory, caller.tenant, id)?;
    match messaging::resume_campaigns(&app.messaging, &caller, id).await? {
        Some(released) => Ok(Json(ResumeCampaignsResponse { released })),
        None => Err(Problem::new(
            axum::http::StatusCode::CONFLICT,
            "wrong-state",
            "Conflict with the current state",
            "The campaigns of this channel are not paused.",
        )),
    }
}
