//! Which tables the database itself keeps apart by tenant.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::app::TestApp;

/// Tables with a `tenant_id` that no tenant's request reads, with the reason.
const WITHOUT: &[(&str, &str)] = &[];

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
