use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    campaigns::{
        CampaignAudience, CampaignMessage, CampaignProgress, CampaignRetry, CampaignSchedule, CampaignSpec,
        CampaignTemplate, CampaignVariable, ShownRecipient, WaitingFor, store::StoredCampaign,
    },
    domain::{
        CampaignId, CampaignStatus, ChannelId, ContactId, ImportId, MessageId, OnMarketingCap, OnUnknown, RecipientKind,
    },
    http::problem::Problem,
    records::campaigns::CampaignRows,
};

/// A campaign: one template to many people, once each.
#[derive(Serialize, ToSchema)]
#[schema(as = Campaign)]
pub(crate) struct CampaignView {
    pub id: CampaignId,
    name: String,
    status: CampaignStatus,
    /// Why it is paused or failed: `requested`, `failure_threshold`, `template_changed`, `audience`, `inconsistent`; null otherwise.
    #[schema(required)]
    reason: Option<String>,
    /// The reason in a sentence.
    #[schema(required)]
    reason_details: Option<String>,
    audience: CampaignAudience,
    exclude: Vec<CampaignAudience>,
    /// In place of an audience: those whose message of another campaign failed; null otherwise.
    #[schema(required)]
    retry_of: Option<CampaignRetry>,
    channels: Vec<ChannelId>,
    /// Null where a message is sent.
    #[schema(required)]
    template: Option<CampaignTemplate>,
    /// Null where a template is sent.
    #[schema(required)]
    message: Option<CampaignMessage>,
    variables: BTreeMap<String, CampaignVariable>,
    #[schema(required)]
    rate_per_second: Option<u32>,
    failure_threshold: u8,
    expires_after_s: i64,
    /// Null is as the tenant's setting says.
    #[schema(required)]
    on_unknown: Option<OnUnknown>,
    on_marketing_cap: OnMarketingCap,
    /// How many recipients are in each state; null in lists.
    #[schema(required)]
    progress: Option<CampaignProgress>,
    /// The people whom files name for it; null in lists.
    #[schema(required)]
    rows: Option<CampaignRowsView>,
    /// Why its recipients wait; null unless it is running, and in lists.
    #[schema(required)]
    waiting_for: Option<WaitingFor>,
    /// Its failures by error code, the commonest first; null in lists.
    #[schema(required)]
    failures: Option<Vec<CampaignFailure>>,
    /// When it starts, or was to start; null for a draft.
    #[schema(required)]
    starts_at: Option<DateTime<Utc>>,
    /// The local time that it was launched for; null for an instant.
    #[schema(required)]
    schedule: Option<CampaignSchedule>,
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    /// When all its recipients were known.
    #[schema(required)]
    frozen_at: Option<DateTime<Utc>>,
    #[schema(required)]
    paused_at: Option<DateTime<Utc>>,
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
    /// Since when nothing moves on it though it waits for nothing; null otherwise.
    #[schema(required)]
    stalled_since: Option<DateTime<Utc>>,
    /// When its recipients and rows were removed, MAINSTAY_CAMPAIGN_DAYS after its end; null while they are kept.
    #[schema(required)]
    recipients_removed_at: Option<DateTime<Utc>>,
    /// One more with each change: the `ETag` of the campaign.
    pub version: i64,
    created_at: DateTime<Utc>,
    created_by: String,
    updated_at: DateTime<Utc>,
}

/// The numbers of a campaign.
pub(super) struct CampaignNumbers {
    pub progress: CampaignProgress,
    pub rows: CampaignRows,
    pub waiting_for: Option<WaitingFor>,
    pub failures: Vec<CampaignFailure>,
}

impl CampaignView {
    pub(super) fn new(it: StoredCampaign, numbers: Option<CampaignNumbers>) -> Result<Self, Problem> {
        let spec: CampaignSpec = serde_json::from_str(&it.spec).map_err(|_| Problem::internal())?;
        let schedule = it.schedule.as_deref().map(CampaignSchedule::stored).transpose()?;
        let (progress, rows, waiting_for, failures) = match numbers {
            Some(it) => (Some(it.progress), Some(it.rows), it.waiting_for, Some(it.failures)),
            None => (None, None, None, None),
        };
        Ok(Self {
            id: it.id,
            name: it.name,
            status: it.status,
            reason: it.reason,
            reason_details: it.reason_details,
            audience: spec.audience,
            exclude: spec.exclude,
            retry_of: spec.retry_of,
            channels: spec.channels,
            template: spec.template,
            message: spec.message,
            variables: spec.variables,
            rate_per_second: spec.rate_per_second,
            failure_threshold: spec.failure_threshold,
            expires_after_s: spec.expires_after_s,
            on_unknown: spec.on_unknown,
            on_marketing_cap: spec.on_marketing_cap,
            progress,
            rows: rows.map(CampaignRowsView::new),
            waiting_for,
            failures,
            starts_at: it.starts_at,
            schedule,
            started_at: it.started_at,
            frozen_at: it.frozen_at,
            paused_at: it.paused_at,
            finished_at: it.finished_at,
            stalled_since: it.stalled_since,
            recipients_removed_at: it.recipients_removed_at,
            version: it.version,
            created_at: it.created_at,
            created_by: it.created_by,
            updated_at: it.updated_at,
        })
    }
}

/// The people whom files name for a campaign: `POST …/{id}/rows`.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignRows)]
pub(crate) struct CampaignRowsView {
    count: i64,
    /// Headings of the columns that variables may name, as `row.HEADING`.
    columns: Vec<String>,
    /// The import that came last.
    #[schema(required)]
    import_id: Option<ImportId>,
}

impl CampaignRowsView {
    fn new(it: CampaignRows) -> Self {
        Self {
            count: it.count,
            columns: it.columns,
            import_id: it.import,
        }
    }
}

/// How many messages of a campaign failed with an error code.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignFailure {
    /// Meta's code; 0 where none is known.
    pub code: i64,
    pub count: i64,
}

/// A recipient of a campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignRecipient)]
pub(crate) struct RecipientView {
    contact_id: ContactId,
    /// The kind of address at the freeze; null without one.
    #[schema(required)]
    kind: Option<RecipientKind>,
    #[schema(required)]
    address: Option<String>,
    /// `pending`, `suppressed`, or the status of the message.
    status: &'static str,
    /// Why they are not written to: `no_address`, `no_phone`, `opted_out`, `blocked`, `variable_missing`, `variable_invalid`, `no_template`,
    /// `no_channel`, `time_missed`, `window_closed`, `archived` or `merged`; null unless suppressed.
    #[schema(required)]
    reason: Option<String>,
    /// The code of Meta's error.
    #[schema(required)]
    error_code: Option<i64>,
    #[schema(required)]
    message_id: Option<MessageId>,
}

impl RecipientView {
    pub fn new(it: ShownRecipient) -> Self {
        Self {
            contact_id: it.row.contact_id,
            kind: it.row.kind,
            address: it.row.address,
            status: it.status,
            reason: it.row.reason,
            error_code: it.error_code,
            message_id: it.message,
        }
    }
}
