//! Which tables the database itself keeps apart by tenant.

use std::collections::{BTreeMap, BTreeSet};

use mainstay::tenancy;

use crate::{
    architecture::{FEATURES, module, sources},
    support::app::TestApp,
};

/// Tables with a `tenant_id` that no tenant's request reads, with the reason.
const WITHOUT: &[(&str, &str)] = &[];

/// Where a feature's transaction is not confined to one tenant, with the reason.
const UNCONFINED: &[(&str, &str)] = &[
    (
        "campaigns/dispatch.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    (
        "campaigns/preflight/run.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    (
        "contacts/import/chunk.rs",
        "a chunk takes its turn at the writer of SQLite as other background work does",
    ),
    (
        "contacts/import/ending.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    ("contacts/import/run.rs", "a job is leased by its id"),
    (
        "contacts/import/tags.rs",
        "it takes its turn at the writer of SQLite as other background work does",
    ),
    (
        "contacts/segments/recount.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    (
        "exports/run.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    ("inbound/batch.rs", "a batch has webhooks of several tenants"),
    (
        "inbound/statuses.rs",
        "orphan statuses of several tenants are joined at once",
    ),
    (
        "media/fetch.rs",
        "removals of files and the work of queues are noted in tables without tenants",
    ),
    (
        "media/media_events.rs",
        "failures of several tenants are reported at once",
    ),
    (
        "media/remove.rs",
        "removals of files are noted in a table without tenants",
    ),
    (
        "media/upload.rs",
        "removals of files are noted in a table without tenants",
    ),
    (
        "media/variants.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    (
        "messaging/accept/committer.rs",
        "a group commit has requests of several tenants",
    ),
    (
        "messaging/breaker.rs",
        "whose channel it is the statement itself finds out",
    ),
    (
        "messaging/check.rs",
        "the limit of a portfolio is that of all tenants which share it",
    ),
    (
        "messaging/conclusions/write.rs",
        "a group commit has conclusions of several tenants",
    ),
    ("messaging/daily_limit/mod.rs", "a portfolio is shared by tenants"),
    ("messaging/daily_limit/release.rs", "a portfolio is shared by tenants"),
    ("messaging/daily_limit/usage.rs", "a portfolio is shared by tenants"),
    ("messaging/reserve.rs", "a batch has sends of several tenants"),
    ("messaging/scheduled.rs", "a batch has sends of several tenants"),
    ("messaging/sendable.rs", "a batch has sends of several tenants"),
    (
        "schedule/ending.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    ("schedule/fire.rs", "a job is leased by its id"),
    ("schedule/manage.rs", "the installation's own schedules have no tenant"),
    (
        "templates/local/manage.rs",
        "that a tenant has its first templates stands in the row of the tenant",
    ),
    (
        "templates/sync.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    (
        "tenancy/channels.rs",
        "webhooks that waited for a new channel belong to nobody yet",
    ),
    ("tenancy/mod.rs", "the tenant is made here"),
    ("tenancy/quotas.rs", "the row of the tenant is locked"),
    ("tenancy/retention.rs", "the row of the tenant holds it"),
    ("tenancy/rotation.rs", "the row of the tenant holds its key"),
    ("tenancy/rules.rs", "the row of the tenant holds its rules"),
    (
        "verifications/run.rs",
        "the work of a queue is counted in a table without tenants",
    ),
    (
        "webhooks/dispatcher/result_writer.rs",
        "a group commit has results of several tenants",
    ),
    (
        "webhooks/endpoint.rs",
        "a new secret is sealed under the key in the row of the tenant",
    ),
    ("webhooks/expedite.rs", "it only wakes the dispatcher"),
    (
        "webhooks/store/deliveries/remove.rs",
        "old deliveries of all tenants are removed",
    ),
    (
        "webhooks/store/endpoints/jobs.rs",
        "a job is leased by the id of its endpoint",
    ),
];

#[test]
fn a_transaction_is_confined_to_its_tenant_or_has_a_reason() {
    const BEGINNINGS: &[&str] = &[".begin()", ".transaction(", ".background_transaction("];
    let mut unconfined = BTreeSet::new();
    for (path, text) in sources() {
        let within = path.components().any(|it| it.as_os_str() == "tests")
            || !FEATURES.iter().any(|(name, _)| *name == module(&path));
        let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        if !within && BEGINNINGS.iter().any(|beginning| text.contains(beginning)) {
            unconfined.insert(path.to_string_lossy().into_owned());
        }
    }
    let listed: BTreeSet<String> = UNCONFINED.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(
        unconfined, listed,
        "left: files with a transaction that is not begun as a tenant; right: those that have a reason"
    );
}

/// Rows of another tenant cannot be changed by a statement that forgot to name its own.
#[tokio::test]
async fn a_forgotten_condition_changes_nothing_of_another_tenant() {
    let test = TestApp::postgres().await;
    let (rival, _) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    let mut tx = test.app.db.begin_as(test.tenant).await.unwrap();
    let changed = tx.sql("UPDATE api_keys SET name = 'mine'", ()).run().await.unwrap();
    tx.commit().await.unwrap();
    const RIVALS: &str = "SELECT COUNT(*) FROM api_keys WHERE tenant_id = $1 AND name = 'mine'";
    let (taken,): (i64,) = test.app.db.sql(RIVALS, (rival.id,)).one().await.unwrap();
    assert_eq!((changed > 0, taken), (true, 0));
}

#[tokio::test]
async fn every_table_with_a_tenant_is_kept_apart_or_has_a_reason() {
    let test = TestApp::postgres().await;
    const SQL: &str = "
        SELECT c.relname::text, c.relrowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        ORDER BY c.relname";
    let tables: BTreeMap<String, bool> = {
        let rows: Vec<(String, bool)> = test.app.db.sql(SQL, ()).all().await.unwrap();
        rows.into_iter().collect()
    };
    assert!(tables.len() > 20, "the tables were not found");
    let open: BTreeSet<&str> = tables
        .iter()
        .filter(|(_, apart)| !**apart)
        .map(|(table, _)| table.as_str())
        .collect();
    let listed: BTreeSet<&str> = WITHOUT.iter().map(|(table, _)| *table).collect();
    assert_eq!(
        open, listed,
        "left: tables without a policy; right: those that have a reason"
    );
}
