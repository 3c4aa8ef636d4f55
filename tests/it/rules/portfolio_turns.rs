//! Who holds a portfolio, while parts are added to it. On PostgreSQL: SQLite has one writer.

use mainstay::{
    domain::{DailyLimit, TenantId},
    store::portfolios::{self, For, Key},
    tenancy,
};

use crate::{
    sending::world::DEADLINE,
    support::{app::TestApp, wait::wait_until},
};

const PORTFOLIO: &str = "506914307656634";

fn key(tenant: TenantId) -> Key {
    Key {
        portfolio: PORTFOLIO.to_owned(),
        tenant,
    }
}

/// Connections of this database that wait for another's lock.
const WAITING: &str = "
    SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[tokio::test]
async fn who_waited_for_a_portfolio_holds_also_the_part_that_was_added_meanwhile() {
    let test = TestApp::postgres().await;
    let db = &test.app.db;
    // Of the tenant made first, so that its part is the first to be locked.
    let (added, part) = (
        test.tenant,
        tenancy::create_tenant(&test.registry, "Other").await.unwrap().0.id,
    );
    assert!(key(added) < key(part));
    portfolios::set_limit(db, &key(part), DailyLimit::Customers(250), For::All)
        .await
        .unwrap();
    let mut first = db.begin().await.unwrap();
    portfolios::hold(&mut first, [PORTFOLIO]).await.unwrap();
    let second = tokio::spawn({
        let db = db.clone();
        async move {
            let mut tx = db.begin().await.unwrap();
            portfolios::hold(&mut tx, [PORTFOLIO]).await.unwrap();
            tx
        }
    });
    wait_until(DEADLINE, "the second waits", async || test.count(WAITING).await == 1).await;
    portfolios::add(&mut first, &[(key(added), 1)].into()).await.unwrap();
    first.commit().await.unwrap();
    let mut second = second.await.unwrap();
    // Neither who holds the portfolio too nor who changes its parts in their order comes between.
    let third = tokio::spawn({
        let db = db.clone();
        async move {
            let mut tx = db.begin().await.unwrap();
            portfolios::add(&mut tx, &[(key(added), 1), (key(part), 1)].into()).await?;
            tx.commit().await
        }
    });
    let fourth = tokio::spawn({
        let db = db.clone();
        async move {
            let mut tx = db.begin().await.unwrap();
            portfolios::hold(&mut tx, [PORTFOLIO]).await?;
            tx.commit().await
        }
    });
    wait_until(DEADLINE, "both wait", async || test.count(WAITING).await == 2).await;
    portfolios::add(&mut second, &[(key(added), 1)].into()).await.unwrap();
    second.commit().await.unwrap();
    third.await.unwrap().unwrap();
    fourth.await.unwrap().unwrap();
    let standing = portfolios::standing(db, &[key(added)]).await.unwrap().pop().unwrap();
    assert_eq!(standing.used, 4);
}
