//! Follow-ups: campaigns to those whose message of another campaign failed.
//!
//! A follow-up is frozen from the other campaign's messages in place of contacts. The transaction of a window claims the recipients
//! (`retried_by`), each once: two follow-ups share nobody.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    CampaignService,
    audience::CampaignAudience,
    draft::{checked_name, insert},
    error::{CampaignError, CampaignResult},
    spec::CampaignSpec,
    store::{self, CampaignOutcome, StoredCampaign},
};
use crate::{
    db::Tx,
    domain::{CampaignId, CampaignMessages, ContactId, Ctx, Id, MAX_WAVE, Status, TenantId, recipient_of},
    provider::errors::{self, Class},
};

/// Contacts that are written to again, with their waves and ordinals in the other campaign.
pub(super) type RetriedContacts = BTreeMap<ContactId, Vec<(i64, i64)>>;

/// How long ago a message has to have failed.
const SETTLED: TimeDelta = TimeDelta::minutes(10);
/// The same, of one that Meta withheld because the recipient got enough marketing.
const CAPPED: TimeDelta = TimeDelta::hours(24);

/// Errors whose messages may be sent again, by their class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RetryClass {
    /// The number exceeded its throughput.
    Throughput,
    /// Too many messages to one recipient in a short time.
    Pair,
    /// The number was in maintenance.
    Maintenance,
    /// The app or the account exceeded its limit of requests.
    AppLimit,
    /// A file could not be fetched or was unsuitable.
    Media,
    /// The recipient had reached Meta's limit of marketing messages, more than 24 hours ago.
    MarketingCap,
    /// The parameters did not fit the template, or it could not be sent: change it or the variables first.
    Template,
    /// The request was invalid.
    Request,
    /// The access token was invalid.
    Token,
    /// The account or the number was not allowed to send.
    Account,
    /// Too many customers blocked or reported the number.
    Spam,
    /// No call was made: Meta could not be reached, or it was given up here.
    NotSent,
}

impl RetryClass {
    /// Returns the class of a failure; `None` where it is not to be sent again.
    fn of(code: Option<i64>) -> Option<Self> {
        let Some(code) = code else { return Some(Self::NotSent) };
        Some(match errors::entry(code).class {
            Class::Throughput => Self::Throughput,
            Class::Pair => Self::Pair,
            Class::Maintenance => Self::Maintenance,
            Class::AppLimit => Self::AppLimit,
            Class::Media => Self::Media,
            Class::MarketingCap => Self::MarketingCap,
            Class::Template => Self::Template,
            Class::Request => Self::Request,
            Class::Token => Self::Token,
            Class::Account => Self::Account,
            Class::Spam => Self::Spam,
            Class::Ambiguous | Class::OptOut | Class::Window | Class::Undeliverable => return None,
        })
    }

    const fn settles_in(self) -> TimeDelta {
        match self {
            Self::MarketingCap => CAPPED,
            _ => SETTLED,
        }
    }
}

/// Whose failed recipients a campaign writes to again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct CampaignRetry {
    pub campaign_id: CampaignId,
    /// The classes of the errors that their messages failed with.
    pub classes: BTreeSet<RetryClass>,
}

impl CampaignRetry {
    /// Returns whether a message is to be sent again. `ended_at`: when its campaign ended.
    fn takes(&self, failed: &CampaignOutcome, ended_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let is_settled = |class: RetryClass| failed.told_at.unwrap_or(ended_at) + class.settles_in() <= now;
        failed.status == Status::Failed
            && RetryClass::of(failed.error_code).is_some_and(|class| self.classes.contains(&class) && is_settled(class))
    }

    /// Returns the contacts of a window of the other campaign's messages that are written to again, with their waves and ordinals there.
    pub(super) fn of_window(
        &self,
        window: &[CampaignOutcome],
        ended_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> RetriedContacts {
        let mut found = RetriedContacts::new();
        for it in window.iter().filter(|it| self.takes(it, ended_at, now)) {
            found.entry(it.contact_id).or_default().extend(recipient_of(it.id));
        }
        found
    }
}

/// Returns the contacts of a window one of whose recipients was claimed.
pub(super) fn claimed_contacts(window: &RetriedContacts, claimed: &HashSet<(i64, i64)>) -> HashSet<ContactId> {
    let is_claimed = |(contact, keys): (&ContactId, &Vec<(i64, i64)>)| {
        keys.iter().any(|key| claimed.contains(key)).then_some(*contact)
    };
    window.iter().filter_map(is_claimed).collect()
}

/// Creates a draft of a campaign to those whose message of another campaign failed with an error of these classes.
pub(crate) async fn retry(
    service: &CampaignService,
    ctx: &Ctx,
    id: CampaignId,
    name: Option<&str>,
    classes: BTreeSet<RetryClass>,
) -> CampaignResult<StoredCampaign> {
    if classes.is_empty() {
        return Err(CampaignError::invalid("classes", "give at least one"));
    }
    let mut tx = service.db.begin_read_as(ctx.tenant).await?;
    let found = store::find(tx.on(), ctx.tenant, id).await?;
    tx.commit().await?;
    let parent = found.ok_or(CampaignError::NotFound(id))?;
    if !parent.status.is_final() {
        return Err(CampaignError::WrongStatus("retried", parent.status));
    }
    require_kept(&parent)?;
    let again = format!("{} (again)", parent.name);
    let name = checked_name(name.unwrap_or(&again))?;
    let of_parent = CampaignSpec::stored(&parent.spec)?;
    let spec = CampaignSpec {
        audience: CampaignAudience::default(),
        rows_of: of_parent.rows_of.or_else(|| of_parent.reads_rows().then_some(id)),
        exclude: Vec::new(),
        retry_of: Some(CampaignRetry {
            campaign_id: id,
            classes,
        }),
        ..of_parent
    };
    insert(service, ctx, name, &spec).await
}

/// Checks that a draft can read what it needs of other campaigns: the recipients whom it writes to again, and their rows.
pub(super) async fn require_parents(tx: &mut Tx, tenant: TenantId, spec: &CampaignSpec) -> CampaignResult<()> {
    let retried = spec.retry_of.as_ref().map(|it| it.campaign_id);
    for id in retried.into_iter().chain(spec.rows_of) {
        if let Some(parent) = store::find(tx.on(), tenant, id).await? {
            require_kept(&parent)?;
        }
    }
    Ok(())
}

fn require_kept(campaign: &StoredCampaign) -> CampaignResult<()> {
    match campaign.recipients_removed_at {
        Some(_) => Err(CampaignError::RecipientsRemoved(campaign.id)),
        None => Ok(()),
    }
}

/// Returns the first and the last id that messages of a campaign can have; `None` if it never started.
pub(super) fn messages_of(parent: &StoredCampaign) -> Option<(Uuid, Uuid)> {
    let messages = CampaignMessages::new(parent.id, parent.id_stamp?);
    Some((messages.range(1).0.uuid(), messages.range(MAX_WAVE).1.uuid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_meta_may_have_delivered_and_what_never_arrives_is_not_sent_again() {
        for (code, class) in [
            (Some(130_429), Some(RetryClass::Throughput)),
            (Some(131_049), Some(RetryClass::MarketingCap)),
            (Some(132_001), Some(RetryClass::Template)),
            (None, Some(RetryClass::NotSent)),
            (Some(131_026), None),
            (Some(131_050), None),
            (Some(131_047), None),
            (Some(131_000), None),
        ] {
            assert_eq!(RetryClass::of(code), class, "{code:?}");
        }
    }
}
