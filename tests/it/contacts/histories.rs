//! Random histories of people who write, are imported, and turn out to be one.

use mainstay::{
    db::{Db, Sql},
    records::contacts::MERGED_TABLES,
};
use mainstay_test_macros::both_databases;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{T0, Who, text},
};

const HISTORIES: usize = 120;

/// What happens to one person, who is known by a phone number and a user id.
#[derive(Clone, Debug)]
enum Step {
    /// They write, named by phone, by user id, or by both.
    Writes { phone: bool, user_id: bool },
    /// The API says something of them, by phone or by user id.
    Said { by_phone: bool, member: Value },
}

fn history(random: &mut StdRng) -> Vec<Step> {
    let mut steps = vec![Step::Writes {
        phone: true,
        user_id: true,
    }];
    for _ in 0..random.random_range(2..6) {
        let by_phone = random.random_bool(0.5);
        let status = if random.random_bool(0.5) { "granted" } else { "revoked" };
        let day = random.random_range(1..29);
        let said = [
            json!({ "tags": [if by_phone { "a" } else { "b" }, "both"] }),
            json!({ "lists": ["news"], "given_name": if by_phone { "Phone" } else { "Id" } }),
            json!({ "consents": [{ "purpose": "marketing", "status": status, "occurred_at": format!("2026-01-{day:02}T00:00:00Z") }] }),
        ];
        steps.push(match random.random_range(0..3) {
            0 => Step::Writes {
                phone: by_phone,
                user_id: !by_phone,
            },
            _ => Step::Said {
                by_phone,
                member: said[random.random_range(0..said.len())].clone(),
            },
        });
    }
    steps.shuffle(random);
    steps
}

#[both_databases]
async fn whoever_turns_out_to_be_one_is_one_with_everything_of_both(test: TestApp) {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let client = Client::tenant(&test);
    for n in 0..HISTORIES {
        let phone: &'static str = format!("49151234{n:05}").leak();
        let user_id: &'static str = format!("DE.{n}").leak();
        let (mut tags, mut statements) = (Vec::new(), 0);
        for (step, what) in history(&mut random).into_iter().enumerate() {
            match what {
                Step::Writes { phone: p, user_id: u } => {
                    let who = Who {
                        phone: p.then_some(phone),
                        user_id: u.then_some(user_id),
                        name: "Somebody",
                    };
                    test.receive(&text(who, &format!("wamid.{n}.{step}"), T0 + step as i64, "hello"))
                        .await;
                }
                Step::Said { by_phone, member } => {
                    let by = if by_phone {
                        format!("phone/{phone}")
                    } else {
                        format!("user_id/{user_id}")
                    };
                    let answer = client.put(&format!("/api/v1/contacts/by/{by}"), member.clone()).await;
                    assert!(answer.status.is_success(), "seed {seed}: {}", answer.text());
                    let said = member["tags"].as_array().into_iter().flatten();
                    tags.extend(said.map(|it| it.as_str().unwrap().to_owned()));
                    statements += member["consents"].as_array().map_or(0, Vec::len);
                }
            }
        }
        tags.sort();
        tags.dedup();
        let shown = client.get(&format!("/api/v1/contacts?phone={phone}")).await.ok().json()["data"][0].clone();
        assert_eq!(shown["user_id"], user_id, "seed {seed}, history {n}");
        assert_eq!(shown["tags"], json!(tags), "seed {seed}, history {n}");
        let ledger = format!("/api/v1/contacts/{}/consents?limit=50", shown["id"].as_str().unwrap());
        assert_eq!(
            client.all(&ledger).await.0.len(),
            statements,
            "seed {seed}, history {n}"
        );
    }
    assert_eq!(
        test.count("SELECT COUNT(*) FROM contacts").await,
        i64::try_from(HISTORIES).unwrap()
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state <> 'done'")
            .await,
        0
    );
    assert!(
        test.count("SELECT COUNT(*) FROM contact_merges").await > 10,
        "seed {seed}: nobody was merged"
    );
    for (table, column, of) in naming(&test.app.db).await {
        let sql = format!("SELECT COUNT(*) FROM {table} t WHERE t.{column} NOT IN (SELECT id FROM {of})");
        let (lost,): (i64,) = test.app.db.sql(Sql::built(sql), ()).one().await.unwrap();
        assert_eq!(lost, 0, "seed {seed}: {table}.{column} names somebody who is gone");
    }
}

/// The columns that name a contact or a conversation, of the tables whose rows a merge moves.
async fn naming(db: &Db) -> Vec<(&'static str, &'static str, &'static str)> {
    const SQLITE: &str = "
        SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
    const POSTGRES: &str = "
        SELECT CAST(table_name || '.' || column_name AS TEXT) FROM information_schema.columns WHERE table_schema = 'public'";
    let sql = if db.is_postgres() { POSTGRES } else { SQLITE };
    let columns: Vec<(String,)> = db.sql(sql, ()).all().await.unwrap();
    let tables = MERGED_TABLES
        .iter()
        .map(|it| it.name)
        .filter(|it| !["events", "deliveries"].contains(it));
    let each = tables.flat_map(|table| {
        [
            (table, "contact_id", "contacts"),
            (table, "conversation_id", "conversations"),
        ]
    });
    each.filter(|(table, column, _)| columns.iter().any(|(it,)| *it == format!("{table}.{column}")))
        .collect()
}
