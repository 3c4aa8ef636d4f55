//! Whom a page writes to: consent, blocks, addresses and values are looked at once more.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    content::WaveContent, fan_out::CampaignPage, freeze::address, store::StoredRecipient, templates::FilledContent,
};
use crate::{
    contacts::store::consents::refusing_marketing,
    db::{Result, Tx},
    domain::{ChannelId, ContactId, RecipientKind, TenantId},
    messaging::store::blocks::{self, BlockedContact},
    records::{contacts, conversations},
};

/// How long a service window has to be open yet, for a message to be sent within it.
pub(super) const WINDOW_LEFT: TimeDelta = TimeDelta::minutes(1);

/// A recipient to be written to.
pub(super) struct Addressed {
    pub n: i64,
    pub contact: ContactId,
    pub kind: RecipientKind,
    pub address: String,
    pub filled: FilledContent,
}

impl CampaignPage<'_> {
    /// Returns the recipients to write to, and the ordinals of those who may not be written to any more, with the reason.
    pub(super) async fn address(
        &self,
        tx: &mut Tx,
        recipients: Vec<StoredRecipient>,
        content: &WaveContent<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Addressed>, Vec<(i64, &'static str)>)> {
        let (tenant, channel) = (self.campaign.tenant_id, self.route.channel);
        let live: Vec<ContactId> = recipients
            .iter()
            .filter(|it| it.outcome.is_none())
            .map(|it| it.contact_id)
            .collect();
        let pairs: Vec<(TenantId, ContactId, ChannelId)> = live.iter().map(|id| (tenant, *id, channel)).collect();
        let refusing = refusing_marketing(tx.on(), &pairs).await?;
        let blocked = live.iter().map(|contact| BlockedContact {
            tenant,
            channel,
            contact: *contact,
        });
        let blocked: HashSet<(ChannelId, ContactId)> = blocks::among(tx.on(), &blocked.collect::<Vec<_>>())
            .await?
            .into_iter()
            .collect();
        let mut identities: HashMap<ContactId, Vec<_>> = HashMap::new();
        for it in contacts::list_identities(tx.on(), tenant, &live).await? {
            identities.entry(it.contact_id).or_default().push(it);
        }
        let keys: Vec<(TenantId, ContactId)> = live.iter().map(|id| (tenant, *id)).collect();
        let archived: HashSet<(TenantId, ContactId)> = contacts::archived(tx.on(), &keys).await?.into_iter().collect();
        let open = match self.plan.content.needs_window() {
            true => conversations::open_until(tx.on(), tenant, (channel, now + WINDOW_LEFT), &live).await?,
            false => HashSet::new(),
        };
        let closed = |contact: ContactId| self.plan.content.needs_window() && !open.contains(&contact);
        let (mut addressed, mut refused) = (Vec::new(), Vec::new());
        for it in recipients {
            if it.outcome.is_some() {
                continue;
            }
            let own = identities.get(&it.contact_id).map_or(&[][..], Vec::as_slice);
            let values = it
                .params
                .as_deref()
                .map_or(Ok(Default::default()), serde_json::from_str);
            let verdict = match (address(own), values) {
                _ if blocked.contains(&(channel, it.contact_id)) => Err("blocked"),
                _ if refusing.contains(&(it.contact_id, channel)) => Err("opted_out"),
                _ if archived.contains(&(tenant, it.contact_id)) => Err("archived"),
                (None, _) => Err("no_address"),
                (Some((kind, _)), _) if kind != RecipientKind::Phone && self.plan.content.needs_phone() => {
                    Err("no_phone")
                }
                (_, Err(_)) => Err("variable_invalid"),
                _ if closed(it.contact_id) => Err("window_closed"),
                (Some(address), Ok(values)) => content
                    .fill(&values)
                    .map(|it| (address, it))
                    .map_err(|_| "variable_invalid"),
            };
            match verdict {
                Err(reason) => refused.push((it.n, reason)),
                Ok(((kind, address), filled)) => addressed.push(Addressed {
                    n: it.n,
                    contact: it.contact_id,
                    kind,
                    address,
                    filled,
                }),
            }
        }
        Ok((addressed, refused))
    }
}
