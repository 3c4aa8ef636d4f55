//! Selects the due messages that can be sent now, by stored state; defers or ends the others.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::Value;

use super::{
    breaker, daily_limit,
    decide::{Decision, RefusalReason, decide},
    files::{self, FileState},
    reserve::LIMITER_RETRY_DELAY,
    template_checks, transitions,
};
use crate::{
    contacts::consent::SendCategory,
    db,
    directory::{Route, Snapshot},
    domain::{AttemptOutcome, ChannelId, HoldReason, MessageId, RecipientKind, Status},
    messaging::{
        MessagingService,
        store::sends::{self, AttemptEnd, DueSend, MessageTransition},
    },
    provider::message::{MessageRecipient, Options, Outbound},
    queue::{Outcome, Outcomes},
    records::{messages::Labels, raw_events},
};

/// Graph error 100: invalid parameter.
const BAD_REQUEST: i64 = 100;
/// Graph error 190: invalid or expired access token.
const BAD_TOKEN: i64 = 190;
/// Recheck delay while stored webhooks that may contain evidence are not processed yet.
const WEBHOOK_RECHECK_DELAY: TimeDelta = TimeDelta::seconds(1);
const DELIVERY_UNKNOWN: &str = "delivery unknown: no answer and no status received; resolve it by hand";
const TOKEN_UNREADABLE: &str = "the channel's access token cannot be decrypted: add the channel again to renew it";

/// A message that can be sent as soon as it gets a slot.
pub(crate) struct SendableMessage {
    pub due: DueSend,
    pub route: Route,
    pub to: MessageRecipient,
    pub message: Outbound,
    pub options: Options,
}

impl SendableMessage {
    /// Parses the stored request. It is validated again, since an older version may have stored it.
    fn read(due: DueSend, route: Route) -> Result<Self, Box<(DueSend, String)>> {
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

/// Changes to be written for messages that are not sent now.
#[derive(Default)]
struct Deferrals {
    ends: Vec<AttemptEnd>,
    transitions: Vec<MessageTransition>,
    held: Vec<(MessageId, HoldReason)>,
    /// Failed messages whose contacts have opted out of marketing.
    no_marketing: HashSet<MessageId>,
    /// Channels whose access token cannot be decrypted.
    unreadable_tokens: HashSet<ChannelId>,
}

impl Deferrals {
    fn hold(&mut self, id: MessageId, held: HoldReason, why: &str, outcomes: &mut Outcomes<MessageId>) {
        self.held.push((id, held));
        outcomes.set(id, Outcome::quarantine(why));
    }

    /// Fails a message that can never be sent. Holds it as unknown instead if it may have been sent.
    fn refuse(&mut self, due: &DueSend, code: i64, why: String, outcomes: &mut Outcomes<MessageId>) {
        if due.is_unproven() {
            return self.hold(due.id, HoldReason::Unknown, DELIVERY_UNKNOWN, outcomes);
        }
        self.transitions.push(MessageTransition {
            error_code: Some(code),
            error_title: Some(why),
            ..transition(due, Status::Failed, None)
        });
    }

    async fn write(self, service: &MessagingService) -> db::Result<()> {
        for channel in self.unreadable_tokens {
            breaker::trip(service, channel, BAD_TOKEN, TOKEN_UNREADABLE).await?;
        }
        if self.ends.is_empty() && self.transitions.is_empty() && self.held.is_empty() {
            return Ok(());
        }
        let mut tx = service.db.begin().await?;
        sends::set_hold_reasons(tx.on(), &self.held).await?;
        transitions::write(&mut tx, &service.clock, &self.ends, self.transitions).await?;
        tx.commit().await
    }
}

/// Ends or defers the messages that cannot be sent now, and returns the others.
pub(crate) async fn select_sendable(
    service: &MessagingService,
    directory: &Snapshot,
    due: Vec<DueSend>,
    outcomes: &mut Outcomes<MessageId>,
) -> db::Result<Vec<SendableMessage>> {
    let mut deferrals = Deferrals::default();
    let sorted = sort_by_decision(service, directory, due, &mut deferrals, outcomes);
    let sorted = defer_until_webhooks_processed(service, sorted, outcomes).await?;
    let mut unsendable = template_checks::find_unsendable(service, &sorted).await?;
    let mut ready = Vec::with_capacity(sorted.len());
    for message in sorted {
        match unsendable.remove(&message.due.id) {
            Some((code, why)) => deferrals.refuse(&message.due, code, why, outcomes),
            None => ready.push(message),
        }
    }
    let states = files::resolve(service, &mut ready).await?;
    let mut sendable = Vec::with_capacity(ready.len());
    for (message, state) in ready.into_iter().zip(states) {
        match state {
            FileState::Ready => sendable.push(message),
            FileState::Later(until) => outcomes.set(message.due.id, Outcome::Snooze { until }),
            FileState::Fail(code, why) => deferrals.refuse(&message.due, code, why, outcomes),
            FileState::Trip(why) => deferrals.hold(message.due.id, HoldReason::Breaker, &why, outcomes),
        }
    }
    template_checks::suggest_templates(service, directory, &mut deferrals.transitions, &deferrals.no_marketing).await?;
    deferrals.write(service).await?;
    daily_limit::defer_over_limit(service, sendable, outcomes).await
}

fn sort_by_decision(
    service: &MessagingService,
    directory: &Snapshot,
    due: Vec<DueSend>,
    deferrals: &mut Deferrals,
    outcomes: &mut Outcomes<MessageId>,
) -> Vec<SendableMessage> {
    let now = service.clock.now();
    let window = service.unknown_window;
    let mut sendable = Vec::new();
    for send in due {
        let route = directory.channel(send.channel_id);
        match decide(&send, route, window, now) {
            Decision::Send => {
                let Some(route) = route.cloned() else { continue };
                match SendableMessage::read(send, route) {
                    Ok(message) => sendable.push(message),
                    Err(unreadable) => {
                        let (due, why) = *unreadable;
                        deferrals.refuse(&due, BAD_REQUEST, why, outcomes);
                    }
                }
            }
            Decision::Finished => outcomes.set(send.id, Outcome::Done),
            Decision::Await(until) => {
                deferrals.ends.extend(lost_attempt(&send));
                outcomes.set(send.id, Outcome::Snooze { until });
            }
            Decision::Later(until) => outcomes.set(send.id, Outcome::Snooze { until }),
            Decision::Hold => deferrals.hold(send.id, HoldReason::Unknown, DELIVERY_UNKNOWN, outcomes),
            Decision::Trip => {
                let why = "the channel's circuit breaker is open";
                deferrals.hold(send.id, HoldReason::Breaker, why, outcomes);
            }
            Decision::CampaignsPaused => {
                let why = "the channel's campaigns are paused until they are resumed";
                deferrals.hold(send.id, HoldReason::Campaigns, why, outcomes);
            }
            Decision::CampaignPaused => {
                let why = "its campaign is paused until it is resumed";
                deferrals.hold(send.id, HoldReason::CampaignPaused, why, outcomes);
            }
            Decision::Withdraw => deferrals.transitions.push(transition(&send, Status::Canceled, None)),
            Decision::TokenUnreadable => {
                deferrals.unreadable_tokens.insert(send.channel_id);
                deferrals.hold(send.id, HoldReason::Breaker, TOKEN_UNREADABLE, outcomes);
            }
            Decision::UnknownChannel => {
                let until = now + LIMITER_RETRY_DELAY;
                outcomes.set(send.id, Outcome::Snooze { until });
            }
            Decision::Expire => deferrals.transitions.push(transition(&send, Status::Expired, None)),
            Decision::Refuse(reason) => {
                if !send.may(SendCategory::Marketing) {
                    deferrals.no_marketing.insert(send.id);
                }
                deferrals
                    .transitions
                    .push(transition(&send, Status::Failed, Some(reason)));
            }
        }
    }
    sendable
}

/// Snoozes unproven messages whose evidence may be in a stored webhook that is not processed: one received before their evidence window
/// ended.
async fn defer_until_webhooks_processed(
    service: &MessagingService,
    sorted: Vec<SendableMessage>,
    outcomes: &mut Outcomes<MessageId>,
) -> db::Result<Vec<SendableMessage>> {
    if !sorted.iter().any(|it| it.due.is_unproven()) {
        return Ok(sorted);
    }
    let Some(oldest) = raw_events::oldest_due(service.db.reader()).await? else {
        return Ok(sorted);
    };
    let (now, window) = (service.clock.now(), service.unknown_window);
    let is_read =
        |it: &SendableMessage| !it.due.is_unproven() || oldest > it.due.attempt_ended_at.unwrap_or(now) + window;
    let (read, waiting): (Vec<SendableMessage>, Vec<SendableMessage>) = sorted.into_iter().partition(is_read);
    for it in waiting {
        metrics::counter!("mainstay_sends_awaiting_webhooks_total").increment(1);
        let until = now + WEBHOOK_RECHECK_DELAY;
        outcomes.set(it.due.id, Outcome::Snooze { until });
    }
    Ok(read)
}

/// Ends an open attempt as unknown: the worker that made it is gone.
pub(super) fn lost_attempt(due: &DueSend) -> Option<AttemptEnd> {
    let open = due.attempt_outcome == Some(AttemptOutcome::Open);
    due.attempt_id.filter(|_| open).map(|attempt| AttemptEnd {
        attempt,
        outcome: AttemptOutcome::Unknown,
        http_status: None,
        transition: MessageTransition {
            error_details: Some("the worker that made the call is gone".to_owned()),
            ..transition(due, Status::Unknown, None)
        },
    })
}

pub(super) fn transition(due: &DueSend, status: Status, reason: Option<RefusalReason>) -> MessageTransition {
    MessageTransition {
        tenant: due.tenant_id,
        message: due.id,
        channel: due.channel_id,
        conversation: due.conversation_id,
        contact: due.contact_id,
        status,
        wamid: None,
        error_code: reason.map(RefusalReason::code),
        error_title: reason.map(|reason| reason.title().to_owned()),
        error_details: None,
        labels: Labels::default(),
        templates: None,
    }
}
