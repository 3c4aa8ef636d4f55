//! What is stored of a tenant, told without ids and times of storing: two histories that mean the same look the same.

use std::collections::BTreeMap;

use mainstay::{db::Db, domain::TenantId};

/// Everything a reader could see, as sorted lines.
pub async fn snapshot(db: &Db, tenant: TenantId) -> Vec<String> {
    let people = people(db, tenant).await;
    let mut lines: Vec<String> = people.values().map(|person| format!("contact {person}")).collect();
    type Conversation = (
        uuid::Uuid,
        String,
        String,
        Option<String>,
        i64,
        Option<chrono::DateTime<chrono::Utc>>,
    );
    const CONVERSATIONS: &str = "
        SELECT contact_id, last_message_wamid, last_message_type, last_message_text, unread_count, window_expires_at
        FROM conversations WHERE tenant_id = $1";
    let rows: Vec<Conversation> = db.sql(CONVERSATIONS, (tenant,)).all().await.unwrap();
    for (contact, wamid, kind, text, unread, window) in rows {
        let window = window.map(|at| at.timestamp());
        lines.push(format!(
            "conversation with {}: {wamid} {kind} {text:?} unread {unread} until {window:?}",
            people[&contact]
        ));
    }
    type Message = (
        String,
        String,
        String,
        String,
        Option<String>,
        uuid::Uuid,
        Option<i64>,
        String,
    );
    const MESSAGES: &str = "
        SELECT m.wamid, m.type, m.direction, m.status, m.text, c.contact_id, m.error_code,
            CASE WHEN m.edited_at IS NULL THEN '' ELSE ' edited' END || CASE WHEN m.revoked_at IS NULL THEN '' ELSE ' revoked' END
        FROM messages m JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
        WHERE m.tenant_id = $1";
    let rows: Vec<Message> = db.sql(MESSAGES, (tenant,)).all().await.unwrap();
    for (wamid, kind, direction, status, text, contact, error, changed) in rows {
        let person = &people[&contact];
        lines.push(format!(
            "message {wamid} {kind} {direction} {status} {text:?} {error:?}{changed} with {person}"
        ));
    }
    const STATUSES: &str = "
        SELECT wamid, status, occurred_at, CASE WHEN message_id IS NULL THEN 'waits' ELSE 'joined' END
        FROM message_statuses WHERE tenant_id = $1";
    let rows: Vec<(String, String, chrono::DateTime<chrono::Utc>, String)> =
        db.sql(STATUSES, (tenant,)).all().await.unwrap();
    lines.extend(
        rows.into_iter()
            .map(|(wamid, status, at, joined)| format!("status {wamid} {status} {at} {joined}")),
    );
    lines.sort();
    lines
}

async fn people(db: &Db, tenant: TenantId) -> BTreeMap<uuid::Uuid, String> {
    const SQL: &str = "
        SELECT c.id, c.name, i.kind, i.value, CASE WHEN i.retired_at IS NULL THEN '' ELSE ' (given up)' END
        FROM contacts c JOIN contact_identities i ON i.tenant_id = c.tenant_id AND i.contact_id = c.id
        WHERE c.tenant_id = $1
        ORDER BY i.kind, i.value";
    let mut people: BTreeMap<uuid::Uuid, String> = BTreeMap::new();
    let rows: Vec<(uuid::Uuid, Option<String>, String, String, String)> = db.sql(SQL, (tenant,)).all().await.unwrap();
    for (id, name, kind, value, given_up) in rows {
        let person = people
            .entry(id)
            .or_insert_with(|| name.unwrap_or_else(|| "nameless".to_owned()));
        person.push_str(&format!(" {kind}={value}{given_up}"));
    }
    people
}
