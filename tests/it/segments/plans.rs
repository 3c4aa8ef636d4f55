//! PostgreSQL's plans for the statements of filters: whatever a filter asks, a window reads the rows of its contacts and no others.

use mainstay::{
    contacts::{
        segments::language::{Filter, FilterTest, parse},
        store::segments::{FilterArg, FilterCondition, Scan, window_statement},
    },
    db::{Db, Sql, Tx},
    domain::{Id, TenantId},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, types::Json};
use uuid::Uuid;

use super::{
    people::{Belongings, Dice, belongings, now},
    random,
};
use crate::support::app::TestApp;

/// Contacts of each of five tenants, whose rows lie between one another: more than a window of them.
const CONTACTS: i64 = 21_000;
/// For each state of the tables.
const FILTERS: usize = 100;
/// Tests on other tables that a filter has here.
const ELSEWHERE: usize = 3;
/// What is done to the tables, and the pages of 8 KiB that a window then reads at most. As long as they were not vacuumed, each entry of an
/// index leads to its row.
const STATES: [(&str, i64); 3] = [
    ("SELECT", 18_000),
    ("VACUUM contacts, contact_tags, conversations, contact_consents", 5_000),
    ("ANALYZE", 5_000),
];

#[tokio::test]
async fn a_window_reads_the_rows_of_its_contacts_and_no_others() {
    let test = TestApp::postgres().await;
    check_plans(&test.app.db, Uuid::new_v4().as_u128() as u64).await;
}

#[tokio::test]
async fn sqlite_finds_the_rows_of_a_window_by_their_index() {
    let test = TestApp::sqlite().await;
    let Db::Sqlite { write, .. } = &test.app.db else {
        unreachable!("it was opened as SQLite")
    };
    let mut dice = Dice(Uuid::new_v4().as_u128() as u64);
    eprintln!("seed {}", dice.0);
    let mut has = belongings();
    random::add_segments(&mut dice, &mut has);
    let mut searched = 0;
    for _ in 0..FILTERS {
        let filter = random::filter(&mut dice, &has, 3);
        let statement = window_statement("COUNT(*)", &FilterCondition::new(&filter, false, now()).text);
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let steps: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(AssertSqlSafe(explain)).fetch_all(write).await.unwrap();
        for (.., step) in steps {
            let whole = step.starts_with("SCAN") && !step.contains("json_each");
            let by_contact = step.contains("_id>? AND ") || step.contains("(tenant_id=? AND id>? AND id<?)");
            assert!(!whole && !step.contains("CORRELATED"), "{step}: {filter}");
            assert!(!step.starts_with("SEARCH") || by_contact, "{step}: {filter}");
            searched += usize::from(step.starts_with("SEARCH"));
        }
    }
    assert!(searched > FILTERS, "the plans were not read");
}

async fn check_plans(db: &Db, seed: u64) {
    eprintln!("seed {seed}");
    fill(db).await;
    let mut dice = Dice(seed);
    let mut has = belongings();
    random::add_segments(&mut dice, &mut has);
    let newest = newest_window(db).await;
    for (step, limit) in STATES {
        execute(db, step).await;
        let mut most = 0;
        for n in 0..FILTERS {
            let filter = filter(&mut dice, &has);
            for mode in ["force_custom_plan", "force_generic_plan"] {
                let case = format!("seed {seed}, case {n} after {step:?}, {mode}: {filter}");
                let buffers = check_plan(db, &newest, &filter, mode, &case).await;
                assert!(buffers <= limit, "{buffers} buffers: {case}");
                most = most.max(buffers);
            }
        }
        assert!(most > limit / 4, "the plans were not read: {most} buffers at most");
    }
}

fn filter(dice: &mut Dice, has: &Belongings) -> Filter {
    loop {
        let filter = random::filter(dice, has, 3);
        if elsewhere(&filter) <= ELSEWHERE {
            return filter;
        }
    }
}

/// The tests on other tables, those of segments included.
fn elsewhere(filter: &Filter) -> usize {
    let mut found = 0;
    filter.visit(&mut |test| {
        found += match test {
            FilterTest::Segment { filter, .. } => elsewhere(filter),
            _ => usize::from(is_elsewhere(test)),
        }
    });
    found
}

fn is_elsewhere(test: &FilterTest) -> bool {
    use mainstay::contacts::segments::language::FilterPath::{Consent, LastInbound};
    match test {
        FilterTest::Known { path, .. } | FilterTest::Moment { path, .. } => matches!(path, LastInbound | Consent(_)),
        FilterTest::Consent { .. } | FilterTest::Label { .. } | FilterTest::Window { .. } => true,
        _ => false,
    }
}

/// The tenant, the first and the last contact of its newest window.
async fn newest_window(db: &Db) -> [FilterArg; 3] {
    let tenant = TenantId::from_uuid(tenant(3));
    let mut tx = db.begin_read_as(tenant).await.unwrap();
    let everybody = parse("created is known", &belongings().catalogue, None).unwrap();
    let mut scan = Scan::begin(&mut tx, tenant, &everybody, None, now()).await.unwrap();
    assert_eq!(scan.count(&mut tx).await.unwrap(), 20_000);
    let rest = scan.rest().expect("there is more than a window");
    tx.commit().await.unwrap();
    [tenant.uuid(), rest.uuid(), Uuid::max()].map(FilterArg::Id)
}

/// Explains the statement of a window, as a tenant's reader runs it, and returns the buffers read.
async fn check_plan(db: &Db, window: &[FilterArg; 3], filter: &Filter, mode: &str, case: &str) -> i64 {
    let tenant = TenantId::from_uuid(tenant(3));
    let mut tx = db.begin_read_as(tenant).await.unwrap();
    Scan::begin(&mut tx, tenant, filter, None, now()).await.unwrap();
    let condition = FilterCondition::new(filter, true, now());
    let args: Vec<FilterArg> = window.iter().cloned().chain(condition.args).collect();
    let types: Vec<&str> = args.iter().map(type_of).collect();
    let values: Vec<String> = args.iter().map(literal).collect();
    let statement = window_statement("COUNT(*)", &condition.text);
    run(&mut tx, format!("SET LOCAL plan_cache_mode = {mode}")).await;
    run(
        &mut tx,
        format!("PREPARE looked_at ({}) AS {statement}", types.join(", ")),
    )
    .await;
    let explain = format!(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE looked_at ({})",
        values.join(", ")
    );
    let (Json(plan),): (Json<Value>,) = tx.sql(Sql::built(explain), ()).one().await.unwrap();
    run(&mut tx, "DEALLOCATE looked_at".to_owned()).await;
    tx.rollback().await.unwrap();
    let top = &plan[0]["Plan"];
    let text = plan.to_string();
    let looped = text.matches("SubPlan ").count()
        - text.matches("hashed SubPlan ").count()
        - text.matches("\"Subplan Name\":\"SubPlan ").count();
    assert_eq!(looped, 0, "a sub-plan runs for each row: {case}\n{plan:#}");
    assert!(!text.contains("Seq Scan"), "a table is read whole: {case}\n{plan:#}");
    let buffers = ["Shared Hit Blocks", "Shared Read Blocks"].map(|name| top[name].as_i64().unwrap());
    buffers.iter().sum()
}

async fn run(tx: &mut Tx, sql: String) {
    tx.sql(Sql::built(sql.clone()), ())
        .run()
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
}

fn type_of(arg: &FilterArg) -> &'static str {
    match arg {
        FilterArg::Id(_) => "UUID",
        FilterArg::Ids(_) => "UUID[]",
        FilterArg::Text(_) => "TEXT",
        FilterArg::Texts(_) => "TEXT[]",
        FilterArg::Time(_) => "TIMESTAMPTZ",
    }
}

fn literal(arg: &FilterArg) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let array = |all: Vec<String>, of: &str| format!("ARRAY[{}]::{of}[]", all.join(", "));
    match arg {
        FilterArg::Id(id) => quoted(&id.to_string()),
        FilterArg::Ids(ids) => array(ids.iter().map(|it| quoted(&it.to_string())).collect(), "UUID"),
        FilterArg::Text(text) => quoted(text),
        FilterArg::Texts(texts) => array(texts.iter().map(|it| quoted(it)).collect(), "TEXT"),
        FilterArg::Time(at) => quoted(&at.to_rfc3339()),
    }
}

fn tenant(n: u128) -> Uuid {
    Uuid::from_u128(1_000 + n)
}

/// Fills the tables. Nothing is vacuumed or analysed meanwhile.
async fn fill(db: &Db) {
    const ID: &str = "('0193' || LPAD(TO_HEX(n), 28, '0'))::UUID";
    const TENANT: &str = "LPAD(TO_HEX(1000 + n % 5), 32, '0')::UUID";
    for table in ["contacts", "contact_tags", "conversations", "contact_consents"] {
        execute(db, &format!("ALTER TABLE {table} SET (autovacuum_enabled = FALSE)")).await;
    }
    let all = format!("FROM generate_series(1, {}) n", 5 * CONTACTS);
    let contacts = format!(
        "INSERT INTO contacts (tenant_id, id, kind, name, country, language, source, fields, created_at, updated_at)
         SELECT {TENANT}, {ID}, 'person', 'Ana ' || n, CASE WHEN n % 3 = 0 THEN 'DE' ELSE 'IN' END, 'de', 'api',
            JSONB_BUILD_OBJECT('city', CASE WHEN n % 7 = 0 THEN 'Pune' ELSE 'Surat' END, 'age', (n % 90)::TEXT,
                'member', 'true', 'born', '2026-11-29', 'seen', '2026-11-29T12:34:56Z', 'grade', 'Gold'),
            TIMESTAMPTZ '2026-11-30 12:00Z' - n * INTERVAL '1 minute', NOW() {all}"
    );
    execute(db, &contacts).await;
    // For each tag, channel and consent, the share of contacts that have it, in hundredths.
    let tags = format!(
        "INSERT INTO contact_tags (tenant_id, tag_id, contact_id, created_at, created_by)
         SELECT {TENANT}, LPAD(TO_HEX(tag), 32, '0')::UUID, {ID}, NOW(), 'operator'
         {all} CROSS JOIN (VALUES (100, 62), (101, 30), (102, 10), (103, 5), (104, 1), (200, 40), (201, 3)) t (tag, share)
         WHERE (n / 5 * 7919 + tag * 17) % 100 < share ORDER BY n"
    );
    execute(db, &tags).await;
    let conversations = format!(
        "INSERT INTO conversations (tenant_id, id, channel_id, contact_id, window_expires_at, last_message_at, last_message_wamid,
            last_message_direction, last_message_type, unread_count, created_at, updated_at)
         SELECT {TENANT}, gen_random_uuid(), LPAD(TO_HEX(channel), 32, '0')::UUID, {ID},
            CASE WHEN n % 4 > 0 THEN TIMESTAMPTZ '2026-12-01 12:00Z' - n * INTERVAL '1 minute' END, NOW(), '', 'inbound', 'text', 0,
            NOW(), NOW()
         {all} CROSS JOIN (VALUES (300, 70), (301, 20)) t (channel, share)
         WHERE (n / 5 * 7907 + channel * 17) % 100 < share ORDER BY n"
    );
    execute(db, &conversations).await;
    let consents = format!(
        "INSERT INTO contact_consents (tenant_id, contact_id, purpose, channel_id, status, since, consent_id)
         SELECT {TENANT}, {ID}, purpose, '00000000-0000-0000-0000-000000000000', status, NOW(), gen_random_uuid()
         {all} CROSS JOIN (VALUES ('marketing', 'granted', 30), ('all', 'revoked', 5)) t (purpose, status, share)
         WHERE n / 5 * 7901 % 100 < share ORDER BY n"
    );
    execute(db, &consents).await;
}

async fn execute(db: &Db, sql: &str) {
    let Db::Postgres { pool, .. } = db else {
        unreachable!("the plans are PostgreSQL's")
    };
    pool.execute(AssertSqlSafe(sql))
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
}
