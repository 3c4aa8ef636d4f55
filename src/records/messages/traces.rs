//! What messages say of whether a contact can be reached.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{CampaignId, ConversationId, Direction, Status, TenantId},
};

/// Messages of a conversation that are looked at.
const LOOK: i64 = 100;

/// What a message says of whether its recipient or sender can be reached.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct MessageTrace {
    pub direction: Direction,
    pub status: Status,
    pub error_code: Option<i64>,
    pub sender: Option<String>,
    pub recipient: Option<String>,
    pub sent_at: DateTime<Utc>,
    /// The campaign that made it.
    pub campaign_id: Option<CampaignId>,
}

/// Returns the newest messages of a conversation up to now, the newest first.
pub(crate) async fn traces(
    on: On<'_>,
    tenant: TenantId,
    conversation: ConversationId,
    now: DateTime<Utc>,
) -> Result<Vec<MessageTrace>> {
    const SQL: &str = "
        SELECT direction, status, error_code, sender, recipient, sent_at, campaign_id FROM messages
        WHERE conversation_id = $2 AND tenant_id = $1 AND sent_at <= $3
        ORDER BY sent_at DESC, id DESC LIMIT $4";
    on.sql(SQL, (tenant, conversation, now, LOOK)).all().await
}

/// Returns the newest message of a conversation that its contact wrote.
pub(crate) async fn last_inbound(
    on: On<'_>,
    tenant: TenantId,
    conversation: ConversationId,
) -> Result<Option<MessageTrace>> {
    const SQL: &str = "
        SELECT direction, status, error_code, sender, recipient, sent_at, campaign_id FROM messages
        WHERE conversation_id = $2 AND tenant_id = $1 AND direction = 'inbound'
        ORDER BY sent_at DESC, id DESC LIMIT 1";
    on.sql(SQL, (tenant, conversation)).opt().await
}
