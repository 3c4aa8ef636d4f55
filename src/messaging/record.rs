//! What is written of messages on their way, and told.

use std::collections::HashMap;

use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::MessageId,
    events::message::{Error, SendableTemplate, StatusEvent, of_status},
    messaging::store::sends::{self, End, Placed},
    records::{
        events::{self, NewEvent},
        messages::{self, MessageOwner},
    },
    templates::store::templates::Suggested,
};

/// Writes the ends of attempts and where messages stand, and tells of those that moved. The last thing before the commit.
pub async fn write(tx: &mut Tx, clock: &Clock, ends: &[End], others: Vec<Placed>) -> Result<()> {
    let now = clock.now();
    let all = ends.iter().map(|end| &end.placed).chain(&others);
    messages::lock(tx, all.map(|it| (it.tenant, it.message))).await?;
    sends::conclude(&mut *tx, ends, now).await?;
    let mut placed: Vec<Placed> = ends.iter().map(|end| end.placed.clone()).collect();
    placed.extend(others);
    let told = place(tx, clock, placed).await?;
    events::append(tx, &told, now).await
}

/// Puts messages where they stand, and returns what there is to tell.
pub async fn place(tx: &mut Tx, clock: &Clock, mut placed: Vec<Placed>) -> Result<Vec<NewEvent>> {
    placed.sort_by_key(|it| it.message);
    let moved = sends::place(&mut *tx, &placed).await?;
    let moved: HashMap<MessageId, MessageOwner> = moved.into_iter().map(|it| (it.id, it)).collect();
    placed.retain_mut(|it| {
        let moved = moved.get(&it.message);
        if let Some(moved) = moved {
            (it.conversation, it.contact) = (moved.conversation_id, moved.contact_id);
        }
        moved.is_some()
    });
    Ok(placed.iter().map(|it| event(clock, it)).collect())
}

fn template(it: &Suggested) -> SendableTemplate<'_> {
    SendableTemplate {
        id: it.id,
        name: &it.name,
        language: &it.language,
        category: it.category.as_deref(),
    }
}

pub fn event(clock: &Clock, placed: &Placed) -> NewEvent {
    let error = Error::of(placed.error_code, placed.error_title.as_deref()).map(|error| Error {
        templates: placed
            .templates
            .as_deref()
            .map(|all| all.iter().map(template).collect()),
        ..error
    });
    let data = StatusEvent {
        message_id: placed.message,
        wamid: placed.wamid.as_deref(),
        channel_id: placed.channel,
        conversation_id: placed.conversation,
        contact_id: placed.contact,
        status: placed.status.as_str(),
        participant: None,
        error,
        payload: None,
    };
    let of = of_status(Some(placed.status));
    NewEvent::new(clock, placed.tenant, of, clock.now(), &data).within(placed.channel, placed.conversation)
}
