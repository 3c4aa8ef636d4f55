use std::collections::BTreeMap;

use chrono::TimeDelta;
use mainstay::{
    domain::{AttemptId, ContactId, MessageId},
    housekeeping,
    store::{
        idempotency::{self, Keyed},
        portfolios::{self, Key, Recipient},
    },
};

use crate::support::app::{TestApp, on_both};

on_both! {
    async fn keys_are_forgotten_after_a_day(test: TestApp) {
        let key = |name: &str| Keyed {
            tenant: test.tenant,
            key: name.to_owned(),
            digest: [7; 32],
            message: test.app.clock.new_id::<MessageId>(),
        };
        let claim = async |name: &str| {
            let now = test.app.clock.now();
            let claimed = idempotency::claim(&test.app.db, &[key(name)], now - TimeDelta::hours(24), now).await.unwrap();
            assert_eq!(claimed.len(), 1);
        };
        claim("old").await;
        test.advance(TimeDelta::hours(20));
        claim("young").await;
        test.advance(TimeDelta::hours(5));
        housekeeping::tidy(&test.app).await.unwrap();
        assert_eq!(test.count("SELECT COUNT(*) FROM idempotency_keys WHERE key = 'old'").await, 0);
        assert_eq!(test.count("SELECT COUNT(*) FROM idempotency_keys WHERE key = 'young'").await, 1);
    }

    async fn customers_are_forgotten_who_were_not_written_to_for_a_day(test: TestApp) {
        let key = Key { portfolio: "506914307656634".to_owned(), tenant: test.tenant };
        let write = async |count: usize| {
            let recipient = |_| Recipient {
                key: key.clone(),
                contact: test.app.clock.new_id::<ContactId>(),
                attempt: test.app.clock.new_id::<AttemptId>(),
                sends: 1,
            };
            let recipients: Vec<Recipient> = (0..count).map(recipient).collect();
            let mut tx = test.app.db.begin().await.unwrap();
            portfolios::add(&mut tx, &BTreeMap::from([(key.clone(), count as i64)])).await.unwrap();
            portfolios::count(&mut tx, &recipients, test.app.clock.now()).await.unwrap();
            tx.commit().await.unwrap();
        };
        write(4_100).await;
        test.advance(TimeDelta::hours(12));
        write(3).await;
        housekeeping::tidy(&test.app).await.unwrap();
        assert_eq!(test.count("SELECT used FROM portfolios").await, 4_103);
        test.advance(TimeDelta::hours(13));
        housekeeping::tidy(&test.app).await.unwrap();
        assert_eq!(test.count("SELECT used FROM portfolios").await, 3);
        assert_eq!(test.count("SELECT COUNT(*) FROM portfolio_recipients").await, 3);
    }
}
