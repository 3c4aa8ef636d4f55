use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{Db, On, Result, Rows},
    domain::{AppSecretId, Id, RawEventId, TenantId},
};

/// A webhook to store.
#[derive(Clone, Debug)]
pub struct NewRawEvent {
    pub id: RawEventId,
    pub received_at: DateTime<Utc>,
    /// The tenant whose app secret signed it; `None` for the operator's.
    pub signer: Option<TenantId>,
    /// The tenant's app secret that signed it.
    pub app_secret: Option<AppSecretId>,
    /// SHA-256 of the body.
    pub digest: [u8; 32],
    pub body: Bytes,
}

/// Inserts the events, due at once, and returns when the commit is on disk.
pub async fn insert(db: &Db, events: &[NewRawEvent]) -> Result<()> {
    const SQL: &str = "
        WITH r (id, received_at, signer, app_secret_id, digest, body) AS ({rows})
        INSERT INTO raw_events (id, received_at, due_at, signer, app_secret_id, digest, body)
        SELECT id, received_at, received_at, signer, app_secret_id, digest, body FROM r";
    write(db, SQL, events).await
}

/// Like [`insert`], after an attempt that may have committed: stored events stay as they are.
pub async fn insert_again(db: &Db, events: &[NewRawEvent]) -> Result<()> {
    const SQL: &str = "
        WITH r (id, received_at, signer, app_secret_id, digest, body) AS ({rows})
        INSERT INTO raw_events (id, received_at, due_at, signer, app_secret_id, digest, body)
        SELECT id, received_at, received_at, signer, app_secret_id, digest, body FROM r
        WHERE true
        ON CONFLICT (id) DO NOTHING";
    write(db, SQL, events).await
}

/// Writes all events in one commit. A single statement is its own transaction.
async fn write(db: &Db, sql: &'static str, events: &[NewRawEvent]) -> Result<()> {
    let row = |event: &NewRawEvent| {
        let signer: Option<Uuid> = event.signer.map(Id::uuid);
        let app_secret: Option<Uuid> = event.app_secret.map(Id::uuid);
        (
            event.id.uuid(),
            event.received_at,
            signer,
            app_secret,
            event.digest.to_vec(),
            event.body.to_vec(),
        )
    };
    let rows = Rows::new(sql, events.iter().map(row).collect()).exact();
    if !rows.is_split(db.is_postgres()) {
        rows.run(db.writer()).await?;
        return Ok(());
    }
    let mut tx = db.begin().await?;
    rows.run(tx.on()).await?;
    tx.commit().await
}

/// Checks that the database answers.
pub async fn probe(on: On<'_>) -> Result<()> {
    on.sql("SELECT 1", ()).run().await.map(drop)
}
