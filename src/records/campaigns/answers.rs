use super::MovedStatuses;
use crate::{
    db::{Result, Rows, Tx},
    domain::{CampaignId, ConversationId, Id, MessageId, TenantId},
};

/// A campaign message that the customer has answered.
pub(crate) struct AnsweredMessage {
    pub tenant: TenantId,
    pub conversation: ConversationId,
    pub message: MessageId,
    /// Whether the answer came in time to be counted.
    pub counts: bool,
}

/// Counts answers, and notes in the conversations that the messages were answered. The caller has locked the conversations.
pub(crate) async fn answer(tx: &mut Tx, answered: &[AnsweredMessage], moved: &mut MovedStatuses) -> Result<()> {
    const CAMPAIGNS: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT m.tenant_id, m.id, m.campaign_id FROM r CROSS JOIN messages m
        WHERE m.tenant_id = r.tenant_id AND m.id = r.id AND m.campaign_id IS NOT NULL";
    const NOTE: &str = "
        WITH r (tenant_id, id) AS ({rows})
        UPDATE conversations SET campaign_message_id = NULL, campaign_message_at = NULL
        FROM r
        WHERE conversations.tenant_id = r.tenant_id AND conversations.id = r.id";
    if answered.is_empty() {
        return Ok(());
    }
    let message = |it: &AnsweredMessage| (it.tenant.uuid(), it.message.uuid());
    let counted = answered.iter().filter(|it| it.counts).map(message).collect();
    let found: Vec<(TenantId, MessageId, CampaignId)> = Rows::new(CAMPAIGNS, counted).all(tx.on()).await?;
    moved.add_answers(found);
    let conversation = |it: &AnsweredMessage| (it.tenant.uuid(), it.conversation.uuid());
    Rows::new(NOTE, answered.iter().map(conversation).collect())
        .run(tx.on())
        .await
        .map(drop)
}
