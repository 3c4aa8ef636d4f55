//! What a merge of two contacts does to the tables that name them.

use std::collections::BTreeSet;

use mainstay::{
    db::{Db, Sql, Tx},
    domain::{Actor, ChannelId, ContactId, Id},
    records::contacts::{self, ContactMerge, MERGED_TABLES, MergeEffect, MergedTable},
};
use mainstay_test_macros::both_databases;
use uuid::Uuid;

use crate::support::{
    app::TestApp,
    webhook::{ANA, BEN, T0, text},
};

/// Columns that hold a contact or a conversation under another name.
const OTHER_NAMES: &[(&str, &str)] = &[("contacts", "id"), ("conversations", "id"), ("deliveries", "order_key")];

/// The tables of the schema, each with its columns.
async fn columns(db: &Db) -> Vec<(String, String)> {
    const SQLITE: &str = "
        SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' ORDER BY 1, 2";
    // A partition has the columns of its table.
    const POSTGRES: &str = "
        SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY 1, 2";
    let sql = if db.is_postgres() { POSTGRES } else { SQLITE };
    db.sql(sql, ()).all().await.unwrap()
}

#[both_databases]
async fn every_table_that_names_a_contact_says_what_a_merge_does_to_it(test: TestApp) {
    let names_one = |(table, column): &(String, String)| {
        ["contact_id", "conversation_id"].iter().any(|it| column.ends_with(it))
            || OTHER_NAMES.contains(&(table.as_str(), column.as_str()))
    };
    let columns = columns(&test.app.db).await;
    let naming: BTreeSet<&str> = columns
        .iter()
        .filter(|it| names_one(it))
        .map(|(table, _)| table.as_str())
        .collect();
    let listed: BTreeSet<&str> = MERGED_TABLES.iter().map(|it| it.name).collect();
    assert_eq!(
        naming, listed,
        "records/contacts/merged_tables.rs and the schema differ"
    );
    assert_eq!(listed.len(), MERGED_TABLES.len(), "a table is listed twice");
}

#[test]
fn the_tables_are_merged_in_the_lock_order() {
    for pair in MERGED_TABLES.windows(2) {
        assert!(
            pair[0].stage <= pair[1].stage,
            "{} is locked before {}",
            pair[0].name,
            pair[1].name
        );
    }
    for table in MERGED_TABLES {
        if let MergeEffect::Keeps(reason) = table.effect {
            assert!(!reason.is_empty(), "{} has no reason", table.name);
        }
    }
}

/// The contacts that wrote, the older one first, and the channel that they wrote to.
async fn two_contacts(test: &TestApp) -> (ContactMerge, ChannelId) {
    for (n, who) in [ANA, BEN].into_iter().enumerate() {
        let n = i64::try_from(n).unwrap();
        test.receive(&text(who, &format!("wamid.{n}"), T0 + n, "here I am"))
            .await;
    }
    let found: Vec<(ContactId,)> = test
        .app
        .db
        .sql("SELECT id FROM contacts ORDER BY id", ())
        .all()
        .await
        .unwrap();
    let (channel,): (ChannelId,) = test.app.db.sql("SELECT id FROM channels", ()).one().await.unwrap();
    let merge = ContactMerge {
        tenant: test.tenant,
        from: found[1].0,
        into: found[0].0,
    };
    (merge, channel)
}

async fn merge(test: &TestApp, merge: ContactMerge) {
    let work = async |tx: &mut Tx| {
        contacts::lock_tenant(tx, merge.tenant, true).await?;
        contacts::merge(tx, &test.app.clock, merge, Actor::System).await
    };
    test.app.db.transaction(work).await.unwrap();
}

/// Whatever both contacts have, as far as keys allow.
#[both_databases]
async fn rows_that_both_contacts_have_become_one(test: TestApp) {
    const BLOCK: &str = "INSERT INTO blocks (tenant_id, channel_id, contact_id, created_at) VALUES ($1, $2, $3, $4)";
    const PORTFOLIO: &str = "INSERT INTO portfolios (tenant_id, portfolio, used) VALUES ($1, 'shop', 3)";
    const RECIPIENT: &str = "
        INSERT INTO portfolio_recipients (tenant_id, portfolio, contact_id, attempt_id, sends, last_at)
        VALUES ($1, $5, $3, $2, 1, $4)";
    let (two, channel) = two_contacts(&test).await;
    let (db, now, tenant) = (&test.app.db, test.app.clock.now(), two.tenant);
    let other: ChannelId = test.app.clock.new_id();
    db.sql(PORTFOLIO, (tenant,)).run().await.unwrap();
    for (contact, channels) in [(two.from, vec![channel, other]), (two.into, vec![channel])] {
        for channel in channels {
            db.sql(BLOCK, (tenant, channel, contact, now)).run().await.unwrap();
        }
        let counted = (tenant, Uuid::nil(), contact, now, "shop".to_owned());
        db.sql(RECIPIENT, counted).run().await.unwrap();
    }
    let alone = (tenant, Uuid::nil(), two.from, now, "branch".to_owned());
    db.sql(RECIPIENT, alone).run().await.unwrap();
    merge(&test, two).await;

    for (sql, expected) in [
        ("SELECT COUNT(*) FROM contacts", 1),
        ("SELECT COUNT(*) FROM contact_identities WHERE contact_id = $1", 4),
        (
            "SELECT COUNT(*) FROM conversations WHERE contact_id = $1 AND unread_count = 2",
            1,
        ),
        ("SELECT COUNT(*) FROM conversations", 1),
        (
            "SELECT COUNT(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE m.contact_id = $1",
            2,
        ),
        ("SELECT COUNT(*) FROM blocks WHERE contact_id = $1", 2),
        ("SELECT COUNT(*) FROM blocks", 2),
        ("SELECT COUNT(*) FROM portfolio_recipients WHERE contact_id = $1", 2),
        ("SELECT COUNT(*) FROM portfolio_recipients", 2),
        (
            "SELECT CAST(SUM(sends) AS BIGINT) FROM portfolio_recipients WHERE contact_id = $1 AND portfolio = 'shop'",
            2,
        ),
        ("SELECT used FROM portfolios WHERE portfolio = 'shop'", 2),
    ] {
        let (count,): (i64,) = match sql.contains("$1") {
            true => db.sql(sql, (two.into,)).one().await.unwrap(),
            false => db.sql(sql, ()).one().await.unwrap(),
        };
        assert_eq!(count, expected, "{sql}");
    }
}

/// A table that was forgotten would still name the contact that is gone.
#[both_databases]
async fn nothing_names_the_contact_that_is_gone(test: TestApp) {
    let (two, _) = two_contacts(&test).await;
    let (gone,): (Uuid,) = test
        .app
        .db
        .sql("SELECT id FROM conversations WHERE contact_id = $1", (two.from,))
        .one()
        .await
        .unwrap();
    merge(&test, two).await;
    for (table, column) in columns(&test.app.db).await {
        let id = match column.as_str() {
            "contact_id" => two.from.uuid(),
            "conversation_id" => gone,
            _ => continue,
        };
        let kept = |it: &&MergedTable| matches!(it.effect, MergeEffect::Keeps(_));
        if MERGED_TABLES.iter().filter(kept).any(|it| it.name == table) {
            continue;
        }
        let sql = Sql::built(format!("SELECT COUNT(*) FROM {table} WHERE {column} = $1"));
        let (count,): (i64,) = test.app.db.sql(sql, (id,)).one().await.unwrap();
        assert_eq!(count, 0, "{table}.{column}");
    }
}
