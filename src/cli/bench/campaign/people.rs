//! The people of the campaign benchmark: contacts with phone numbers; by SQL, since only what they are matters.

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::{numbers::NumbersSql, send::SendBench};
use crate::{
    db::{Args, Db, Result, Sql},
    domain::{TagId, TenantId},
};

/// The tag of all, and that of few.
pub(super) const ALL: &str = "all";
pub(super) const FEW: &str = "few";
/// Contacts that one statement inserts.
const CHUNK: i64 = 100_000;

/// Makes `count` contacts, of whom the first `few` have both tags.
pub(super) async fn insert(bench: &SendBench, count: i64, few: i64) -> anyhow::Result<()> {
    let (db, clock, tenant) = (&bench.registry.db, &bench.registry.clock, bench.tenant);
    let mut tagged: Vec<(TagId, i64)> = Vec::new();
    for (name, most) in [(ALL, count), (FEW, few)] {
        let tag = bench.post("tags", &json!({ "name": name })).await?;
        let id = tag["id"].as_str().context("the tag has no id")?;
        tagged.push((id.parse()?, most));
    }
    for first in (0..count).step_by(CHUNK as usize) {
        let numbers = (first, (first + CHUNK).min(count));
        chunk(db, tenant, numbers, &tagged, clock.now()).await?;
    }
    if db.is_postgres() {
        db.sql("VACUUM ANALYZE", ()).run().await?;
    }
    Ok(())
}

async fn chunk(
    db: &Db,
    tenant: TenantId,
    (first, end): (i64, i64),
    tagged: &[(TagId, i64)],
    now: DateTime<Utc>,
) -> Result<()> {
    let NumbersSql { with, from, id } = NumbersSql::new(db.is_postgres());
    let digits = match db.is_postgres() {
        true => "LPAD(n::TEXT, 8, '0')",
        false => "PRINTF('%08d', n)",
    };
    let contacts = format!(
        "{with}INSERT INTO contacts (tenant_id, id, kind, name, country, language, source, created_at, updated_at)
         SELECT $3, {id}, 'person', 'Customer ' || n, 'DE', 'de', 'import', $4, $4 {from} WHERE TRUE"
    );
    run(db, contacts, (first, end, tenant, now)).await?;
    let identities = format!(
        "{with}INSERT INTO contact_identities (tenant_id, kind, value, contact_id, created_at)
         SELECT $3, 'phone', '4917' || {digits}, {id}, $4 {from} WHERE TRUE"
    );
    run(db, identities, (first, end, tenant, now)).await?;
    for (tag, most) in tagged {
        let tags = format!(
            "{with}INSERT INTO contact_tags (tenant_id, tag_id, contact_id, created_at, created_by)
             SELECT $3, $4, {id}, $5, 'operator' {from} WHERE n < $6"
        );
        run(db, tags, (first, end, tenant, *tag, now, *most)).await?;
    }
    Ok(())
}

async fn run(db: &Db, sql: String, args: impl Args) -> Result<()> {
    db.sql(Sql::built(sql), args).run().await.map(drop)
}
