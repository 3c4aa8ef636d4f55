//! The statements of filters select whom they should, on both databases.

use std::collections::BTreeSet;

use mainstay::{
    contacts::{segments::language::parse, store::segments::Scan},
    db::Db,
    domain::{Id, TenantId},
};
use mainstay_test_macros::both_databases;
use uuid::Uuid;

use super::{
    judge,
    people::{Dice, Person, belongings, now, store},
    random,
};
use crate::support::app::TestApp;

const PEOPLE: usize = 2_000;
/// On each database, by another seed each time.
const CASES: usize = 5_000;
/// Filters judged in one transaction, which has to end within the time that a read may take, on a busy machine too.
const AT_ONCE: usize = 10;

#[both_databases]
async fn random_filters_select_whom_a_judge_selects(test: TestApp) {
    let seed = Uuid::new_v4().as_u128() as u64;
    judge_random_filters(&test.app.db, test.tenant, seed).await;
}

pub async fn judge_random_filters(db: &Db, tenant: TenantId, seed: u64) {
    eprintln!("seed {seed}");
    let mut dice = Dice(seed);
    let mut has = belongings();
    let people: Vec<Person> = (0..PEOPLE).map(|n| Person::random(&mut dice, n, &has)).collect();
    store(db, tenant, &people).await;
    // Another tenant's contacts lie between them, with the same tags.
    let others: Vec<Person> = (0..PEOPLE).map(|n| Person::random(&mut dice, n, &has)).collect();
    store(db, TenantId::from_uuid(Uuid::from_u128(7)), &others).await;
    random::add_segments(&mut dice, &mut has);
    let (mut selected, mut empty) = (0, 0);
    for first in (0..CASES).step_by(AT_ONCE) {
        let mut tx = db.begin_read_as(tenant).await.unwrap();
        for n in first..first + AT_ONCE {
            let filter = random::filter(&mut dice, &has, 3);
            let text = filter.to_string();
            let read = parse(&text, &has.catalogue, None).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(read, filter, "seed {seed}, case {n}: {text}");
            let mut scan = Scan::begin(&mut tx, tenant, &filter, None, now()).await.unwrap();
            let ids = scan
                .ids(&mut tx)
                .await
                .unwrap_or_else(|error| panic!("seed {seed}, case {n}: {error}\n{text}"));
            assert!(scan.rest().is_none(), "one window holds them all");
            let found: BTreeSet<Uuid> = ids.iter().map(|id| id.uuid()).collect();
            assert!(ids.is_sorted_by(|one, next| one > next), "newest first, each once");
            let wanted: BTreeSet<Uuid> = people
                .iter()
                .filter(|it| judge::selects(&filter, it))
                .map(|it| it.id)
                .collect();
            if found != wanted {
                let of = |id: &Uuid| people.iter().find(|it| it.id == *id);
                let wrong: Vec<_> = found.symmetric_difference(&wanted).take(2).map(of).collect();
                panic!(
                    "seed {seed}, case {n}: {text}\n{} and {}: {wrong:#?}",
                    found.len(),
                    wanted.len()
                );
            }
            selected += usize::from(!found.is_empty());
            empty += usize::from(found.is_empty());
        }
        tx.commit().await.unwrap();
    }
    assert!(
        selected > CASES / 4 && empty > 0,
        "the filters tell contacts apart: {selected}, {empty}"
    );
}
