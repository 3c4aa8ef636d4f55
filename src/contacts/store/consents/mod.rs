//! The consent ledger and the states computed from it.

mod confirm;
mod revoked;
mod shown;
mod standing;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub(crate) use confirm::confirm;
pub(crate) use revoked::{marketing_stopped, revoked};
pub(crate) use shown::{ConsentRecord, PresentConsent, list, present};
pub(crate) use standing::{refusing_marketing, without_opt_in};

use crate::{
    clock::Clock,
    contacts::consent::{
        NewConsent,
        rule::{ConsentEntry, ConsentState},
    },
    db::{On, Result, Rows, Tx},
    domain::{ChannelId, ConsentId, ConsentPurpose, ConsentStatus, ContactId, Id, TenantId},
    records::contacts::ContactMerge,
};

/// What a state is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConsentKey {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub purpose: ConsentPurpose,
    /// `None` is all channels.
    pub channel: Option<ChannelId>,
}

impl ConsentKey {
    pub fn of(it: &NewConsent) -> Self {
        Self {
            tenant: it.tenant,
            contact: it.contact,
            purpose: it.purpose,
            channel: it.channel,
        }
    }

    fn row(&self) -> (Uuid, Uuid, String, Uuid) {
        (
            self.tenant.uuid(),
            self.contact.uuid(),
            self.purpose.as_str().to_owned(),
            stored_channel(self.channel),
        )
    }
}

/// Returns the id that stands for a channel; the nil UUID stands for all.
fn stored_channel(channel: Option<ChannelId>) -> Uuid {
    channel.map_or(Uuid::nil(), |it| it.uuid())
}

fn channel(stored: ChannelId) -> Option<ChannelId> {
    Some(stored).filter(|it| !it.uuid().is_nil())
}

/// A row of the ledger to insert.
pub(crate) struct ConsentRow {
    id: ConsentId,
    of: NewConsent,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
}

impl ConsentRow {
    pub fn new(clock: &Clock, of: NewConsent, now: DateTime<Utc>) -> Self {
        Self {
            id: clock.new_id(),
            occurred_at: of.occurred_at.min(now),
            recorded_at: now,
            of,
        }
    }
}

/// Appends rows, without those whose message or row of an import is recorded already.
pub(crate) async fn append(on: On<'_>, rows: &[ConsentRow]) -> Result<u64> {
    const SQL: &str = r#"
        WITH r (tenant_id, id, contact_id, purpose, channel_id, status, source, lifts, occurred_at, recorded_at, evidence, message_id,
            import_id, import_row, created_by) AS ({rows})
        INSERT INTO consents (tenant_id, id, contact_id, purpose, channel_id, status, source, "override", occurred_at, recorded_at,
            evidence, message_id, import_id, import_row, created_by)
        SELECT tenant_id, id, contact_id, purpose, channel_id, status, source, lifts, occurred_at, recorded_at, evidence, message_id,
            import_id, import_row, created_by
        FROM r
        WHERE true
        ON CONFLICT DO NOTHING"#;
    let row = |it: &ConsentRow| {
        let (tenant, contact, purpose, channel) = ConsentKey::of(&it.of).row();
        let of = &it.of;
        (
            tenant,
            it.id.uuid(),
            contact,
            purpose,
            channel,
            of.status.as_str().to_owned(),
            of.source.as_str().to_owned(),
            of.lifts,
            it.occurred_at,
            it.recorded_at,
            of.evidence.as_ref().map(ToString::to_string),
            of.message.map(|it| it.uuid()),
            of.import.map(|(id, _)| id.uuid()),
            of.import.map(|(_, row)| row),
            of.by.to_string(),
        )
    };
    Rows::new(SQL, rows.iter().map(row).collect()).run(on).await
}

#[derive(sqlx::FromRow)]
struct StatementRow {
    tenant_id: TenantId,
    contact_id: ContactId,
    purpose: ConsentPurpose,
    channel_id: ChannelId,
    #[sqlx(flatten)]
    statement: ConsentEntry,
}

/// Reads all statements about these keys.
pub(crate) async fn statements(on: On<'_>, keys: &[ConsentKey]) -> Result<Vec<(ConsentKey, ConsentEntry)>> {
    const SQL: &str = r#"
        WITH r (tenant_id, contact_id, purpose, channel_id) AS ({rows})
        SELECT c.tenant_id, c.contact_id, c.purpose, c.channel_id, c.id, c.status, c.source, c."override", c.occurred_at
        FROM r CROSS JOIN consents c
        WHERE c.tenant_id = r.tenant_id AND c.contact_id = r.contact_id AND c.purpose = r.purpose AND c.channel_id = r.channel_id"#;
    let found: Vec<StatementRow> = Rows::new(SQL, keys.iter().map(ConsentKey::row).collect())
        .all(on)
        .await?;
    let keyed = |it: StatementRow| {
        let key = ConsentKey {
            tenant: it.tenant_id,
            contact: it.contact_id,
            purpose: it.purpose,
            channel: channel(it.channel_id),
        };
        (key, it.statement)
    };
    Ok(found.into_iter().map(keyed).collect())
}

#[derive(sqlx::FromRow)]
struct StateRow {
    tenant_id: TenantId,
    contact_id: ContactId,
    purpose: ConsentPurpose,
    channel_id: ChannelId,
    status: ConsentStatus,
    since: DateTime<Utc>,
    consent_id: ConsentId,
}

/// Reads the states of these keys.
pub(crate) async fn states(on: On<'_>, keys: &[ConsentKey]) -> Result<HashMap<ConsentKey, ConsentState>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id, purpose, channel_id) AS ({rows})
        SELECT k.tenant_id, k.contact_id, k.purpose, k.channel_id, k.status, k.since, k.consent_id
        FROM r CROSS JOIN contact_consents k
        WHERE k.tenant_id = r.tenant_id AND k.contact_id = r.contact_id AND k.purpose = r.purpose AND k.channel_id = r.channel_id";
    let found: Vec<StateRow> = Rows::new(SQL, keys.iter().map(ConsentKey::row).collect())
        .all(on)
        .await?;
    let keyed = |it: StateRow| {
        let key = ConsentKey {
            tenant: it.tenant_id,
            contact: it.contact_id,
            purpose: it.purpose,
            channel: channel(it.channel_id),
        };
        let state = ConsentState {
            status: it.status,
            since: it.since,
            decided_by: it.consent_id,
        };
        (key, state)
    };
    Ok(found.into_iter().map(keyed).collect())
}

/// Writes states. When it was confirmed to the contact is kept while the status is the same.
pub(crate) async fn set_states(on: On<'_>, states: &[(ConsentKey, ConsentState)]) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id, purpose, channel_id, status, since, consent_id) AS ({rows})
        INSERT INTO contact_consents (tenant_id, contact_id, purpose, channel_id, status, since, consent_id)
        SELECT tenant_id, contact_id, purpose, channel_id, status, since, consent_id FROM r
        WHERE true
        ON CONFLICT (tenant_id, contact_id, purpose, channel_id) DO UPDATE
        SET status = excluded.status, since = excluded.since, consent_id = excluded.consent_id,
            confirmed_at = CASE WHEN contact_consents.status = excluded.status THEN contact_consents.confirmed_at END";
    let row = |(key, state): &(ConsentKey, ConsentState)| {
        let (tenant, contact, purpose, channel) = key.row();
        (
            tenant,
            contact,
            purpose,
            channel,
            state.status.as_str().to_owned(),
            state.since,
            state.decided_by.uuid(),
        )
    };
    Rows::new(SQL, states.iter().map(row).collect()).run(on).await
}

/// Gives all statements of a merged contact to the other one, and deletes the states of the one. Returns what statements there are about.
pub(crate) async fn move_statements(
    tx: &mut Tx,
    ContactMerge { tenant, from, into }: ContactMerge,
) -> Result<Vec<ConsentKey>> {
    const MOVE: &str = "
        UPDATE consents SET contact_id = $3 WHERE tenant_id = $1 AND contact_id = $2 RETURNING purpose, channel_id";
    const DELETE: &str = "DELETE FROM contact_consents WHERE tenant_id = $1 AND contact_id = $2";
    let moved: Vec<(ConsentPurpose, ChannelId)> = tx.sql(MOVE, (tenant, from, into)).all().await?;
    tx.sql(DELETE, (tenant, from)).run().await?;
    let key = |(purpose, stored): (ConsentPurpose, ChannelId)| ConsentKey {
        tenant,
        contact: into,
        purpose,
        channel: channel(stored),
    };
    Ok(moved
        .into_iter()
        .map(key)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect())
}
