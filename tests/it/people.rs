//! Who is who: two people taken for one would read each other's letters.

use std::collections::BTreeMap;

use mainstay_sim::{Authenticity, Manners, SimConfig, Traffic};
use mainstay_test_macros::both_databases;

use crate::support::app::{NUMBER, TestApp, WABA};

/// Batches small enough for a test, everything else as rude as it gets.
fn traffic(seed: u64) -> Traffic {
    Traffic::new(&SimConfig {
        seed,
        customers: 5,
        phone_number_id: NUMBER.to_owned(),
        waba_id: WABA.to_owned(),
        manners: Manners {
            batch_items: 8,
            ..Manners::rude()
        },
        ..SimConfig::default()
    })
}

/// Every customer of the simulator is from another country, which begins each of their ids, whatever these change to.
#[both_databases]
async fn five_people_stay_apart_however_rude_the_traffic(test: TestApp) {
    for webhook in traffic(7).take(1_500) {
        if webhook.authenticity == Authenticity::Genuine {
            test.store(webhook.body).await;
        }
    }
    test.process_all(64).await;
    const SQL: &str =
        "SELECT contact_id, value FROM contact_identities WHERE kind = 'user_id' ORDER BY contact_id, value";
    let known: Vec<(mainstay::domain::ContactId, String)> = test.app.db.sql(SQL, ()).all().await.unwrap();
    let mut countries: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (contact, user_id) in known {
        let country = user_id[..2].to_owned();
        let seen = countries.entry(contact).or_default();
        if !seen.contains(&country) {
            seen.push(country);
        }
    }
    assert!(
        countries.len() >= 5 && countries.values().all(|seen| seen.len() == 1),
        "{countries:?}"
    );
}
