//! Fan-out: a page of a wave's recipients becomes messages.
//!
//! One transaction, in the lock order: the campaign is running and stays so; the cursor moves from where the page begins to where it ends;
//! recipients who may not be written to any more are suppressed; the others' messages, sends and counters are written. A page that another
//! worker has made, or that is ahead of the freeze, finds the cursor elsewhere and writes nothing.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    CampaignService,
    addressed::Addressed,
    content::WaveContent,
    error::CampaignResult,
    pace::Pace,
    plan::CampaignPlan,
    store::{self, StoredCampaign, StoredWave},
};
use crate::{
    db::{Result, Tx, conflict_error, retry_conflicts},
    directory::Route,
    domain::{Actor, CampaignMessages, ContactId, ConversationId, Direction, Id, MessageId, SendLane},
    messaging::{
        accept::{OUTBOUND, queue_lane},
        store::sends::{self, NewSend},
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

/// A page to fan out.
pub(super) struct CampaignPage<'p> {
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
pub(super) async fn fan_out(service: &CampaignService, page: CampaignPage<'_>) -> CampaignResult<Option<PageEnd>> {
    let tenant = page.campaign.tenant_id;
    let Some(content) = page.content() else {
        // The wave was frozen by its template, which the snapshot keeps.
        return Err(super::CampaignError::invalid(
            "template",
            "the template of a wave is missing",
        ));
    };
    let write = || {
        service
            .db
            .transaction_as(tenant, async |tx: &mut Tx| page.write(service, tx, &content).await)
    };
    let Some((end, entries)) = retry_conflicts(write).await? else {
        return Ok(None);
    };
    // The rows are committed; if the push fails, the sweep finds them.
    drop(service.queues.push_entries(&OUTBOUND, &entries).await);
    Ok(Some(end))
}

impl CampaignPage<'_> {
    fn content(&self) -> Option<WaveContent<'_>> {
        let language = self.wave.language.as_deref()?;
        self.plan.content.of_wave(self.route.account(), language)
    }

    /// Writes the page; `None` if it is not to be written.
    async fn write(
        &self,
        service: &CampaignService,
        tx: &mut Tx,
        content: &WaveContent<'_>,
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
        let (addressed, refused) = self.address(tx, recipients, content, now).await?;
        store::suppress(tx.on(), (tenant, campaign, wave), &refused).await?;
        let conversations = self.open_conversations(tx, service, &addressed, now).await?;
        let due = |n: i64| pace.as_ref().map_or(now, |pace| pace.due(n - from));
        let entries = self
            .insert_sends(tx, &addressed, &conversations, content, due, now)
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
        let kind = addressed
            .first()
            .map_or_else(String::new, |it| it.filled.kind.to_owned());
        let first = |pair: ConversationKey| ConversationUpdate {
            tenant,
            conversation: service.clock.new_id(),
            channel,
            contact: pair.contact,
            at: now,
            wamid: String::new(),
            direction: Direction::Outbound,
            kind: kind.clone(),
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
        content: &WaveContent<'_>,
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
                kind: it.filled.kind,
                text: it.filled.text.as_deref(),
                content: &it.filled.content,
                options: "{}",
                context_wamid: None,
                expires_at: Some(due_at + TimeDelta::seconds(self.plan.spec.expires_after_s)),
                send_at: None,
                at: now,
                created_by: Actor::Campaign(self.campaign.id),
                labels: &labels,
                batch: None,
                template: content.template_name(),
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
