//! Messages: inbound, echoes of what was sent with another tool, and history from before the number was connected.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    keywords::KeywordHit,
    media::PlannedMedia,
    plan::{ItemSource, Plan},
    statuses,
};
use crate::{
    clock::Clock,
    contacts::people::Party,
    directory::Route,
    domain::{ChannelId, Direction, MessageId, Origin, RawEventId, Status, TenantId},
    provider::webhook::{HistoryMessage, MessageContent, OrderContent, WebhookMessage, WhatsAppUser},
    records::{
        conversations::preview,
        messages::{ChangeKind, MessageChange, MessageKey},
    },
};

/// Duration of Meta's customer service window: free-form replies are allowed after a customer's message or call.
pub(super) const SERVICE_WINDOW: TimeDelta = TimeDelta::hours(24);

/// A message to store. `conversation_of` and `contact` are indices into [`Plan::parties`].
pub(crate) struct PlannedMessage {
    pub id: MessageId,
    pub tenant: TenantId,
    pub channel: ChannelId,
    /// The party of the conversation: the customer or the group.
    pub conversation_of: usize,
    /// The sender or recipient.
    pub contact: usize,
    pub wamid: String,
    pub direction: Direction,
    pub origin: Origin,
    pub kind: String,
    pub status: Status,
    pub text: Option<String>,
    pub payload: String,
    pub context_wamid: Option<String>,
    pub sender: Option<String>,
    pub recipient: Option<String>,
    pub sent_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub event: RawEventId,
    pub change: Option<MessageChange>,
    /// The media file that came with it.
    pub media: Option<PlannedMedia>,
    /// The order that it contains.
    pub order: Option<OrderContent>,
    /// The keyword that it is nothing but.
    pub keyword: Option<Box<KeywordHit>>,
}

impl PlannedMessage {
    /// Returns the message's key: channel and wamid.
    pub fn key(&self) -> MessageKey {
        MessageKey {
            channel: self.channel,
            wamid: self.wamid.clone(),
        }
    }

    /// Returns whether the message counts as unread. Reactions, edits, revocations and system messages do not.
    pub(crate) fn counts_as_unread(&self) -> bool {
        self.origin == Origin::Customer && !matches!(self.kind.as_str(), "system" | "edit" | "revoke" | "reaction")
    }

    /// Returns the end of the service window that the message opens.
    pub fn window(&self) -> Option<DateTime<Utc>> {
        let opens = self.direction == Direction::Inbound && !matches!(self.kind.as_str(), "system" | "edit" | "revoke");
        opens.then(|| self.sent_at + SERVICE_WINDOW)
    }

    pub fn preview(&self) -> Option<String> {
        self.text.as_deref().map(preview)
    }
}

impl Plan {
    /// Plans a message from a customer or a group member.
    pub(super) fn plan_inbound(
        &mut self,
        clock: &Clock,
        origin: &ItemSource<'_>,
        route: &Route,
        message: &WebhookMessage,
    ) {
        let at = message.timestamp.unwrap_or(origin.received_at);
        let sender = match &message.content {
            MessageContent::System(system) => system_party(route.tenant, &message.sender, system, at),
            _ => Party::person(route.tenant, &message.sender, at),
        };
        let Some(sender) = sender else {
            return self.add_unrecognized(origin, "no_sender");
        };
        let contact = self.add_party(sender);
        let conversation_of = match &message.group_id {
            Some(group) => self.add_party(Party::group(route.tenant, group, at)),
            None => contact,
        };
        self.count("message");
        let planned = PlannedMessage {
            sender: message.sender.address(),
            recipient: route
                .display_phone_number
                .clone()
                .or_else(|| origin.item.display_phone_number.as_deref().map(str::to_owned)),
            ..planned(clock, origin, route, message, at, conversation_of, contact)
        };
        self.messages.push(planned);
    }

    /// Plans an echo of a message that was sent with another tool.
    pub(super) fn plan_echo(
        &mut self,
        clock: &Clock,
        origin: &ItemSource<'_>,
        route: &Route,
        message: &WebhookMessage,
    ) {
        self.count("echo");
        self.plan_outbound(
            clock,
            origin,
            route,
            message,
            message.to.as_ref(),
            Origin::Echo,
            Status::Sent,
        );
    }

    /// Plans a message from the history.
    pub(super) fn plan_history(
        &mut self,
        clock: &Clock,
        origin: &ItemSource<'_>,
        route: &Route,
        history: &HistoryMessage,
    ) {
        self.count("history");
        let message = &history.message;
        if history.from_business {
            let status = history
                .status
                .as_ref()
                .and_then(statuses::known)
                .unwrap_or(Status::Sent);
            return self.plan_outbound(
                clock,
                origin,
                route,
                message,
                message.to.as_ref(),
                Origin::History,
                status,
            );
        }
        let messages = self.messages.len();
        self.plan_inbound(clock, origin, route, message);
        for planned in &mut self.messages[messages..] {
            planned.origin = Origin::History;
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "an echo and a past message differ in just these"
    )]
    fn plan_outbound(
        &mut self,
        clock: &Clock,
        origin: &ItemSource<'_>,
        route: &Route,
        message: &WebhookMessage,
        to: Option<&WhatsAppUser>,
        source: Origin,
        status: Status,
    ) {
        let at = message.timestamp.unwrap_or(origin.received_at);
        let group = message
            .group_id
            .as_ref()
            .map(|group| Party::group(route.tenant, group, at));
        let Some(party) = group.or_else(|| Party::person(route.tenant, to?, at)) else {
            return self.add_unrecognized(origin, "no_recipient");
        };
        let contact = self.add_party(party);
        let planned = PlannedMessage {
            direction: Direction::Outbound,
            origin: source,
            status,
            sender: message.sender.address().or_else(|| route.display_phone_number.clone()),
            recipient: message.group_id.clone().or_else(|| to.and_then(WhatsAppUser::address)),
            ..planned(clock, origin, route, message, at, contact, contact)
        };
        self.messages.push(planned);
    }
}

/// Returns the common part of all messages. The caller sets direction and addresses.
fn planned(
    clock: &Clock,
    origin: &ItemSource<'_>,
    route: &Route,
    message: &WebhookMessage,
    at: DateTime<Utc>,
    conversation_of: usize,
    contact: usize,
) -> PlannedMessage {
    let target = |wamid: &String| MessageKey {
        channel: route.channel,
        wamid: wamid.clone(),
    };
    let change = match &message.content {
        MessageContent::Edit(edit) => Some(MessageChange {
            kind: ChangeKind::Edit,
            target: target(&edit.target),
            at,
            text: edit.text.clone(),
        }),
        MessageContent::Revoke(revoke) => Some(MessageChange {
            kind: ChangeKind::Revoke,
            target: target(&revoke.target),
            at,
            text: None,
        }),
        _ => None,
    };
    let context_wamid = match &message.content {
        MessageContent::Reaction(reaction) => Some(reaction.target.clone()),
        MessageContent::Edit(edit) => Some(edit.target.clone()),
        MessageContent::Revoke(revoke) => Some(revoke.target.clone()),
        _ => message.context.as_ref().and_then(|context| context.message_id.clone()),
    };
    PlannedMessage {
        id: clock.new_id(),
        tenant: route.tenant,
        channel: route.channel,
        conversation_of,
        contact,
        wamid: message.wamid.clone(),
        direction: Direction::Inbound,
        origin: Origin::Customer,
        kind: if message.kind.is_empty() {
            "unknown".to_owned()
        } else {
            message.kind.clone()
        },
        status: Status::Received,
        text: message.text.clone(),
        payload: message.raw.clone(),
        context_wamid,
        sender: None,
        recipient: None,
        sent_at: at,
        received_at: origin.received_at,
        event: origin.event,
        change,
        media: PlannedMedia::of(clock, &message.content),
        order: match &message.content {
            MessageContent::Order(order) => Some(order.clone()),
            _ => None,
        },
        keyword: None,
    }
}

/// Returns the subject of a system message, which may stand only in its body: a person with a user name whose user id changed.
fn system_party(
    tenant: TenantId,
    sender: &WhatsAppUser,
    system: &crate::provider::webhook::System,
    at: DateTime<Utc>,
) -> Option<Party> {
    let subject = || {
        let person = WhatsAppUser {
            phone: system.new_phone.clone(),
            user_id: system.previous_user_id.clone().or_else(|| system.user_id.clone()),
            parent_user_id: system
                .previous_parent_user_id
                .clone()
                .or_else(|| system.parent_user_id.clone()),
            ..WhatsAppUser::default()
        };
        Party::person(tenant, &person, at)
    };
    Party::person(tenant, sender, at)
        .or_else(subject)
        .map(|party| party.changed(system))
}
