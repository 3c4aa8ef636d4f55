//! Which dead rows are revived.

use chrono::TimeDelta;
use mainstay_core::domain::{Id, RawEventId, WorkState};
use mainstay_test_macros::both_sizes;

use super::{
    fixture::QueueFixture,
    test_job::{Leased, TEST_QUEUE, TestHandler},
};
use crate::{
    Outcome, Outcomes,
    dead_letters::{Ladder, archivable, archive, dead_letter_stats, revive},
};

fn ladder() -> Ladder {
    Ladder::new(vec![TimeDelta::minutes(1)])
}

#[both_sizes]
async fn what_its_handler_refuses_for_good_is_not_revived(fixture: QueueFixture) {
    let ids = fixture.enqueue(2).await;
    let refused = ids[0];
    let handler = TestHandler::new(move |ids: Vec<RawEventId>| async move {
        match ids[0].uuid() == refused {
            true => Outcomes::all(Outcome::discard("no")),
            false => Outcomes::all(Outcome::retry("not now")),
        }
    });
    let workers = fixture.start::<Leased>(&handler);
    for _ in 0..3 {
        fixture.until_driver_is_empty().await;
        fixture.clock.advance(TimeDelta::seconds(30));
    }
    fixture.until_state("dead", 2).await;
    workers.stop().await;
    let hopeless = archivable(&fixture.db, &TEST_QUEUE, &ladder(), 10)
        .await
        .expect("they are read");
    assert_eq!(hopeless, [refused]);
    fixture.clock.advance(TimeDelta::minutes(2));
    let now = fixture.clock.now();
    let revived = revive(&fixture.db, &fixture.queues, &TEST_QUEUE, &ladder(), now).await;
    assert_eq!(revived.expect("it is revived"), 1);
    let row = fixture.row(ids[1]).await;
    assert_eq!((row.state, row.attempts), (WorkState::Pending, 0));
    let archived = archive(fixture.db.writer(), &TEST_QUEUE, &ids, now).await;
    assert_eq!(archived.expect("it is archived"), [refused]);
    let stats = dead_letter_stats(&fixture.db, &TEST_QUEUE)
        .await
        .expect("they are counted");
    assert_eq!(
        (stats.dead, stats.archived, stats.revived, stats.retrying),
        (0, 1, 1, 1)
    );
}
