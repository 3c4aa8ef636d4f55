//! Order within conversations.

use std::{collections::HashMap, time::Duration};

use chrono::TimeDelta;
use mainstay::{
    domain::{ConversationId, Ctx, EventId},
    records::events::NewEvent,
};
use mainstay_test_macros::both_sizes;

use super::{
    receiver::{Receiver, Reply},
    world::{DEADLINE, World, in_conversation},
};
use crate::support::wait::wait_until;

fn of(world: &World, conversation: ConversationId) -> NewEvent {
    in_conversation(world.event(), world.channel, conversation)
}

/// The ids that came with success, by conversation, in the order they came.
fn came(receiver: &Receiver, refused: impl Fn(usize) -> bool) -> HashMap<String, Vec<String>> {
    let mut by_conversation: HashMap<String, Vec<String>> = HashMap::new();
    for (n, request) in receiver.requests().iter().enumerate() {
        let conversation = request.json()["data"]["conversation_id"]
            .as_str()
            .unwrap_or("none")
            .to_owned();
        if !refused(n) {
            by_conversation
                .entry(conversation)
                .or_default()
                .push(request.id().to_owned());
        }
    }
    by_conversation
}

#[both_sizes]
async fn the_events_of_a_conversation_leave_in_order_where_asked_for(world: World) {
    // Every seventh request fails, so order has to outlast failures too.
    let fails = |n: usize| n % 7 == 3;
    let receiver = Receiver::doing(move |_, n| Reply::status(if fails(n) { 500 } else { 200 })).await;
    let endpoint = world.endpoint_with(&receiver, |new| new.ordered = true).await;
    let conversations: Vec<ConversationId> = (0..5).map(|_| world.clock.new_id()).collect();
    let mut expected: HashMap<String, Vec<String>> = HashMap::new();
    for _ in 0..8 {
        let events: Vec<NewEvent> = (0..4)
            .flat_map(|_| conversations.iter().map(|it| of(&world, *it)))
            .collect();
        for event in &events {
            let key = event.conversation.unwrap().to_string();
            expected.entry(key).or_default().push(event.id.to_string());
        }
        world.happen(&events).await;
    }
    let all = 8 * 4 * 5;
    let mut turns = 0;
    while world
        .number("SELECT COUNT(*) FROM deliveries WHERE state = 'done'")
        .await
        < all
    {
        const DUE: &str = "SELECT COUNT(*) FROM deliveries WHERE state = 'pending' AND due_at <= $1";
        wait_until(DEADLINE, "nothing is due", async || {
            let (due,): (i64,) = world.db().reader().sql(DUE, (world.clock.now(),)).one().await.unwrap();
            due == 0
        })
        .await;
        // Whatever waits for its next attempt has it now.
        world.clock.advance(TimeDelta::hours(1));
        turns += 1;
        assert!(turns < 200, "it never ends: {:?}", world.deliveries(endpoint.id).await);
    }
    assert_eq!(came(&receiver, fails), expected);
    world.end().await;
}

#[both_sizes]
async fn what_fails_holds_up_its_own_conversation_and_no_other(world: World) {
    let (held, free): (ConversationId, ConversationId) = (world.clock.new_id(), world.clock.new_id());
    let word = held.to_string();
    let receiver = Receiver::doing(move |request, n| {
        Reply::status(if request.body.contains(&word) && n < 5 {
            500
        } else {
            200
        })
    })
    .await;
    let endpoint = world.endpoint_with(&receiver, |new| new.ordered = true).await;
    let first = of(&world, held);
    world.happen(std::slice::from_ref(&first)).await;
    world.until_attempts(endpoint.id, 1).await;
    let (second, third, other) = (of(&world, held), of(&world, held), of(&world, free));
    world.happen(&[second.clone(), third.clone(), other.clone()]).await;
    world.until(endpoint.id, "done", 1).await;
    let ids = || -> Vec<String> { receiver.requests().iter().map(|it| it.id().to_owned()).collect() };
    assert_eq!(
        ids(),
        [first.id.to_string(), other.id.to_string()],
        "the second waits for the first"
    );
    receiver.now_does(|_, _| Reply::status(200));
    world.clock.advance(TimeDelta::seconds(8));
    world.until(endpoint.id, "done", 4).await;
    let text = |id: EventId| id.to_string();
    assert_eq!(
        ids(),
        [
            text(first.id),
            text(other.id),
            text(first.id),
            text(second.id),
            text(third.id)
        ]
    );
    world.end().await;
}

#[both_sizes]
async fn a_conversation_with_hundreds_waiting_holds_up_no_other(world: World) {
    let (busy, free): (ConversationId, ConversationId) = (world.clock.new_id(), world.clock.new_id());
    let word = busy.to_string();
    let receiver = Receiver::doing(move |request, _| {
        if request.body.contains(&word) {
            Reply::Late(Duration::from_millis(600), 200)
        } else {
            Reply::status(200)
        }
    })
    .await;
    world.endpoint_with(&receiver, |new| new.ordered = true).await;
    let mut events: Vec<NewEvent> = (0..700).map(|_| of(&world, busy)).collect();
    events.push(of(&world, free));
    events.push(world.event());
    world.happen(&events).await;
    let mut last = 0;
    wait_until(DEADLINE, "the others have come", async || {
        last = receiver.count();
        receiver
            .requests()
            .iter()
            .filter(|it| !it.body.contains(&busy.to_string()))
            .count()
            == 2
    })
    .await;
    assert!(last < 10, "before the busy one was at its end: {last}");
    world.end().await;
}

#[both_sizes]
async fn a_conversation_of_more_than_are_brought_on_together_comes_whole_and_in_order(world: World) {
    const ALL: usize = 1_200;
    let receiver = Receiver::doing(|_, n| Reply::status(if n < 2 { 500 } else { 200 })).await;
    let endpoint = world.endpoint_with(&receiver, |new| new.ordered = true).await.id;
    let conversation = world.clock.new_id();
    let events: Vec<NewEvent> = (0..ALL).map(|_| of(&world, conversation)).collect();
    world.happen(&events).await;
    for n in 1..=2 {
        let first = world.until_attempts(endpoint, n).await;
        const LATER: &str = "SELECT COUNT(*) FROM deliveries WHERE state = 'pending' AND due_at >= $1";
        wait_until(DEADLINE, "all wait for the first", async || {
            let (later,): (i64,) = world.db().reader().sql(LATER, (first.due_at,)).one().await.unwrap();
            later == ALL as i64
        })
        .await;
        assert_eq!(receiver.count() as i64, n);
        world.clock.advance(TimeDelta::seconds(8));
    }
    // Minutes before they would be tried by themselves.
    let first = world.deliveries(endpoint).await.remove(0);
    world
        .subscriptions
        .retry(&Ctx::operator(world.tenant), first.id)
        .await
        .unwrap();
    world.until(endpoint, "done", ALL).await;
    let expected: Vec<String> = events.iter().map(|it| it.id.to_string()).collect();
    assert_eq!(came(&receiver, |n| n < 2)[&conversation.to_string()], expected);
    world.end().await;
}

#[both_sizes]
async fn a_dead_delivery_holds_its_conversation_up_no_longer(world: World) {
    let receiver = Receiver::doing(|_, n| Reply::status(if n < 10 { 400 } else { 200 })).await;
    let endpoint = world.endpoint_with(&receiver, |new| new.ordered = true).await;
    let conversation = world.clock.new_id();
    let (first, second) = (of(&world, conversation), of(&world, conversation));
    world.happen(&[first.clone(), second.clone()]).await;
    for n in 1..=10 {
        let tried = world.until_attempts(endpoint.id, n).await;
        world
            .clock
            .advance(tried.due_at - world.clock.now() + TimeDelta::seconds(3));
    }
    let all = world.until(endpoint.id, "done", 1).await;
    assert_eq!((all[0].state.as_str(), all[1].state.as_str()), ("dead", "done"));
    assert_eq!(receiver.requests()[10].id(), second.id.to_string());
    world.end().await;
}

#[both_sizes]
async fn without_order_asked_for_a_failure_holds_nothing_up(world: World) {
    let conversation = world.clock.new_id();
    let first = of(&world, conversation);
    let word = first.id.to_string();
    let receiver = Receiver::doing(move |it, _| Reply::status(if it.id() == word { 500 } else { 200 })).await;
    let endpoint = world.endpoint(&receiver).await;
    world.happen(&[first]).await;
    world.until_attempts(endpoint, 1).await;
    world
        .happen(&[of(&world, conversation), of(&world, conversation)])
        .await;
    world.until(endpoint, "done", 2).await;
    world.end().await;
}
