//! Writes status transitions of outbound messages and the events about them.

use std::{borrow::Cow, collections::HashMap};

use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::MessageId,
    events::message::{Error, SendableTemplate, StatusEvent, of_status},
    messaging::{
        count_status,
        store::sends::{self, AttemptEnd, MessageTransition, MovedMessage},
    },
    provider,
    records::{
        campaigns::MovedStatuses,
        events::{self, NewEvent},
        messages,
    },
    templates::store::templates::Suggested,
};

/// Writes the ends of attempts, and the transitions of their messages and of others; appends events for messages that changed. Must be
/// the last step before the commit.
pub async fn write(tx: &mut Tx, clock: &Clock, ends: &[AttemptEnd], others: Vec<MessageTransition>) -> Result<()> {
    let now = clock.now();
    let all = ends.iter().map(|end| &end.transition).chain(&others);
    messages::lock(tx, all.map(|it| (it.tenant, it.message))).await?;
    sends::conclude(tx.on(), ends, now).await?;
    let mut transitions: Vec<MessageTransition> = ends.iter().map(|end| end.transition.clone()).collect();
    transitions.extend(others);
    let mut moved = MovedStatuses::default();
    let new_events = apply(tx, clock, transitions, &mut moved).await?;
    moved.count(tx).await?;
    events::append(tx, &new_events, now).await
}

/// Applies transitions and returns the events to append.
pub(crate) async fn apply(
    tx: &mut Tx,
    clock: &Clock,
    mut transitions: Vec<MessageTransition>,
    counted: &mut MovedStatuses,
) -> Result<Vec<NewEvent>> {
    transitions.sort_by_key(|it| it.message);
    let moved = sends::apply_transitions(tx.on(), &transitions, counted).await?;
    let moved: HashMap<MessageId, MovedMessage> = moved.into_iter().map(|it| (it.id, it)).collect();
    transitions.retain_mut(|it| {
        let moved = moved.get(&it.message);
        if let Some(moved) = moved {
            (it.conversation, it.contact) = (moved.conversation_id, moved.contact_id);
            it.labels = moved.labels.clone();
        }
        moved.is_some()
    });
    Ok(transitions.iter().map(|it| event(clock, it)).collect())
}

fn template(it: &Suggested) -> SendableTemplate<'_> {
    SendableTemplate {
        id: it.id,
        name: &it.name,
        language: &it.language,
        category: it.category.as_deref(),
    }
}

/// Returns the event of a transition, and counts the transition.
pub fn event(clock: &Clock, transition: &MessageTransition) -> NewEvent {
    count_status(transition.status, transition.error_code);
    let (code, title) = (transition.error_code, transition.error_title.as_deref());
    let details = transition.error_details.as_deref().map(Cow::Borrowed);
    let error = provider::event_error(code, title, details).map(|error| Error {
        templates: transition
            .templates
            .as_deref()
            .map(|all| all.iter().map(template).collect()),
        ..error
    });
    let data = StatusEvent {
        message_id: transition.message,
        wamid: transition.wamid.as_deref(),
        channel_id: transition.channel,
        conversation_id: transition.conversation,
        contact_id: transition.contact,
        status: transition.status.as_str(),
        participant: None,
        error,
        reference: transition.labels.reference.as_deref(),
        metadata: transition.labels.metadata(),
        payload: None,
    };
    let of = of_status(Some(transition.status));
    NewEvent::new(clock, transition.tenant, of, clock.now(), &data).within(transition.channel, transition.conversation)
}
