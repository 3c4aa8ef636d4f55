use super::{MetricDescription, counter, gauge, histogram};

pub(super) const METRICS: &[MetricDescription] = &[
    counter("mainstay_messages_queued_total", &[], "Messages accepted to be sent."),
    counter(
        "mainstay_keywords_total",
        &["action"],
        "Messages of customers that are nothing but a keyword: `stop`, `start`, `help`.",
    ),
    counter(
        "mainstay_messages_total",
        &["status"],
        "Outbound messages that reached a status: `queued` (again), `unknown`, `accepted`, `sent`, `delivered`, `read`, `played`, `failed`, `expired`, `canceled`, `deleted`.",
    ),
    counter(
        "mainstay_message_failures_total",
        &["code"],
        "Messages that failed, by Meta's code or range of codes as in `GET /api/v1/errors`; `other` for codes it does not have, `none` without a code.",
    ),
    gauge(
        "mainstay_campaigns_stalled",
        &[],
        "Campaigns on which nothing moves though they wait for nothing, or which are five minutes late to start. Anything but 0 wants a look.",
    ),
    counter("mainstay_campaign_stalls_total", &[], "How often a campaign stalled."),
    counter(
        "mainstay_campaign_identity_broken_total",
        &[],
        "Campaigns whose counters were not the numbers of their rows when they were counted again. Anything but 0 is a defect.",
    ),
    gauge(
        "mainstay_sends_held",
        &["reason"],
        "Messages held, by reason: `breaker`, `campaigns`, `campaign_paused`, `daily_limit`, `provider_unreachable`, `unknown`. Counted by workers every 30 s.",
    ),
    counter(
        "mainstay_sends_unknown_total",
        &[],
        "Calls that ended without proof of what became of the message.",
    ),
    counter("mainstay_sends_proven_total", &[], "Attempts that a status proved."),
    counter(
        "mainstay_sends_awaiting_webhooks_total",
        &[],
        "Messages that waited for stored webhooks which may hold the proof.",
    ),
    counter(
        "mainstay_error_effects_total",
        &["effect"],
        "Effects of Meta's errors beyond the message.",
    ),
    gauge(
        "mainstay_provider_unreachable",
        &["provider"],
        "1 while calls of this process to the provider get no answer, else 0.",
    ),
    histogram(
        "mainstay_graph_request_seconds",
        &["call", "outcome"],
        "Time of calls to Meta. `outcome` is `done` or `failed`; of messages `accepted`, `rejected`, `unknown`, `unreachable` or `not_sent`.",
    ),
    gauge(
        "mainstay_channel_breakers_open",
        &[],
        "Channels that send nothing because their circuit breaker is open.",
    ),
    counter(
        "mainstay_channels_tripped_total",
        &[],
        "Circuit breakers of channels that opened.",
    ),
    counter("mainstay_channel_checks_total", &[], "Checks of channels with Meta."),
    counter(
        "mainstay_daily_limit_waits_total",
        &[],
        "Messages held because the portfolio's daily limit was reached.",
    ),
    counter(
        "mainstay_rate_limit_slots_total",
        &["lane"],
        "Slots that the rate limiter gave.",
    ),
    counter(
        "mainstay_rate_limit_waits_total",
        &["limit"],
        "Messages that got a later time instead of a slot, by the limit that was decisive.",
    ),
    counter(
        "mainstay_rate_limit_refusals_total",
        &["limit"],
        "Messages that Meta refused because of a limit.",
    ),
    counter(
        "mainstay_rate_limit_slots_missed_total",
        &[],
        "Slots that were too old when their answer came.",
    ),
    histogram(
        "mainstay_rate_limit_reserve_seconds",
        &[],
        "Time of a call to the rate limiter.",
    ),
];
