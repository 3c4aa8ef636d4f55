//! Tests of replays: selection, states, dry runs, chunks.

use bytes::Bytes;

use super::*;
use crate::{
    clock::uuid_at,
    db::Scratch,
    domain::Id,
    records::raw_events::{NewRawEvent, insert},
};

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Work {
    state: String,
    attempts: i64,
    due_at: DateTime<Utc>,
    last_error: Option<String>,
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a valid time")
}

fn minute(n: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(n)
}

/// Stores one event per state, a minute apart, each tried three times already.
async fn stored(db: &Db, states: &[WorkState]) -> Vec<RawEventId> {
    let mut ids = Vec::new();
    for (n, state) in states.iter().enumerate() {
        let at = minute(n as i64);
        let event = NewRawEvent {
            id: RawEventId::from_uuid(uuid_at(at)),
            received_at: at,
            signer: None,
            app_secret: None,
            digest: [0; 32],
            body: Bytes::from_static(b"{}"),
        };
        insert(db, std::slice::from_ref(&event)).await.unwrap();
        const SQL: &str =
            "UPDATE raw_events SET state = $2, attempts = 3, last_error = 'no', due_at = $3 WHERE id = $1";
        let args = (event.id, state.as_str().to_owned(), at + TimeDelta::days(9));
        db.sql(SQL, args).run().await.unwrap();
        ids.push(event.id);
    }
    ids
}

async fn work(db: &Db, id: RawEventId) -> Work {
    const SQL: &str = "SELECT state, attempts, due_at, last_error FROM raw_events WHERE id = $1";
    db.sql(SQL, (id,)).one().await.unwrap()
}

async fn is_due(db: &Db, id: RawEventId, now: DateTime<Utc>) -> bool {
    let due = Work {
        state: "pending".to_owned(),
        attempts: 0,
        due_at: now,
        last_error: None,
    };
    work(db, id).await == due
}

fn everything(state: Option<WorkState>) -> Selection {
    Selection::Range {
        from: None,
        to: None,
        state,
    }
}

#[tokio::test]
async fn a_range_makes_all_due_but_the_running_and_the_discarded() {
    let db = Scratch::migrated().await;
    let ids = stored(&db, &WorkState::ALL).await;
    let now = minute(60);
    let report = replay(&db, now, everything(None), false).await.unwrap();
    assert_eq!((report.matched, report.replayed, report.dry_run), (4, 4, false));
    for (state, id) in WorkState::ALL.iter().zip(&ids) {
        let left_alone = matches!(state, WorkState::Running | WorkState::Discarded);
        assert_eq!(is_due(&db, *id, now).await, !left_alone, "{state:?}");
        assert_eq!(report.sample.contains(id), !left_alone, "{state:?}");
    }
}

#[tokio::test]
async fn a_range_with_a_state_takes_only_that_state() {
    let db = Scratch::migrated().await;
    let ids = stored(&db, &WorkState::ALL).await;
    let now = minute(60);
    for (n, state) in WorkState::ALL.into_iter().enumerate() {
        if state == WorkState::Running {
            let refused = replay(&db, now, everything(Some(state)), false).await;
            assert!(matches!(refused, Err(ReplayError::Running)));
            continue;
        }
        let report = replay(&db, now, everything(Some(state)), true).await.unwrap();
        assert_eq!(report.sample, [ids[n]], "{state:?}");
    }
    replay(&db, now, everything(Some(WorkState::Discarded)), false)
        .await
        .unwrap();
    assert_eq!(work(&db, ids[5]).await.state, "pending");
    assert_eq!(work(&db, ids[3]).await.state, "dead");
}

#[tokio::test]
async fn a_range_holds_from_its_beginning_until_before_its_end() {
    let db = Scratch::migrated().await;
    let ids = stored(&db, &[WorkState::Done; 6]).await;
    let range = |from, to| Selection::Range { from, to, state: None };
    let now = minute(60);
    let both = replay(&db, now, range(Some(minute(1)), Some(minute(3))), true)
        .await
        .unwrap();
    assert_eq!(both.sample, ids[1..3]);
    let until = replay(&db, now, range(None, Some(minute(2))), true).await.unwrap();
    assert_eq!(until.sample, ids[..2]);
    let empty = replay(&db, now, range(Some(minute(3)), Some(minute(3))), true).await;
    assert!(matches!(empty, Err(ReplayError::EmptyRange)));
}

#[tokio::test]
async fn a_dry_run_counts_and_changes_nothing() {
    let db = Scratch::migrated().await;
    let ids = stored(&db, &[WorkState::Dead, WorkState::Done]).await;
    for selection in [everything(None), Selection::Ids(ids.clone())] {
        let report = replay(&db, minute(60), selection, true).await.unwrap();
        let expected = Replayed {
            matched: 2,
            replayed: 0,
            dry_run: true,
            sample: ids.clone(),
        };
        assert_eq!(report, expected);
    }
    assert_eq!(work(&db, ids[0]).await.state, "dead");
}

#[tokio::test]
async fn by_id_any_state_is_replayed_but_running_and_unknown_ids_count_for_nothing() {
    let db = Scratch::migrated().await;
    let ids = stored(&db, &[WorkState::Running, WorkState::Discarded, WorkState::Done]).await;
    let unknown = RawEventId::from_uuid(uuid_at(minute(5)));
    let chosen = vec![ids[1], unknown, ids[0], ids[1]];
    let now = minute(60);
    let report = replay(&db, now, Selection::Ids(chosen), false).await.unwrap();
    assert_eq!((report.matched, report.replayed), (1, 1));
    assert!(is_due(&db, ids[1], now).await);
    assert_eq!(work(&db, ids[0]).await.state, "running");
    assert_eq!(work(&db, ids[2]).await.state, "done");
}

#[tokio::test]
async fn more_events_than_one_chunk_are_all_replayed() {
    let db = Scratch::migrated().await;
    let count = CHUNK * 2 + 7;
    let event = |n: usize| NewRawEvent {
        id: RawEventId::from_uuid(uuid_at(start() + TimeDelta::milliseconds(n as i64))),
        received_at: start(),
        signer: None,
        app_secret: None,
        digest: [0; 32],
        body: Bytes::from_static(b"{}"),
    };
    insert(&db, &(0..count).map(event).collect::<Vec<_>>()).await.unwrap();
    db.sql("UPDATE raw_events SET state = 'dead'", ()).run().await.unwrap();
    let report = replay(&db, minute(60), everything(Some(WorkState::Dead)), false)
        .await
        .unwrap();
    assert_eq!((report.matched, report.replayed), (count as u64, count as u64));
    assert_eq!(report.sample.len(), SAMPLE);
    let left: (i64,) = db
        .sql("SELECT COUNT(*) FROM raw_events WHERE state <> 'pending'", ())
        .one()
        .await
        .unwrap();
    assert_eq!(left.0, 0);
}
