//! Fan-out: a page of a wave's recipients becomes messages.
//!
//! One transaction, in the lock order: the campaign is running and stays so; the cursor moves from where the page begins to where it ends;
//! recipients who may not be written to any more are suppressed; the others' messages, sends and counters are written. A page that another
//! worker has made, or that is ahead of the freeze, finds the cursor elsewhere and writes nothing.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    CampaignService,
    dispatch::CampaignPlan,
    error::CampaignResult,
    freeze::address,
    store::{self, StoredCampaign, StoredRecipient, StoredWave},
    templates::{FilledTemplate, WaveTemplate},
};
use crate::{
    contacts::store::consents::refusing_marketing,
    db::{Result, Tx, conflict_error, retry_conflicts},
    directory::Route,
    domain::{
        Actor, CampaignMessages, ChannelId, ContactId, ConversationId, Direction, Id, MessageId, RecipientKind,
        SendLane, TenantId,
    },
    messaging::{
        accept::{OUTBOUND, queue_lane},
        store::{
            blocks::{self, BlockedContact},
            sends::{self, NewSend},
        },
    },
    queue::JobEntry,
    records::{
        campaigns::{self, CountedStatus, add_counts},
        contacts,
        conversations::{self, ConversationKey, ConversationUpdate},
        lock_order::Stage,
        messages::Labels,
    },
};

/// Recipients of a page, on PostgreSQL and on SQLite.
const PAGE: [i64; 2] = [500, 200];
const TEMPLATE: &str = "template";

/// A page to fan out.
pub(super) struct Page<'p> {
    pub campaign: &'p StoredCampaign,
    pub plan: &'p CampaignPlan,
    pub wave: &'p StoredWave,
    pub route: &'p Route,
    pub messages: CampaignMessages,
    /// Messages that there is room for.
    pub room: i64,
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageEnd {
    /// Where the cursor is now.
    pub cursor: i64,
    pub paced_until: Option<DateTime<Utc>>,
}

/// Makes messages of the next recipients of a wave. Returns `None` if another worker did, or if the campaign is not running any more.
pub(super) async fn fan_out(service: &CampaignService, page: Page<'_>) -> CampaignResult<Option<PageEnd>> {
    let tenant = page.campaign.tenant_id;
    let Some(template) = page.template() else {
        // The wave was frozen by its template, which the snapshot keeps.
        return Err(super::CampaignError::invalid(
            "template",
            "the template of a wave is missing",
        ));
    };
    let write = || {
        service
            .db
            .transaction_as(tenant, async |tx: &mut Tx| page.write(service, tx, &template).await)
    };
    let Some((end, entries)) = retry_conflicts(write).await? else {
        return Ok(None);
    };
    // The rows are committed; if the push fails, the sweep finds them.
    drop(service.queues.push_entries(&OUTBOUND, &entries).await);
    Ok(Some(end))
}

/// A recipient to be written to.
struct Addressed {
    n: i64,
    contact: ContactId,
    kind: RecipientKind,
    address: String,
    filled: FilledTemplate,
}

impl Page<'_> {
    fn template(&self) -> Option<WaveTemplate<'_>> {
        let language = self.wave.language.as_deref()?;
        self.plan.templates.of_wave(self.route.account(), language)
    }

    /// Writes the page; `None` if it is not to be written.
    async fn write(
        &self,
        service: &CampaignService,
        tx: &mut Tx,
        template: &WaveTemplate<'_>,
    ) -> Result<Option<(PageEnd, Vec<JobEntry>)>> {
        let (tenant, campaign, wave) = (self.campaign.tenant_id, self.campaign.id, self.wave.wave);
        let now = service.clock.now();
        let from = self.wave.cursor;
        let room = self.room.min(PAGE[usize::from(!tx.is_postgres())]);
        let to = (from + room).min(self.wave.frozen);
        let pace = self
            .plan
            .spec
            .rate_per_second
            .map(|rate| Pace::new(rate, self.campaign.paced_until, now));
        let paced_until = pace.as_ref().map(|pace| pace.end(to - from));
        contacts::lock_tenants(tx, [tenant]).await?;
        let is_running = match paced_until {
            Some(until) => {
                Stage::Campaigns.reach(tx);
                store::pace(tx.on(), (tenant, campaign), self.campaign.paced_until, until).await?
            }
            None => campaigns::lock_running(tx, tenant, campaign).await?,
        };
        if !is_running || !store::advance_wave(tx.on(), (tenant, campaign, wave), from, to).await? {
            return Ok(None);
        }
        let recipients = store::page(tx.on(), (tenant, campaign, wave), from, to).await?;
        if recipients.len() as i64 != to - from {
            let found = recipients.len();
            let error = format!("wave {wave} of campaign {campaign} has {found} recipients from {from} to {to}");
            return Err(sqlx::Error::Protocol(error));
        }
        let (addressed, refused) = self.address(tx, recipients, template).await?;
        store::suppress(tx.on(), (tenant, campaign, wave), &refused).await?;
        let conversations = self.open_conversations(tx, service, &addressed, now).await?;
        let due = |n: i64| pace.as_ref().map_or(now, |pace| pace.due(n - from));
        let entries = self
            .insert_sends(tx, &addressed, &conversations, template, due, now)
            .await?;
        Stage::Counters.reach(tx);
        let count = |status, n: usize| (tenant, campaign, wave, status, n as i64);
        let suppressed = (to - from) as usize - addressed.len();
        let counts = [
            count(CountedStatus::Open, addressed.len()),
            count(CountedStatus::Suppressed, suppressed),
        ];
        let mut counts: Vec<_> = counts.into_iter().filter(|it| it.4 > 0).collect();
        add_counts(tx.on(), &mut counts).await?;
        Ok(Some((
            PageEnd {
                cursor: to,
                paced_until,
            },
            entries,
        )))
    }

    /// Returns the recipients to write to, and the ordinals of those who may not be written to any more, with the reason.
    async fn address(
        &self,
        tx: &mut Tx,
        recipients: Vec<StoredRecipient>,
        template: &WaveTemplate<'_>,
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
        let archived: HashSet<ContactId> = contacts::find_all(tx.on(), tenant, &live)
            .await?
            .into_iter()
            .filter(|it| it.archived_at.is_some())
            .map(|it| it.id)
            .collect();
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
                _ if archived.contains(&it.contact_id) => Err("archived"),
                (None, _) => Err("no_address"),
                (Some((kind, _)), _) if kind != RecipientKind::Phone && self.plan.templates.needs_phone() => {
                    Err("no_phone")
                }
                (_, Err(_)) => Err("variable_invalid"),
                (Some(address), Ok(values)) => template
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

    /// Finds or opens the conversations of recipients. One that is opened here has no message yet, as far as people see: it is told of when
    /// the customer writes.
    async fn open_conversations(
        &self,
        tx: &mut Tx,
        service: &CampaignService,
        addressed: &[Addressed],
        now: DateTime<Utc>,
    ) -> Result<HashMap<ContactId, ConversationId>> {
        let (tenant, channel) = (self.campaign.tenant_id, self.route.channel);
        let pair = |it: &Addressed| ConversationKey {
            tenant,
            channel,
            contact: it.contact,
        };
        let pairs: Vec<ConversationKey> = addressed.iter().map(pair).collect();
        let first = |pair: ConversationKey| ConversationUpdate {
            tenant,
            conversation: service.clock.new_id(),
            channel,
            contact: pair.contact,
            at: now,
            wamid: String::new(),
            direction: Direction::Outbound,
            kind: TEMPLATE.to_owned(),
            text: None,
            window_expires_at: None,
            unread: 0,
        };
        let found = conversations::lock_or_open(tx, &pairs, &[], now, first).await?.ids;
        let sent = addressed
            .iter()
            .map(|it| (found[&(channel, it.contact)], self.messages.id(self.wave.wave, it.n)));
        let sent: Vec<(ConversationId, MessageId)> = sent.collect();
        store::remember_messages(tx.on(), tenant, &sent, now).await?;
        Ok(found.into_iter().map(|((_, contact), id)| (contact, id)).collect())
    }

    async fn insert_sends(
        &self,
        tx: &mut Tx,
        addressed: &[Addressed],
        conversations: &HashMap<ContactId, ConversationId>,
        template: &WaveTemplate<'_>,
        due: impl Fn(i64) -> DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<JobEntry>> {
        Stage::Messages.reach(tx);
        let labels = Labels::default();
        let new = addressed.iter().map(|it| {
            let conversation = conversations.get(&it.contact).copied().ok_or_else(conflict_error)?;
            let due_at = due(it.n);
            Ok(NewSend {
                tenant: self.campaign.tenant_id,
                id: self.messages.id(self.wave.wave, it.n),
                channel: self.route.channel,
                conversation,
                contact: it.contact,
                lane: SendLane::Campaign,
                recipient_kind: it.kind,
                recipient: it.address.clone(),
                sender: self.route.display_phone_number.clone(),
                kind: TEMPLATE,
                text: it.filled.text.as_deref(),
                content: &it.filled.content,
                options: "{}",
                context_wamid: None,
                expires_at: Some(due_at + TimeDelta::seconds(self.plan.spec.expires_after_s)),
                at: now,
                created_by: Actor::Campaign(self.campaign.id),
                labels: &labels,
                batch: None,
                template: Some(template.name()),
                campaign: Some(self.campaign.id),
                due_at,
            })
        });
        let new: Vec<NewSend<'_>> = new.collect::<Result<_>>()?;
        sends::insert(tx.on(), &new).await?;
        let entry = |it: &NewSend<'_>| JobEntry {
            id: it.id.uuid(),
            due: it.due_at,
            lane: queue_lane(it.lane),
        };
        Ok(new.iter().map(entry).collect())
    }
}

/// Due times at a campaign's own rate.
struct Pace {
    begins: DateTime<Utc>,
    rate: u32,
}

impl Pace {
    fn new(rate: u32, paced_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        Self {
            begins: paced_until.unwrap_or(now).max(now),
            rate: rate.max(1),
        }
    }

    /// Returns when the `n`th message of the page is due.
    fn due(&self, n: i64) -> DateTime<Utc> {
        self.begins + TimeDelta::microseconds(n * 1_000_000 / i64::from(self.rate))
    }

    /// Returns when a page of this many messages ends.
    fn end(&self, count: i64) -> DateTime<Utc> {
        self.due(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_due_at_the_rate_of_their_campaign() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        let first = Pace::new(10, None, now);
        assert_eq!((first.due(0), first.due(9)), (now, now + TimeDelta::milliseconds(900)));
        let end = first.end(10);
        assert_eq!(Pace::new(10, Some(end), now).due(0), now + TimeDelta::seconds(1));
        let late = now + TimeDelta::seconds(30);
        assert_eq!(
            Pace::new(10, Some(end), late).due(0),
            late,
            "time that has passed is not made up for"
        );
    }
}
