use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{Db, On, Result, Rows},
    domain::{AppSecretId, Id, RawEventId, TenantId},
};

/// A webhook about to be stored.
#[derive(Clone, Debug)]
pub struct NewRawEvent {
    pub id: RawEventId,
    pub received_at: DateTime<Utc>,
    /// The tenant whose own secret signed it; `None` for the operator's.
    pub signer: Option<TenantId>,
    /// The secret, where it was a tenant's.
    pub app_secret: Option<AppSecretId>,
    /// SHA-256 of the body.
    pub digest: [u8; 32],
    pub body: Bytes,
}

/// Stores the events and returns when they are on disk. Each wants work from the moment it was received.
pub async fn insert(db: &Db, events: &[NewRawEvent]) -> Result<()> {
    const SQL: &str = "
        WITH r (id, received_at, signer, app_secret_id, digest, body) AS ({rows})
        INSERT INTO raw_events (id, received_at, due_at, signer, app_secret_id, digest, body)
        SELECT id, received_at, received_at, signer, app_secret_id, digest, body FROM r";
    write(db, SQL, events).await
}

/// The same when an earlier attempt may have committed after all: an event already stored stays as it is.
pub async fn insert_again(db: &Db, events: &[NewRawEvent]) -> Result<()> {
    const SQL: &str = "
        WITH r (id, received_at, signer, app_secret_id, digest, body) AS ({rows})
        INSERT INTO raw_events (id, received_at, due_at, signer, app_secret_id, digest, body)
        SELECT id, received_at, received_at, signer, app_secret_id, digest, body FROM r
        WHERE true
        ON CONFLICT (id) DO NOTHING";
    write(db, SQL, events).await
}

/// One commit for all of them. Where one statement takes them all, it is its own transaction.
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
        rows.run(db).await?;
        return Ok(());
    }
    let mut tx = db.begin().await?;
    rows.run(&mut tx).await?;
    tx.commit().await
}

/// Whether the database answers at all.
pub async fn probe(on: impl Into<On<'_>>) -> Result<()> {
    on.into().sql("SELECT 1", ()).run().await.map(drop)
}
