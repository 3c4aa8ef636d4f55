use mainstay_test_macros::both_drivers;

use super::stage::{SECOND, Stage, slot, slots, waits, want};
use crate::{
    domain::SendLane::{Campaign, Reply},
    rate_limit::{
        Limit, Terms,
        driver::{News, Recipient, Verdict},
        pair::BURST,
    },
};

const HER: Recipient = [7; 16];

async fn write(stage: &Stage, count: usize, promised: bool) -> Vec<Verdict> {
    stage.decide(&vec![want(HER, Reply, promised); count]).await.each
}

#[both_drivers]
async fn one_recipient_gets_a_burst_and_then_one_message_in_six_seconds(stage: Stage) {
    let mut stage = stage.at(Terms::HIGH);
    let begin = stage.now;
    let verdicts = write(&stage, 60, false).await;
    assert_eq!(slots(&verdicts), vec![begin; BURST as usize]);
    let promised = waits(&verdicts, Limit::Pair);
    let expected: Vec<i64> = (1..=16).map(|n| begin + n * 6 * SECOND).collect();
    assert_eq!(promised, expected);
    for at in promised {
        stage.now = at;
        assert_eq!(slots(&write(&stage, 1, true).await), [at]);
        assert!(slot(&write(&stage, 1, true).await[0]).is_none());
    }
    stage.now += BURST * 6 * SECOND;
    assert_eq!(slots(&write(&stage, 60, false).await).len(), BURST as usize);
}

#[both_drivers]
async fn messages_to_one_recipient_do_not_overtake_each_other(stage: Stage) {
    let mut stage = stage.at(Terms::HIGH);
    let promised = waits(&write(&stage, 46, false).await, Limit::Pair);
    stage.now = promised[0];
    assert_eq!(
        waits(&write(&stage, 1, false).await, Limit::Pair),
        [promised[1] + 6 * SECOND]
    );
    assert_eq!(slots(&write(&stage, 1, true).await), [promised[0]]);
}

#[both_drivers]
async fn a_pair_whose_messages_were_withdrawn_is_free_again(stage: Stage) {
    let mut stage = stage.at(Terms::HIGH);
    let promised = waits(&write(&stage, 200, false).await, Limit::Pair);
    stage.now = promised[0] + 4 * SECOND;
    let verdicts = write(&stage, 2, false).await;
    assert_eq!(slots(&verdicts), [stage.now]);
    assert_eq!(waits(&verdicts, Limit::Pair), [promised[1]]);
}

#[both_drivers]
async fn a_refusal_bars_the_pair_for_four_to_the_nth_seconds(mut stage: Stage) {
    for seconds in [1, 4, 16, 64, 256, 1_024, 4_096, 4_096] {
        stage.hear(News::Refused(HER)).await;
        stage.hear(News::Refused(HER)).await;
        let end = stage.now + seconds * SECOND;
        stage.now = end - 1;
        assert_eq!(waits(&write(&stage, 1, true).await, Limit::Pair), [end]);
        stage.now = end;
        let verdicts = write(&stage, 2, true).await;
        assert_eq!(verdicts[0], Verdict::Slot { at: end, trial: true });
        assert!(slot(&verdicts[1]).is_none(), "nothing is left of the burst");
        stage.now += 600 * SECOND;
    }
}

#[both_drivers]
async fn a_success_clears_the_refusals(mut stage: Stage) {
    for seconds in [1, 4, 16] {
        stage.hear(News::Refused(HER)).await;
        stage.now += seconds * SECOND;
    }
    stage.hear(News::Accepted(HER)).await;
    stage.now += 600 * SECOND;
    let expected = Verdict::Slot {
        at: stage.now,
        trial: false,
    };
    assert_eq!(write(&stage, 1, true).await, [expected]);
    stage.hear(News::Refused(HER)).await;
    assert_eq!(waits(&write(&stage, 1, true).await, Limit::Pair), [stage.now + SECOND]);
}

#[both_drivers]
async fn a_refused_pair_does_not_disturb_others(mut stage: Stage) {
    stage.hear(News::Refused(HER)).await;
    assert_eq!(stage.factor().await, 1_000);
    assert_eq!(slot(&stage.ask_one(Campaign).await), Some(stage.now));
}

#[both_drivers]
async fn who_waits_for_the_pair_uses_up_nothing_else(mut stage: Stage) {
    stage.hear(News::Refused(HER)).await;
    assert_eq!(waits(&write(&stage, 50, false).await, Limit::Pair).len(), 50);
    assert_eq!(slots(&stage.ask(Reply, 4).await), [stage.now; 4]);
}
