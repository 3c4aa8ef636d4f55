//! Which of the messages that are due can be sent now, as far as our own books say.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::Value;

use super::{
    breaker, daily_limit,
    decide::{Decision, Reason, decide},
    files::{self, Standing},
    fitness, record,
    reserve::UNGOVERNED,
};
use crate::{
    db,
    directory::{Route, Snapshot},
    domain::{AttemptOutcome, ChannelId, HoldReason, MessageId, RecipientKind, Status},
    messaging::{
        MessagingService,
        store::sends::{self, Due, End, Placed},
    },
    meta::message::{MessageRecipient, Options, Outbound},
    queue::{Outcome, Outcomes},
    records::raw_events,
};

/// Meta's code for a request that will not do.
const BAD_REQUEST: i64 = 100;

/// And for a token that is not valid.
const BAD_TOKEN: i64 = 190;
/// When to look again whether the webhooks are processed that evidence may stand in.
const UNREAD: TimeDelta = TimeDelta::seconds(1);
const UNKNOWN: &str = "nobody knows whether it was sent, and no status has told: resolve it by hand";
const LOCKED: &str = "the channel's access token does not open: add the channel again to renew it";

/// A message that may be sent when the governor says so.
pub struct Ready {
    pub due: Due,
    pub route: Route,
    pub to: MessageRecipient,
    pub message: Outbound,
    pub options: Options,
}

impl Ready {
    /// What was checked when the message was taken is checked once more: the row may be of an older version of ours.
    fn read(due: Due, route: Route) -> Result<Self, Box<(Due, String)>> {
        let read = || -> Result<(MessageRecipient, Outbound, Options), String> {
            let content: Value = serde_json::from_str(&due.content).map_err(|error| error.to_string())?;
            let options: Options = serde_json::from_str(&due.options).map_err(|error| error.to_string())?;
            let message = Outbound::parse(&due.kind, &content).map_err(|error| error.to_string())?;
            let address = due.recipient.clone();
            let to = match due.recipient_kind {
                RecipientKind::Phone => MessageRecipient::Phone(address),
                RecipientKind::UserId => MessageRecipient::UserId(address),
                RecipientKind::Group => MessageRecipient::Group(address),
            };
            message
                .check_audience(to.audience())
                .map_err(|error| error.to_string())?;
            Ok((to, message, options))
        };
        match read() {
            Ok((to, message, options)) => Ok(Self {
                due,
                route,
                to,
                message,
                options,
            }),
            Err(why) => Err(Box::new((due, why))),
        }
    }
}

/// What is to be written of messages that are not sent now.
#[derive(Default)]
struct Aside {
    ends: Vec<End>,
    placed: Vec<Placed>,
    held: Vec<(MessageId, HoldReason)>,
    /// Those of the refused whose customers take no marketing.
    no_marketing: HashSet<MessageId>,
    /// Channels whose access token does not open.
    locked: HashSet<ChannelId>,
}

impl Aside {
    fn hold(&mut self, id: MessageId, held: HoldReason, why: &str, outcomes: &mut Outcomes<MessageId>) {
        self.held.push((id, held));
        outcomes.set(id, Outcome::quarantine(why));
    }

    /// Ends what is never to be sent; unless it may have been.
    fn refuse(&mut self, due: &Due, code: i64, why: String, outcomes: &mut Outcomes<MessageId>) {
        if due.is_unproven() {
            return self.hold(due.id, HoldReason::Unknown, UNKNOWN, outcomes);
        }
        self.placed.push(Placed {
            error_code: Some(code),
            error_title: Some(why),
            ..place(due, Status::Failed, None)
        });
    }

    async fn write(self, service: &MessagingService) -> db::Result<()> {
        for channel in self.locked {
            breaker::trip(service, channel, BAD_TOKEN, LOCKED).await?;
        }
        if self.ends.is_empty() && self.placed.is_empty() && self.held.is_empty() {
            return Ok(());
        }
        let mut tx = service.db.begin().await?;
        sends::hold(&mut tx, &self.held).await?;
        record::write(&mut tx, &service.clock, &self.ends, self.placed).await?;
        tx.commit().await
    }
}

/// Ends or puts off what cannot be sent now, and returns the rest.
pub async fn ready(
    service: &MessagingService,
    directory: &Snapshot,
    due: Vec<Due>,
    outcomes: &mut Outcomes<MessageId>,
) -> db::Result<Vec<Ready>> {
    let mut aside = Aside::default();
    let sorted = sort(service, directory, due, &mut aside, outcomes);
    let sorted = with_evidence_read(service, sorted, outcomes).await?;
    let mut unfit = fitness::unfit(service, &sorted).await?;
    let mut ready = Vec::with_capacity(sorted.len());
    for it in sorted {
        match unfit.remove(&it.due.id) {
            Some((code, why)) => aside.refuse(&it.due, code, why, outcomes),
            None => ready.push(it),
        }
    }
    let standings = files::resolve(service, &mut ready).await?;
    let mut sendable = Vec::with_capacity(ready.len());
    for (it, standing) in ready.into_iter().zip(standings) {
        match standing {
            Standing::Ready => sendable.push(it),
            Standing::Later(until) => outcomes.set(it.due.id, Outcome::Snooze { until }),
            Standing::Fail(code, why) => aside.refuse(&it.due, code, why, outcomes),
            Standing::Trip(why) => aside.hold(it.due.id, HoldReason::Breaker, &why, outcomes),
        }
    }
    fitness::suggest(service, directory, &mut aside.placed, &aside.no_marketing).await?;
    aside.write(service).await?;
    daily_limit::turn_away(service, sendable, outcomes).await
}

fn sort(
    service: &MessagingService,
    directory: &Snapshot,
    due: Vec<Due>,
    aside: &mut Aside,
    outcomes: &mut Outcomes<MessageId>,
) -> Vec<Ready> {
    let now = service.clock.now();
    let window = service.unknown_window;
    let mut sendable = Vec::new();
    for it in due {
        let route = directory.channel(it.channel_id);
        match decide(&it, route, window, now) {
            Decision::Send => {
                let Some(route) = route.cloned() else { continue };
                match Ready::read(it, route) {
                    Ok(ready) => sendable.push(ready),
                    Err(unreadable) => {
                        let (due, why) = *unreadable;
                        aside.refuse(&due, BAD_REQUEST, why, outcomes);
                    }
                }
            }
            Decision::Over => outcomes.set(it.id, Outcome::Done),
            Decision::Await(until) => {
                aside.ends.extend(lost(&it));
                outcomes.set(it.id, Outcome::Snooze { until });
            }
            Decision::Later(until) => outcomes.set(it.id, Outcome::Snooze { until }),
            Decision::Hold => aside.hold(it.id, HoldReason::Unknown, UNKNOWN, outcomes),
            Decision::Trip => {
                let why = "the channel may not send: see its breaker";
                aside.hold(it.id, HoldReason::Breaker, why, outcomes);
            }
            Decision::Rest => {
                let why = "the channel's campaigns rest until somebody lets them go on";
                aside.hold(it.id, HoldReason::Campaigns, why, outcomes);
            }
            Decision::Locked => {
                aside.locked.insert(it.channel_id);
                aside.hold(it.id, HoldReason::Breaker, LOCKED, outcomes);
            }
            Decision::Unrouted => {
                let until = now + UNGOVERNED;
                outcomes.set(it.id, Outcome::Snooze { until });
            }
            Decision::Expire => aside.placed.push(place(&it, Status::Expired, None)),
            Decision::Refuse(reason) => {
                if it.marketing_stopped {
                    aside.no_marketing.insert(it.id);
                }
                aside.placed.push(place(&it, Status::Failed, Some(reason)));
            }
        }
    }
    sendable
}

/// Puts off those whose evidence may stand in a webhook that is stored and not processed: one that came before their window was over.
async fn with_evidence_read(
    service: &MessagingService,
    sorted: Vec<Ready>,
    outcomes: &mut Outcomes<MessageId>,
) -> db::Result<Vec<Ready>> {
    if !sorted.iter().any(|it| it.due.is_unproven()) {
        return Ok(sorted);
    }
    let Some(oldest) = raw_events::oldest_due(service.db.reader()).await? else {
        return Ok(sorted);
    };
    let (now, window) = (service.clock.now(), service.unknown_window);
    let is_read = |it: &Ready| !it.due.is_unproven() || oldest > it.due.attempt_ended_at.unwrap_or(now) + window;
    let (read, waiting): (Vec<Ready>, Vec<Ready>) = sorted.into_iter().partition(is_read);
    for it in waiting {
        metrics::counter!("mainstay_sends_awaiting_webhooks_total").increment(1);
        let until = now + UNREAD;
        outcomes.set(it.due.id, Outcome::Snooze { until });
    }
    Ok(read)
}

/// Of an attempt nobody wrote an end of: whoever made it is gone.
fn lost(due: &Due) -> Option<End> {
    let open = due.attempt_outcome == Some(AttemptOutcome::Open);
    due.attempt_id.filter(|_| open).map(|attempt| End {
        attempt,
        outcome: AttemptOutcome::Unknown,
        http_status: None,
        error_details: Some("the worker that made the call disappeared".to_owned()),
        placed: place(due, Status::Unknown, None),
    })
}

pub(super) fn place(due: &Due, status: Status, reason: Option<Reason>) -> Placed {
    Placed {
        tenant: due.tenant_id,
        message: due.id,
        channel: due.channel_id,
        conversation: due.conversation_id,
        contact: due.contact_id,
        status,
        wamid: None,
        error_code: reason.map(Reason::code),
        error_title: reason.map(|reason| reason.title().to_owned()),
        templates: None,
    }
}
