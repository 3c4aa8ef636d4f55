//! What becomes of each contact of a window: from which channel, in which language, with which values; or why they are not written to.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use crate::{
    campaigns::{plan::CampaignPlan, variables::RowValues},
    contacts::store::consents::refusing_marketing,
    db::{Result, Tx},
    directory::Route,
    domain::{ChannelId, ContactId, Id, RecipientKind, TenantId},
    messaging::store::blocks::{self, BlockedContact},
    records::{
        campaigns,
        contacts::{self, Contact, IdentityRecord},
        conversations,
    },
};

/// Contacts that are read by one statement.
const CHUNK: usize = 1_000;

/// A contact of a window.
#[derive(Clone, Debug)]
pub(in crate::campaigns) struct JudgedContact {
    pub contact: ContactId,
    pub address: Option<(RecipientKind, String)>,
    pub verdict: FreezeVerdict,
    /// The variable that has no value for them, if they are suppressed for it.
    pub missing: Option<String>,
}

/// What the recipients of a wave have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::campaigns) struct WaveClass {
    pub channel: ChannelId,
    pub language: String,
    /// `None` with the start of the campaign.
    pub starts_at: Option<DateTime<Utc>>,
}

/// What becomes of a contact.
#[derive(Clone, Debug)]
pub(in crate::campaigns) enum FreezeVerdict {
    Recipient {
        class: WaveClass,
        /// JSON.
        params: String,
    },
    /// They are not written to, for this reason.
    Suppressed(&'static str),
}

/// Judges the contacts of a window.
pub(in crate::campaigns) async fn judge(
    tx: &mut Tx,
    tenant: TenantId,
    plan: &CampaignPlan,
    contacts: &[Contact],
    now: DateTime<Utc>,
) -> Result<Vec<JudgedContact>> {
    let mut judged = Vec::with_capacity(contacts.len());
    for chunk in contacts.chunks(CHUNK) {
        judged.extend(judge_chunk(tx, tenant, plan, chunk, now).await?);
    }
    Ok(judged)
}

async fn judge_chunk(
    tx: &mut Tx,
    tenant: TenantId,
    plan: &CampaignPlan,
    contacts: &[Contact],
    now: DateTime<Utc>,
) -> Result<Vec<JudgedContact>> {
    let ids: Vec<ContactId> = contacts.iter().map(|it| it.id).collect();
    let identities = contacts::list_identities(tx.on(), tenant, &ids).await?;
    let mut known: HashMap<ContactId, Vec<IdentityRecord>> = HashMap::new();
    for it in identities {
        known.entry(it.contact_id).or_default().push(it);
    }
    let latest = latest_channels(tx, tenant, plan, &ids).await?;
    let route_of = |id: ContactId| {
        let talked = latest.get(&id).and_then(|(_, channel)| plan.route(*channel));
        let any = usize::try_from(id.uuid().as_u128() % plan.routes.len().max(1) as u128).unwrap_or_default();
        talked.or_else(|| plan.routes.get(any))
    };
    let pairs = ids.iter().filter_map(|id| Some((tenant, *id, route_of(*id)?.channel)));
    let pairs: Vec<(TenantId, ContactId, ChannelId)> = pairs.collect();
    let refusing = refusing_marketing(tx.on(), &pairs).await?;
    let blocked = pairs.iter().map(|(tenant, contact, channel)| BlockedContact {
        tenant: *tenant,
        channel: *channel,
        contact: *contact,
    });
    let blocked: HashSet<(ChannelId, ContactId)> = blocks::among(tx.on(), &blocked.collect::<Vec<_>>())
        .await?
        .into_iter()
        .collect();
    let rows = rows(tx, tenant, plan, &ids).await?;
    let judged = contacts.iter().map(|contact| {
        let own = known.get(&contact.id).map_or(&[][..], Vec::as_slice);
        let address = address(own);
        let mut missing = None;
        let verdict = match route_of(contact.id) {
            None => FreezeVerdict::Suppressed("no_channel"),
            Some(route) if blocked.contains(&(route.channel, contact.id)) => FreezeVerdict::Suppressed("blocked"),
            Some(route) if refusing.contains(&(contact.id, route.channel)) => FreezeVerdict::Suppressed("opted_out"),
            Some(route) => {
                let who = Who {
                    contact,
                    identities: own,
                    row: rows.get(&contact.id),
                };
                let judged = verdict(plan, route, &who, address.as_ref(), now);
                judged.unwrap_or_else(|variable| {
                    missing = Some(variable);
                    FreezeVerdict::Suppressed("variable_missing")
                })
            }
        };
        JudgedContact {
            contact: contact.id,
            address,
            verdict,
            missing,
        }
    });
    Ok(judged.collect())
}

/// Reads the rows of contacts that variables take their values from.
async fn rows(
    tx: &mut Tx,
    tenant: TenantId,
    plan: &CampaignPlan,
    ids: &[ContactId],
) -> Result<HashMap<ContactId, RowValues>> {
    if !plan.spec.reads_rows() {
        return Ok(HashMap::new());
    }
    let found = campaigns::rows_of(tx.on(), (tenant, plan.rows_of), ids).await?;
    let values = |(id, params): (ContactId, Option<String>)| Some((id, serde_json::from_str(&params?).ok()?));
    Ok(found.into_iter().filter_map(values).collect())
}

/// What the values for a contact come from.
struct Who<'a> {
    contact: &'a Contact,
    identities: &'a [IdentityRecord],
    row: Option<&'a RowValues>,
}

/// Judges a contact who may be written to from a number.
///
/// # Errors
/// A variable has no value for them: its key.
fn verdict(
    plan: &CampaignPlan,
    route: &Route,
    &Who {
        contact,
        identities,
        row,
    }: &Who<'_>,
    address: Option<&(RecipientKind, String)>,
    now: DateTime<Utc>,
) -> std::result::Result<FreezeVerdict, String> {
    let suppressed = |reason| Ok(FreezeVerdict::Suppressed(reason));
    match address {
        None => return suppressed("no_address"),
        Some((RecipientKind::Phone, _)) => {}
        Some(_) if plan.content.needs_phone() => return suppressed("no_phone"),
        Some(_) => {}
    }
    let language = contact.profile.language.as_deref();
    let Some(language) = plan.content.language(route.account(), language) else {
        return suppressed("no_template");
    };
    let zone = contact.profile.time_zone.as_deref();
    let starts_at = match plan.schedule.as_ref().map_or(Ok(None), |it| it.turn_of(zone, now)) {
        Ok(starts_at) => starts_at,
        Err(missed) => return suppressed(missed),
    };
    let phone = contacts::current_identity(identities, RecipientKind::Phone.as_str());
    let values = plan.spec.values(contact, phone, row)?;
    Ok(FreezeVerdict::Recipient {
        class: WaveClass {
            channel: route.channel,
            language: language.to_owned(),
            starts_at,
        },
        params: serde_json::Value::Object(values).to_string(),
    })
}

/// Returns the address of a contact: a phone number works for every template.
pub(in crate::campaigns) fn address(identities: &[IdentityRecord]) -> Option<(RecipientKind, String)> {
    let current = |kind: RecipientKind| {
        let value = contacts::current_identity(identities, kind.as_str())?;
        Some((kind, value.to_owned()))
    };
    [RecipientKind::Phone, RecipientKind::UserId]
        .into_iter()
        .find_map(current)
}

/// Returns the channel of the campaign that each contact talked with last.
async fn latest_channels(
    tx: &mut Tx,
    tenant: TenantId,
    plan: &CampaignPlan,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, (DateTime<Utc>, ChannelId)>> {
    let mut latest = HashMap::new();
    if plan.routes.len() < 2 {
        return Ok(latest);
    }
    for (contact, channel, at) in conversations::of_contacts(tx.on(), tenant, contacts).await? {
        let entry = latest.entry(contact).or_insert((at, channel));
        if plan.route(channel).is_some() && (plan.route(entry.1).is_none() || at > entry.0) {
            *entry = (at, channel);
        }
    }
    Ok(latest)
}
