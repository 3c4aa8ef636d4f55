//! Which sequences a time is looked for in.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::records::events::{self, SequenceRange};
use mainstay_test_macros::both_databases;

use super::world::event;
use crate::support::app::TestApp;

#[both_databases]
async fn every_event_of_a_time_is_within_the_sequences_and_few_others_are(test: TestApp) {
    let begin = test.app.clock.now() - TimeDelta::days(30);
    let mut recorded: Vec<DateTime<Utc>> = Vec::new();
    // An event a minute; of every seven, one was written by a machine whose clock is late.
    for n in 0..300 {
        let late = TimeDelta::minutes(if n % 7 == 3 { 5 } else { 0 });
        let at = begin + TimeDelta::minutes(n) - late;
        let mut tx = test.app.db.begin().await.unwrap();
        events::append(&mut tx, &[event(&test.app.clock, test.tenant)], at)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        recorded.push(at);
    }
    const SEQUENCES: &str = "SELECT sequence, created_at FROM events WHERE tenant_id = $1 ORDER BY sequence";
    let rows: Vec<(i64, DateTime<Utc>)> = test.app.db.sql(SEQUENCES, (test.tenant,)).all().await.unwrap();
    let before = rows.len() - recorded.len();
    let rows = &rows[before..];
    assert!(rows.iter().zip(&recorded).all(|(row, made)| row.1 == *made));
    // Some are kept no longer.
    const DROP: &str = "DELETE FROM events WHERE tenant_id = $1 AND created_at < $2";
    test.app
        .db
        .sql(DROP, (test.tenant, begin + TimeDelta::minutes(20)))
        .run()
        .await
        .unwrap();
    let rows: Vec<_> = rows
        .iter()
        .filter(|(_, at)| *at >= begin + TimeDelta::minutes(20))
        .collect();
    let at = |minutes: i64| begin + TimeDelta::minutes(minutes);
    let short = (0..310).step_by(3).map(|from| (from, from + 7));
    for (from, to) in short.chain([(-600, 60_000), (-9, 1), (40, 200), (299, 300), (305, 900)]) {
        let found = SequenceRange::find(&test.app.db, test.tenant, at(from), at(to))
            .await
            .unwrap();
        let within = |sequence: i64| (found.first..found.end).contains(&sequence);
        let of_it = |time: DateTime<Utc>| at(from) <= time && time < at(to);
        assert!(
            rows.iter().all(|(sequence, time)| !of_it(*time) || within(*sequence)),
            "{from} to {to}: {found:?}"
        );
        let others = rows
            .iter()
            .filter(|(sequence, time)| within(*sequence) && !of_it(*time))
            .count();
        assert!(others <= 40, "{from} to {to}: {found:?} has {others} others");
    }
    let nobody = SequenceRange::find(&test.app.db, test.app.clock.new_id(), begin, at(60))
        .await
        .unwrap();
    assert_eq!((nobody.first, nobody.end), (1, 1));
}
