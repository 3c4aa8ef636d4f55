//! The fingerprint of the master key that the stored secrets are sealed under.

use chrono::{DateTime, Utc};

use crate::db::{On, Result};

/// Returns the fingerprint; `None` before it was first noted.
pub async fn find(on: On<'_>) -> Result<Option<Vec<u8>>> {
    const SQL: &str = "SELECT fingerprint FROM master_key WHERE id = 1";
    let found: Option<(Vec<u8>,)> = on.sql(SQL, ()).opt().await?;
    Ok(found.map(|(fingerprint,)| fingerprint))
}

/// Notes the fingerprint unless there is one.
pub async fn note(on: On<'_>, fingerprint: [u8; 32], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO master_key (id, fingerprint, noted_at) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING";
    on.sql(SQL, (fingerprint.to_vec(), now)).run().await
}

/// Replaces the fingerprint.
pub async fn replace(on: On<'_>, fingerprint: [u8; 32], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO master_key (id, fingerprint, noted_at) VALUES (1, $1, $2)
        ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, noted_at = excluded.noted_at";
    on.sql(SQL, (fingerprint.to_vec(), now)).run().await
}
