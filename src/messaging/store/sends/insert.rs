//! Inserts accepted messages with their sends.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{
        Actor, BatchId, CampaignId, ChannelId, ContactId, ConversationId, Id, MessageId, RecipientKind, SendLane,
        Status, TenantId,
    },
    records::messages::Labels,
};

/// A new message to be sent.
#[derive(Clone, Debug)]
pub struct NewSend<'a> {
    pub tenant: TenantId,
    pub id: MessageId,
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub contact: ContactId,
    pub lane: SendLane,
    /// `phone`, `user_id` or `group`.
    pub recipient_kind: RecipientKind,
    pub recipient: String,
    /// Phone number of the sender as people dial it, if known.
    pub sender: Option<String>,
    pub kind: &'static str,
    /// Text for previews.
    pub text: Option<&'a str>,
    /// JSON that Meta expects under the type.
    pub content: &'a str,
    /// Other members of the request, as JSON.
    pub options: &'a str,
    pub context_wamid: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    pub at: DateTime<Utc>,
    pub created_by: Actor,
    pub labels: &'a Labels,
    pub batch: Option<BatchId>,
    /// The name of the template it is made from.
    pub template: Option<&'a str>,
    /// The campaign that makes it.
    pub campaign: Option<CampaignId>,
    /// When it is to be sent.
    pub due_at: DateTime<Utc>,
}

/// Maximum content of one statement, in bytes; the statement makes four copies of it.
const MAX_STATEMENT_BYTES: usize = 2 * 1024 * 1024;

/// Inserts messages as queued, and their sends as due now. Long contents are split over several statements.
pub async fn insert(mut on: On<'_>, sends: &[NewSend<'_>]) -> Result<()> {
    let (mut rest, mut length) = (sends, 0);
    while !rest.is_empty() {
        let fits = rest.iter().take_while(|it| {
            length += it.content.len();
            length <= MAX_STATEMENT_BYTES
        });
        let (part, later) = rest.split_at(fits.count().max(1));
        insert_part(on.reborrow(), part).await?;
        (rest, length) = (later, 0);
    }
    Ok(())
}

async fn insert_part(mut on: On<'_>, sends: &[NewSend<'_>]) -> Result<()> {
    const MESSAGES: &str = "
        WITH r (tenant_id, id, channel_id, conversation_id, contact_id, type, status, status_rank, text, payload, context_wamid,
            sender, recipient, at, created_by, reference, metadata, batch_id, template, campaign_id) AS ({rows})
        INSERT INTO messages (tenant_id, id, channel_id, conversation_id, contact_id, direction, origin, type, status, status_rank,
            text, payload, context_wamid, sender, recipient, sent_at, received_at, created_by, reference, metadata,
            batch_id, template, campaign_id)
        SELECT tenant_id, id, channel_id, conversation_id, contact_id, 'outbound', 'api', type, status, status_rank, text, payload,
            context_wamid, sender, recipient, at, at, created_by, reference, metadata, batch_id, template, campaign_id
        FROM r";
    const SENDS: &str = "
        WITH r (id, tenant_id, channel_id, lane, recipient_kind, recipient, type, content, options, expires_at, at, due_at,
            campaign_id) AS ({rows})
        INSERT INTO sends (id, tenant_id, channel_id, lane, queue_lane, recipient_kind, recipient, type, content, options, expires_at,
            created_at, due_at, campaign_id)
        SELECT id, tenant_id, channel_id, lane, lane, recipient_kind, recipient, type, content, options, expires_at, at, due_at,
            campaign_id
        FROM r";
    let message = |it: &NewSend<'_>| {
        let payload = format!("{{\"type\":\"{}\",\"{}\":{}}}", it.kind, it.kind, it.content);
        (
            it.tenant.uuid(),
            it.id.uuid(),
            it.channel.uuid(),
            it.conversation.uuid(),
            it.contact.uuid(),
            it.kind.to_owned(),
            Status::Queued.as_str().to_owned(),
            Status::Queued.rank(),
            it.text.map(str::to_owned),
            payload,
            it.context_wamid.clone(),
            it.sender.clone(),
            it.recipient.clone(),
            it.at,
            it.created_by.to_string(),
            it.labels.reference.clone(),
            it.labels.metadata.clone(),
            it.batch.map(Id::uuid),
            it.template.map(str::to_owned),
            it.campaign.map(Id::uuid),
        )
    };
    let send = |it: &NewSend<'_>| {
        (
            it.id.uuid(),
            it.tenant.uuid(),
            it.channel.uuid(),
            it.lane.number(),
            it.recipient_kind,
            it.recipient.clone(),
            it.kind.to_owned(),
            it.content.to_owned(),
            it.options.to_owned(),
            it.expires_at,
            it.at,
            it.due_at,
            it.campaign.map(Id::uuid),
        )
    };
    Rows::new(MESSAGES, sends.iter().map(message).collect())
        .run(on.reborrow())
        .await?;
    Rows::new(SENDS, sends.iter().map(send).collect()).run(on).await?;
    Ok(())
}

/// A send as it was answered when it was accepted.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct QueuedSend {
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    pub lane: i64,
    pub expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// Returns what an accepted message was answered with.
pub async fn find_queued(on: On<'_>, tenant: TenantId, id: MessageId) -> Result<Option<QueuedSend>> {
    const SQL: &str = "
        SELECT s.channel_id, m.conversation_id, m.contact_id, s.lane, s.expires_at, s.created_at
        FROM sends s
        JOIN messages m ON m.tenant_id = s.tenant_id AND m.id = s.id
        WHERE s.tenant_id = $1 AND s.id = $2";
    on.sql(SQL, (tenant, id)).opt().await
}
