//! Campaigns and recipients of an export.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    error::ExportError,
    sheet::ExportValue,
    source::{PAGE, SourcePage},
};
use crate::{
    campaigns::{
        self, CampaignProgress, CampaignSpec, RecipientFilter, ShownRecipient,
        store::{self, StoredCampaign},
    },
    contacts::store::exports,
    db::{Result, Tx},
    domain::{CampaignId, ChannelId, ContactId, Id, RecipientKind, TenantId},
    provider::errors,
};

/// Campaigns of a page: each has a row of numbers for each of its waves.
const CAMPAIGNS: i64 = 100;

pub(super) const CAMPAIGN_COLUMNS: &[&str] = &[
    "id",
    "name",
    "status",
    "reason",
    "reason_details",
    "template",
    "template.language",
    "starts_at",
    "started_at",
    "frozen_at",
    "finished_at",
    "total",
    "pending",
    "open",
    "unknown",
    "accepted",
    "sent",
    "delivered",
    "read",
    "played",
    "failed",
    "expired",
    "canceled",
    "deleted",
    "suppressed",
    "replied",
    "retry_of",
    "created_at",
    "created_by",
];

pub(super) const RECIPIENT_COLUMNS: &[&str] = &[
    "contact_id",
    "contact.name",
    "kind",
    "address",
    "status",
    "reason",
    "error.code",
    "error.title",
    "message_id",
    "channel_id",
    "language",
    "wave",
];

/// Campaigns of a tenant, the oldest first.
pub(super) struct CampaignSource {
    after: CampaignId,
}

impl CampaignSource {
    pub fn begin() -> Self {
        Self {
            after: CampaignId::from_uuid(Uuid::nil()),
        }
    }

    pub async fn read(&mut self, tx: &mut Tx, tenant: TenantId) -> Result<SourcePage> {
        let page = campaigns::oldest_with_numbers(tx, tenant, self.after, CAMPAIGNS).await?;
        self.after = page.last().map_or(self.after, |(it, _)| it.id);
        Ok(SourcePage {
            is_last: (page.len() as i64) < CAMPAIGNS,
            rows: page.into_iter().map(|(it, numbers)| campaign(it, &numbers)).collect(),
        })
    }
}

fn campaign(it: StoredCampaign, numbers: &CampaignProgress) -> Vec<ExportValue> {
    let template = CampaignSpec::stored(&it.spec).ok().and_then(|spec| spec.template);
    let (template, language) = template.map(|it| (it.name, it.language)).unzip();
    vec![
        ExportValue::Text(it.id.to_string()),
        ExportValue::Text(it.name),
        ExportValue::Text(it.status.to_string()),
        it.reason.into(),
        it.reason_details.into(),
        template.into(),
        language.into(),
        it.starts_at.into(),
        it.started_at.into(),
        it.frozen_at.into(),
        it.finished_at.into(),
        ExportValue::Number(numbers.total),
        ExportValue::Number(numbers.pending),
        ExportValue::Number(numbers.open),
        ExportValue::Number(numbers.unknown),
        ExportValue::Number(numbers.accepted),
        ExportValue::Number(numbers.sent),
        ExportValue::Number(numbers.delivered),
        ExportValue::Number(numbers.read),
        ExportValue::Number(numbers.played),
        ExportValue::Number(numbers.failed),
        ExportValue::Number(numbers.expired),
        ExportValue::Number(numbers.canceled),
        ExportValue::Number(numbers.deleted),
        ExportValue::Number(numbers.suppressed),
        ExportValue::Number(numbers.replied),
        it.parent_id.map(|id| id.to_string()).into(),
        ExportValue::Time(it.created_at),
        ExportValue::Text(it.created_by),
    ]
}

/// Recipients of a campaign, in the order of their waves.
pub(super) struct RecipientSource {
    campaign: StoredCampaign,
    /// Channel and language by the wave.
    waves: HashMap<i64, (Option<ChannelId>, Option<String>)>,
    after: Option<(i64, i64)>,
}

impl RecipientSource {
    pub async fn begin(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> std::result::Result<Self, ExportError> {
        let campaign = campaigns::with_recipients(tx, tenant, id).await?;
        Ok(Self {
            campaign,
            waves: HashMap::new(),
            after: None,
        })
    }

    pub async fn read(&mut self, tx: &mut Tx) -> Result<SourcePage> {
        let campaign = &self.campaign;
        let all = RecipientFilter::default();
        let limit = usize::try_from(PAGE).unwrap_or_default();
        let (page, next) = campaigns::recipients(tx.on(), campaign, all, self.after, limit).await?;
        // Waves come on while a campaign is frozen.
        if page.iter().any(|it| !self.waves.contains_key(&it.row.wave)) {
            let waves = store::waves(tx.on(), campaign.tenant_id, campaign.id).await?;
            self.waves = waves
                .into_iter()
                .map(|it| (it.wave, (it.channel_id, it.language)))
                .collect();
        }
        let contacts: Vec<ContactId> = page.iter().map(|it| it.row.contact_id).collect();
        let mut names = exports::names(tx.on(), campaign.tenant_id, &contacts).await?;
        let rows = page.into_iter().map(|it| {
            let name = names.remove(&it.row.contact_id).flatten();
            self.row(it, name)
        });
        let rows = rows.collect();
        self.after = next.or(self.after);
        Ok(SourcePage {
            rows,
            is_last: next.is_none(),
        })
    }

    fn row(&self, it: ShownRecipient, name: Option<String>) -> Vec<ExportValue> {
        let (channel, language) = self.waves.get(&it.row.wave).cloned().unwrap_or_default();
        let title = it.error_code.and_then(|code| errors::explain(Some(code)).title);
        let address = it.row.address.map(|address| match it.row.kind {
            Some(RecipientKind::Phone) => format!("+{}", address.trim_start_matches('+')),
            _ => address,
        });
        vec![
            ExportValue::Text(it.row.contact_id.to_string()),
            name.into(),
            it.row.kind.map(|kind| kind.as_str().to_owned()).into(),
            address.into(),
            ExportValue::Text(it.status.to_owned()),
            it.row.reason.into(),
            it.error_code.map_or(ExportValue::Nothing, ExportValue::Number),
            title.map(str::to_owned).into(),
            it.message.map(|id| id.to_string()).into(),
            channel.map(|id| id.to_string()).into(),
            language.into(),
            ExportValue::Number(it.row.wave),
        ]
    }
}
