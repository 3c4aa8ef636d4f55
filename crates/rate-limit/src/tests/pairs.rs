//! The pair limit.

use mainstay_test_macros::both_drivers;

use super::fixture::{LimiterFixture, SECOND, request, slot, slots, waits};
use crate::{
    LimitKind, RateLimits,
    driver::{LimiterFeedback, RecipientDigest, SlotDecision},
    pair::BURST,
};
use mainstay_core::domain::SendLane::{Campaign, Reply};

const RECIPIENT: RecipientDigest = [7; 16];

async fn write(fixture: &LimiterFixture, count: usize, has_reservation: bool) -> Vec<SlotDecision> {
    fixture
        .decide(&vec![request(RECIPIENT, Reply, has_reservation); count])
        .await
        .each
}

#[both_drivers]
async fn one_recipient_gets_a_burst_and_then_one_message_in_six_seconds(fixture: LimiterFixture) {
    let mut fixture = fixture.at(RateLimits::HIGH);
    let begin = fixture.now;
    let decisions = write(&fixture, 60, false).await;
    assert_eq!(slots(&decisions), vec![begin; BURST as usize]);
    let reserved = waits(&decisions, LimitKind::Pair);
    let expected: Vec<i64> = (1..=16).map(|n| begin + n * 6 * SECOND).collect();
    assert_eq!(reserved, expected);
    for at in reserved {
        fixture.now = at;
        assert_eq!(slots(&write(&fixture, 1, true).await), [at]);
        assert!(slot(&write(&fixture, 1, true).await[0]).is_none());
    }
    fixture.now += BURST * 6 * SECOND;
    assert_eq!(slots(&write(&fixture, 60, false).await).len(), BURST as usize);
}

#[both_drivers]
async fn messages_to_one_recipient_do_not_overtake_each_other(fixture: LimiterFixture) {
    let mut fixture = fixture.at(RateLimits::HIGH);
    let reserved = waits(&write(&fixture, 46, false).await, LimitKind::Pair);
    fixture.now = reserved[0];
    assert_eq!(
        waits(&write(&fixture, 1, false).await, LimitKind::Pair),
        [reserved[1] + 6 * SECOND]
    );
    assert_eq!(slots(&write(&fixture, 1, true).await), [reserved[0]]);
}

#[both_drivers]
async fn a_pair_whose_messages_were_withdrawn_is_free_again(fixture: LimiterFixture) {
    let mut fixture = fixture.at(RateLimits::HIGH);
    let reserved = waits(&write(&fixture, 200, false).await, LimitKind::Pair);
    fixture.now = reserved[0] + 4 * SECOND;
    let decisions = write(&fixture, 2, false).await;
    assert_eq!(slots(&decisions), [fixture.now]);
    assert_eq!(waits(&decisions, LimitKind::Pair), [reserved[1]]);
}

#[both_drivers]
async fn a_refusal_bars_the_pair_for_four_to_the_nth_seconds(mut fixture: LimiterFixture) {
    for seconds in [1, 4, 16, 64, 256, 1_024, 4_096, 4_096] {
        fixture.record_feedback(LimiterFeedback::Refused(RECIPIENT)).await;
        fixture.record_feedback(LimiterFeedback::Refused(RECIPIENT)).await;
        let end = fixture.now + seconds * SECOND;
        fixture.now = end - 1;
        assert_eq!(waits(&write(&fixture, 1, true).await, LimitKind::Pair), [end]);
        fixture.now = end;
        let decisions = write(&fixture, 2, true).await;
        assert_eq!(decisions[0], SlotDecision::Slot { at: end, trial: true });
        assert!(slot(&decisions[1]).is_none(), "nothing is left of the burst");
        fixture.now += 600 * SECOND;
    }
}

#[both_drivers]
async fn a_success_clears_the_refusals(mut fixture: LimiterFixture) {
    for seconds in [1, 4, 16] {
        fixture.record_feedback(LimiterFeedback::Refused(RECIPIENT)).await;
        fixture.now += seconds * SECOND;
    }
    fixture.record_feedback(LimiterFeedback::Accepted(RECIPIENT)).await;
    fixture.now += 600 * SECOND;
    let expected = SlotDecision::Slot {
        at: fixture.now,
        trial: false,
    };
    assert_eq!(write(&fixture, 1, true).await, [expected]);
    fixture.record_feedback(LimiterFeedback::Refused(RECIPIENT)).await;
    assert_eq!(
        waits(&write(&fixture, 1, true).await, LimitKind::Pair),
        [fixture.now + SECOND]
    );
}

#[both_drivers]
async fn a_refused_pair_does_not_disturb_others(mut fixture: LimiterFixture) {
    fixture.record_feedback(LimiterFeedback::Refused(RECIPIENT)).await;
    assert_eq!(fixture.factor().await, 1_000);
    assert_eq!(slot(&fixture.ask_one(Campaign).await), Some(fixture.now));
}

#[both_drivers]
async fn a_request_that_waits_for_the_pair_uses_up_nothing_else(mut fixture: LimiterFixture) {
    fixture.record_feedback(LimiterFeedback::Refused(RECIPIENT)).await;
    assert_eq!(waits(&write(&fixture, 50, false).await, LimitKind::Pair).len(), 50);
    assert_eq!(slots(&fixture.ask(Reply, 4).await), [fixture.now; 4]);
}
