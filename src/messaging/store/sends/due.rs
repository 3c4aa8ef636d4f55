//! Loads due sends, and reschedules those that got a reservation.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    contacts::consent::{self, SendCategory, Standing},
    db::{KeyedRows, On, Result},
    domain::{
        AttemptId, AttemptOutcome, CampaignId, CampaignStatus, ChannelId, ContactId, ConversationId, Id, MessageId,
        OnMarketingCap, OnUnknown, RecipientKind, SendLane, Status, TenantId,
    },
};

/// A due send with everything that decides what to do with it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DueSend {
    pub id: MessageId,
    pub tenant_id: TenantId,
    /// The campaign that made the message.
    pub campaign_id: Option<CampaignId>,
    /// Status of that campaign.
    pub(crate) campaign_status: Option<CampaignStatus>,
    /// What its campaign says about a message whose delivery is unknown.
    pub(crate) on_unknown: Option<OnUnknown>,
    /// What its campaign says about a message that Meta withholds.
    pub(crate) on_marketing_cap: Option<OnMarketingCap>,
    pub channel_id: ChannelId,
    pub lane: i64,
    pub recipient_kind: RecipientKind,
    pub recipient: String,
    #[sqlx(rename = "type")]
    pub kind: String,
    pub content: String,
    pub options: String,
    pub context_wamid: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    /// Number of attempts begun.
    pub(crate) tries: i64,
    /// Number of the lease that the send is processed under.
    pub leases: i64,
    /// Whether the send was held, or delayed after a failure that Meta reported; the next attempt clears that.
    pub marked: bool,
    pub reserved_until: Option<DateTime<Utc>>,
    pub(crate) not_before: Option<DateTime<Utc>>,
    /// When it is to be sent at the earliest, if it was accepted for later.
    pub(crate) send_at: Option<DateTime<Utc>>,
    /// When it was accepted, or when it is to be sent if it was accepted for later: retries count from then.
    pub(crate) starts_at: DateTime<Utc>,
    /// What a person would read, if it was accepted for later.
    pub(crate) scheduled_text: Option<String>,
    /// Status of the message.
    pub status: Status,
    pub contact_id: ContactId,
    pub conversation_id: ConversationId,
    /// End of the conversation's service window; `None` if the customer never wrote or called.
    pub window_expires_at: Option<DateTime<Utc>>,
    /// Whether the contact stopped marketing in WhatsApp.
    pub marketing_stopped: bool,
    /// What the contact allows on this channel, as [`Standing::of_number`] reads it.
    pub(crate) consent: Option<i64>,
    /// Whether the tenant sends marketing only to contacts who have allowed it.
    pub(crate) require_opt_in: bool,
    /// Whether the business has blocked the contact on this channel.
    pub blocked: bool,
    /// Lanes whose unknown messages the tenant holds, separated by spaces.
    pub hold_unknown: Option<String>,
    /// Id of the newest attempt.
    pub attempt_id: Option<AttemptId>,
    /// Outcome of the newest attempt.
    pub(crate) attempt_outcome: Option<AttemptOutcome>,
    pub(crate) attempt_started_at: Option<DateTime<Utc>>,
    /// When the newest attempt ended, e.g. as unknown.
    pub(crate) attempt_ended_at: Option<DateTime<Utc>>,
}

impl DueSend {
    /// Returns the time before which it is not sent: the one that it was accepted for, or the one that Meta said to wait for.
    pub(crate) fn earliest(&self) -> Option<DateTime<Utc>> {
        self.not_before.max(self.send_at)
    }

    /// Returns the campaign that made the message, with its tenant.
    pub(crate) fn campaign(&self) -> Option<(TenantId, CampaignId)> {
        Some((self.tenant_id, self.campaign_id?))
    }

    /// Returns whether the newest attempt is unproven: nobody knows whether Meta took the message.
    pub(crate) fn is_unproven(&self) -> bool {
        matches!(
            self.attempt_outcome,
            Some(AttemptOutcome::Open | AttemptOutcome::Unknown)
        )
    }

    /// Returns whether the contact's consent allows a message of this category.
    pub(crate) fn may(&self, category: SendCategory) -> bool {
        consent::may(
            Standing::of_number(self.consent),
            self.marketing_stopped,
            self.require_opt_in,
            category,
        )
    }

    /// Returns the send's lane. A number out of range is a lane of a later version: the least urgent.
    pub(crate) fn send_lane(&self) -> SendLane {
        SendLane::of_number(self.lane).unwrap_or(SendLane::Campaign)
    }
}

/// Loads sends by id.
pub async fn load(on: On<'_>, ids: &[MessageId]) -> Result<Vec<DueSend>> {
    // Each row is looked up by its whole key: for a join, a planner without statistics may read all of a tenant's conversations for every
    // message.
    const SQL: &str = "
        WITH r (id, every) AS ({rows})
        SELECT s.id, s.tenant_id, s.campaign_id,
            (SELECT g.status FROM campaigns g WHERE g.tenant_id = s.tenant_id AND g.id = s.campaign_id) AS campaign_status,
            (SELECT g.on_unknown FROM campaigns g WHERE g.tenant_id = s.tenant_id AND g.id = s.campaign_id) AS on_unknown,
            (SELECT g.on_marketing_cap FROM campaigns g WHERE g.tenant_id = s.tenant_id AND g.id = s.campaign_id) AS on_marketing_cap,
            s.channel_id, s.lane, s.recipient_kind, s.recipient, s.type, s.content, s.options,
            m.context_wamid, s.expires_at, COALESCE(a.number, 0) AS tries, s.attempts AS leases,
            (s.held IS NOT NULL OR s.not_before IS NOT NULL) AS marked, s.reserved_until, s.not_before,
            s.send_at, COALESCE(s.send_at, s.created_at) AS starts_at, CASE WHEN s.send_at IS NOT NULL THEN m.text END AS scheduled_text, m.status, m.contact_id, m.conversation_id,
            (SELECT v.window_expires_at FROM conversations v WHERE v.tenant_id = m.tenant_id AND v.id = m.conversation_id)
                AS window_expires_at,
            COALESCE((SELECT c.marketing_stopped FROM contacts c WHERE c.tenant_id = m.tenant_id AND c.id = m.contact_id), FALSE)
                AS marketing_stopped,
            (SELECT CAST(MAX(CASE WHEN k.status = 'granted' THEN 1 WHEN k.purpose = 'marketing' THEN 2 ELSE 3 END) AS BIGINT) FROM contact_consents k
                WHERE k.tenant_id = m.tenant_id AND k.contact_id = m.contact_id
                    AND k.channel_id IN (m.channel_id, r.every)) AS consent,
            (SELECT t.hold_unknown FROM tenants t WHERE t.id = s.tenant_id) AS hold_unknown,
            (SELECT t.require_opt_in FROM tenants t WHERE t.id = s.tenant_id) AS require_opt_in,
            EXISTS (
                SELECT 1 FROM blocks b
                WHERE b.channel_id = m.channel_id AND b.contact_id = m.contact_id AND b.tenant_id = m.tenant_id) AS blocked,
            a.id AS attempt_id, a.outcome AS attempt_outcome, a.started_at AS attempt_started_at,
            a.ended_at AS attempt_ended_at
        FROM {r CROSS JOIN} sends s
        JOIN messages m ON m.tenant_id = s.tenant_id AND m.id = s.id
        LEFT JOIN send_attempts a ON a.id =
            (SELECT x.id FROM send_attempts x WHERE x.message_id = s.id ORDER BY x.number DESC LIMIT 1)
        WHERE {s.id = r.id}";
    // The nil UUID is a consent on all channels.
    KeyedRows::new(SQL, ids.iter().map(|id| (id.uuid(), Uuid::nil())).collect())
        .all(on)
        .await
}

/// A send with a rate limiter reservation.
#[derive(Clone, Copy, Debug)]
pub struct SendReservation {
    pub id: MessageId,
    /// See [`DueSend::leases`].
    pub leases: i64,
    pub at: DateTime<Utc>,
    /// When the send is due: at the reservation, or at its expiry if that is earlier.
    pub due: DateTime<Utc>,
    /// Messages per second of the number, as given to the rate limiter.
    pub throughput: f64,
    /// Messages per second of the tenant, as given to the rate limiter; `None` is no limit.
    pub quota: Option<f64>,
}

/// Releases the leases of sends until their reservations, without counting a lease, and clears their hold reasons. Skips sends that
/// another worker has leased by now.
///
/// If the rate differs by now from the one given to the rate limiter, the reservation is void, and the process that clears reservations
/// may not have seen these rows: the sends are due at `soon`, when every process knows the new rate.
pub async fn store_reservations(on: On<'_>, reservations: &[SendReservation], soon: DateTime<Utc>) -> Result<u64> {
    macro_rules! holds {
        () => {
            "EXISTS (
                SELECT 1 FROM channels c JOIN tenants t ON t.id = c.tenant_id
                WHERE c.id = sends.channel_id AND (c.throughput IS NULL OR c.throughput = r.throughput)
                    AND t.messages_per_second IS NOT DISTINCT FROM r.quota)"
        };
    }
    const SQL: &str = concat!(
        "WITH r (id, leases, at, due, throughput, quota, soon) AS ({rows})
        UPDATE sends SET state = 'pending', attempts = sends.attempts - 1, held = NULL, queue_lane = 0,
            due_at = CASE WHEN ",
        holds!(),
        " THEN r.due ELSE r.soon END, reserved_until = CASE WHEN ",
        holds!(),
        " THEN r.at END {FROM r}
        WHERE {sends.id = r.id} AND sends.state || '' = 'running' AND sends.attempts = r.leases"
    );
    let row = |it: &SendReservation| (it.id.uuid(), it.leases, it.at, it.due, it.throughput, it.quota, soon);
    KeyedRows::new(SQL, reservations.iter().map(row).collect())
        .run(on)
        .await
}
