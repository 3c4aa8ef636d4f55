//! Contacts with tags, custom fields and conversations; by SQL, since only what they are matters.

use chrono::{DateTime, Utc};

use super::super::numbers::NumbersSql;
use crate::{
    contacts::{
        ContactService,
        fields::{self, FieldDraft},
        tags,
    },
    db::{Args, Db, Result, Sql},
    domain::{ChannelId, Ctx, FieldType, TagId, TagKind, TenantId},
};

/// Tags, and the share of contacts that have each, in hundredths.
const SHARES: [i64; 20] = [60, 40, 25, 20, 15, 10, 10, 8, 5, 5, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1];
/// Custom fields: five texts and five numbers.
const FIELDS: usize = 10;
/// Contacts that one statement inserts.
const CHUNK: i64 = 100_000;

/// What the contacts belong to.
pub(super) struct BenchContacts {
    pub db: Db,
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub tags: Vec<TagId>,
    pub now: DateTime<Utc>,
}

impl BenchContacts {
    /// Makes the tags `t0` to `t19`, and the fields `f0` to `f9`.
    pub async fn begin(contacts: &ContactService, tenant: TenantId, channel: ChannelId) -> anyhow::Result<Self> {
        let ctx = Ctx::operator(tenant);
        let mut made = Vec::new();
        for n in 0..SHARES.len() {
            made.push(
                tags::create(contacts, &ctx, TagKind::Contact, &format!("t{n}"), None)
                    .await?
                    .id,
            );
        }
        for n in 0..FIELDS {
            let draft = FieldDraft {
                key: format!("f{n}"),
                label: None,
                kind: if n % 2 == 0 { FieldType::Text } else { FieldType::Number },
                choices: Vec::new(),
                position: None,
            };
            fields::create(contacts, &ctx, draft).await?;
        }
        Ok(Self {
            db: contacts.db.clone(),
            tenant,
            channel,
            tags: made,
            now: contacts.clock.now(),
        })
    }

    /// Inserts the contacts of these numbers, from the first until before the end.
    pub async fn insert(&self, from: i64, end: i64) -> Result<()> {
        for first in (from..end).step_by(CHUNK as usize) {
            self.insert_chunk(first, (first + CHUNK).min(end)).await?;
        }
        if self.db.is_postgres() {
            self.db.sql("VACUUM ANALYZE", ()).run().await?;
        }
        Ok(())
    }

    async fn insert_chunk(&self, first: i64, end: i64) -> Result<()> {
        let postgres = self.db.is_postgres();
        let NumbersSql {
            with,
            from: numbers,
            id,
        } = NumbersSql::new(postgres);
        let object = if postgres { "JSONB_BUILD_OBJECT" } else { "JSON_OBJECT" };
        let text = |n: i64| {
            if postgres {
                format!("(n % {n})::TEXT")
            } else {
                format!("CAST(n % {n} AS TEXT)")
            }
        };
        let members: Vec<String> = (0..FIELDS as i64)
            .map(|k| format!("'f{k}', {}", text(7 + 10 * k)))
            .collect();
        let contacts = format!(
            "{with}INSERT INTO contacts (tenant_id, id, kind, name, given_name, country, language, source, fields, created_at, updated_at)
             SELECT $3, {id}, 'person', 'Customer ' || n, CASE WHEN n % 3 = 0 THEN 'Ana' END,
                CASE WHEN n % 10 < 3 THEN 'DE' ELSE 'IN' END, 'de', 'import', {object}({}), $4, $4 {numbers} WHERE TRUE",
            members.join(", ")
        );
        self.run(contacts, (first, end, self.tenant, self.now)).await?;
        for (tag, share) in self.tags.iter().zip(SHARES) {
            let tagged = format!(
                "{with}INSERT INTO contact_tags (tenant_id, tag_id, contact_id, created_at, created_by)
                 SELECT $3, $4, {id}, $5, 'operator' {numbers} WHERE n * 7919 % 100 < {share}"
            );
            self.run(tagged, (first, end, self.tenant, *tag, self.now)).await?;
        }
        let talks = format!(
            "{with}INSERT INTO conversations (tenant_id, id, channel_id, contact_id, window_expires_at, last_message_at,
                last_message_wamid, last_message_direction, last_message_type, unread_count, created_at, updated_at)
             SELECT $3, {id}, $4, {id}, $5, $5, '', 'inbound', 'text', 0, $5, $5 {numbers} WHERE n % 2 = 0"
        );
        self.run(talks, (first, end, self.tenant, self.channel, self.now)).await
    }

    async fn run(&self, sql: String, args: impl Args) -> Result<()> {
        self.db.sql(Sql::built(sql), args).run().await.map(drop)
    }
}
