use uuid::Uuid;

use crate::db::{On, Result};

/// The state of a recent event with these exact bytes. Reads every event since the given id, so that should be close by.
pub async fn state_by_digest(on: impl Into<On<'_>>, since: Uuid, digest: [u8; 32]) -> Result<Option<String>> {
    const SQL: &str = "SELECT state FROM raw_events WHERE id >= $1 AND digest = $2 LIMIT 1";
    let found: Option<(String,)> = on.into().sql(SQL, (since, digest.to_vec())).opt().await?;
    Ok(found.map(|(state,)| state))
}
