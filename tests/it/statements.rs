//! The statements of records and stores, as far as the databases can judge them without data.

use std::path::PathBuf;

use mainstay::db::{Db, Sql};
use mainstay_test_macros::both_databases;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

use crate::{
    architecture::{module, sources},
    support::app::TestApp,
};

#[both_databases]
async fn every_statement_of_the_store_prepares(test: TestApp) {
    let statements = statements(&test.app.db);
    assert!(
        statements.len() > 100,
        "only {} statements were found",
        statements.len()
    );
    for (path, name, sql) in statements {
        let result = prepare(&test.app.db, &sql).await;
        assert!(
            result.is_ok(),
            "{} {name}: {}\n{sql}",
            path.display(),
            result.unwrap_err()
        );
    }
}

/// The statements that this database is to understand: file, name and text.
fn statements(db: &Db) -> Vec<(PathBuf, String, String)> {
    let other = if db.is_postgres() { "SQLITE" } else { "POSTGRES" };
    let mut found = Vec::new();
    for (path, text) in sources() {
        // Tests have tables of their own.
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        let is_store = path.components().any(|part| part.as_os_str() == "store");
        let holds_sql = is_store || ["records", "queue", "housekeeping"].contains(&module(&path).as_str());
        if !is_test && holds_sql {
            let ours = constants(&text).into_iter().filter(|(name, _)| !name.contains(other));
            let complete = ours.filter_map(|(name, sql)| Some((path.clone(), name, complete(&sql, db)?)));
            found.extend(complete);
        }
    }
    found
}

/// The text constants of a file that look like SQL. What is put together from several texts is left to the tests that run it.
fn constants(text: &str) -> Vec<(String, String)> {
    let words = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
    text.split("const ")
        .skip(1)
        .filter_map(|rest| {
            let (name, rest) = rest.split_once(": &str =")?;
            let sql = match rest.trim_start().strip_prefix("concat!(") {
                Some(pieces) => joined(pieces.split_once(");")?.0)?,
                None => rest.trim_start().strip_prefix('"')?.split_once("\";")?.0.to_owned(),
            };
            let sql = sql.replace("\\\n", " ");
            let is_sql = name.len() < 40 && words.iter().any(|word| sql.trim_start().starts_with(word));
            is_sql.then(|| (name.to_owned(), sql))
        })
        .collect()
}

/// Joins the pieces of a text, of which some are columns of contacts.
fn joined(pieces: &str) -> Option<String> {
    let without = pieces.replace("contact_columns!()", "\"c.*\"");
    let texts: Vec<&str> = without.split('"').collect();
    let between = texts.iter().step_by(2);
    let is_all = between.clone().all(|it| it.trim().trim_matches(',').trim().is_empty());
    is_all.then(|| texts.iter().skip(1).step_by(2).copied().collect())
}

/// Fills what is filled at run time. Rows on PostgreSQL are arrays, whose types only the program knows: the suite runs those.
fn complete(sql: &str, db: &Db) -> Option<String> {
    // A recurring queue has more columns than others.
    let recurring = ["{key}", "{rests}", "requested_at"].iter().any(|it| sql.contains(it));
    let mut sql = sql
        .replace("{key}", "id")
        .replace("{name}", "")
        .replace("{value}", "")
        .replace("{rests}", "FALSE")
        .replace("{kind}", "")
        .replace("{t}", if recurring { "channel_checks" } else { "raw_events" })
        .replace("{lane}", "1")
        .replace("{+}", if db.is_postgres() { "" } else { "+" });
    if sql.contains("{rows}") {
        if db.is_postgres() {
            return None;
        }
        let columns = sql.split_once('(')?.1.split_once(')')?.0.split(',').count();
        let row = format!("VALUES ({})", vec!["?"; columns].join(","));
        // What stands in braces beside is how SQLite finds rows by their key.
        sql = sql.replace("{rows}", &row).replace(['{', '}'], "");
    }
    (!sql.contains('{')).then_some(sql)
}

async fn prepare(db: &Db, sql: &str) -> sqlx::Result<()> {
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    match db {
        Db::Sqlite { write, .. } => write.acquire().await?.prepare(sql).await.map(drop),
        Db::Postgres { pool, .. } => pool.acquire().await?.prepare(sql).await.map(drop),
    }
}

#[both_databases]
async fn a_statement_with_too_few_arguments_is_refused(test: TestApp) {
    let result = test
        .app
        .db
        .sql(Sql::from("SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT)"), (1i64,))
        .run()
        .await;
    assert!(result.is_err());
}

/// Tables that grow with what an installation does; the others hold what its operators entered.
const GREAT: &[&str] = &[
    "campaign_recipients",
    "campaign_rows",
    "consents",
    "contact_consents",
    "contact_identities",
    "contact_tags",
    "contacts",
    "conversations",
    "deliveries",
    "delivery_attempts",
    "events",
    "idempotency_keys",
    "import_errors",
    "media",
    "media_files",
    "message_statuses",
    "messages",
    "number_checks",
    "portfolio_recipients",
    "raw_events",
    "send_attempts",
    "sends",
    "verification_items",
];

/// Without statistics, SQLite is as likely to read a great table whole as not. What does so on purpose is named here.
const WHOLE: &[(&str, &str)] = &[
    ("records/tally.rs", "counts everything, and says so"),
    ("queue/admin/jobs.rs", "the beginning of texts that go on at run time"),
];

#[tokio::test]
async fn no_statement_reads_a_great_table_whole() {
    let test = TestApp::sqlite().await;
    let Db::Sqlite { write, .. } = &test.app.db else {
        unreachable!("it was opened as SQLite")
    };
    const PARTIAL: &str = "SELECT name FROM sqlite_master WHERE type = 'index' AND INSTR(sql, 'WHERE') > 0";
    let partial: Vec<String> = sqlx::query_scalar(PARTIAL).fetch_all(write).await.unwrap();
    let mut found = Vec::new();
    for (path, name, sql) in statements(&test.app.db) {
        if WHOLE.iter().any(|(exempt, _)| path.ends_with(exempt)) {
            continue;
        }
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let steps: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(AssertSqlSafe(explain)).fetch_all(write).await.unwrap();
        let is_sorted = !steps.iter().any(|step| step.3 == "USE TEMP B-TREE FOR ORDER BY");
        let whole = steps
            .iter()
            .filter(|step| reads_whole(&step.3, &sql, is_sorted, &partial));
        found.extend(whole.map(|step| format!("{} {name}: {}", path.display(), step.3)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a step of a plan goes through all rows of a great table, or all of a tenant's, where nobody asked for an order that its index has
/// (a plan is not sorted if it sorts the rows that it found). A partial index holds only rows that are looked for.
fn reads_whole(step: &str, sql: &str, is_sorted: bool, partial: &[String]) -> bool {
    let words: Vec<&str> = step.split(' ').collect();
    let index = step.split_once("INDEX ").and_then(|(_, rest)| rest.split(' ').next());
    let sorted = is_sorted && index.is_some() && ["ORDER BY", "MAX(", "MIN("].iter().any(|word| sql.contains(word));
    let few = index.is_some_and(|index| partial.iter().any(|it| it == index));
    let whole = words[0] == "SCAN" || step.ends_with("(tenant_id=?)");
    words.len() > 1 && GREAT.contains(&named(words[1], sql)) && whole && !sorted && !few
}

/// The table that goes by this name in the text.
fn named<'a>(alias: &'a str, sql: &'a str) -> &'a str {
    let words: Vec<&str> = sql
        .split_whitespace()
        .map(|word| word.trim_matches([',', '(', ')']))
        .collect();
    let pair = words
        .windows(2)
        .find(|pair| pair[1] == alias && GREAT.contains(&pair[0]));
    pair.map_or(alias, |pair| pair[0])
}
