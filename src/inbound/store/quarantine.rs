//! Quarantine: raw events of phone numbers and accounts that no tenant has added. They are processed once one does.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::{On, Result, Rows};

/// Returns the subject of a phone number id.
pub fn number(phone_number_id: &str) -> String {
    format!("phone_number:{phone_number_id}")
}

/// Returns the subject of a WhatsApp Business Account.
pub fn waba(waba_id: &str) -> String {
    format!("waba:{waba_id}")
}

/// Adds entries of subject, raw event and time.
pub async fn put(on: On<'_>, entries: Vec<(String, Uuid, DateTime<Utc>)>) -> Result<()> {
    const SQL: &str = "
        WITH r (subject, raw_event_id, quarantined_at) AS ({rows})
        INSERT INTO quarantine (subject, raw_event_id, quarantined_at)
        SELECT subject, raw_event_id, quarantined_at FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    Rows::new(SQL, entries).run(on).await.map(drop)
}

/// Makes the events of these subjects due and removes the subjects. Returns the number of events.
pub async fn release(mut on: On<'_>, subjects: &[String], now: DateTime<Utc>) -> Result<u64> {
    const TAKE: &str = "
        WITH r (subject) AS ({rows})
        DELETE FROM quarantine WHERE subject IN (SELECT subject FROM r) RETURNING raw_event_id";
    const WAKE: &str = "
        WITH r (id, now) AS ({rows})
        UPDATE raw_events SET state = 'pending', due_at = r.now, attempts = 0, last_error = NULL, finished_at = NULL
        FROM r
        WHERE raw_events.id = r.id AND raw_events.state IN ('quarantined', 'done')";
    let taken: Vec<(Uuid,)> = Rows::new(TAKE, subjects.iter().map(|subject| (subject.clone(),)).collect())
        .all(on.reborrow())
        .await?;
    Rows::new(WAKE, taken.into_iter().map(|(id,)| (id, now)).collect())
        .run(on)
        .await
}

/// A subject, the number of its events, and the time of the first.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct QuarantinedSubject {
    pub subject: String,
    pub events: i64,
    pub since: DateTime<Utc>,
}

/// Lists the subjects, the oldest first.
pub async fn list(on: On<'_>, limit: i64) -> Result<Vec<QuarantinedSubject>> {
    const SQL: &str = "
        SELECT subject, COUNT(*) AS events, MIN(quarantined_at) AS since
        FROM quarantine
        GROUP BY subject
        ORDER BY MIN(quarantined_at), subject
        LIMIT $1";
    on.sql(SQL, (limit,)).all().await
}

/// Returns subjects that have a channel in use: it was added while their event was being processed.
pub(crate) async fn with_channel(on: On<'_>) -> Result<Vec<(String,)>> {
    const SQL: &str = "
        SELECT DISTINCT q.subject
        FROM quarantine q
        JOIN channels c ON c.provider = 'meta' AND c.archived_at IS NULL
            AND (q.subject = 'phone_number:' || c.external_id OR q.subject = 'waba:' || c.waba_id)";
    on.sql(SQL, ()).all().await
}
