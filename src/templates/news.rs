//! What webhooks tell of templates. They change what they speak of at once; since they may come late, twice, in another order or
//! leave things out, each also asks for a sync.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{status, told::About};
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::TenantId,
    meta::webhook::{AccountDetail, TemplateCategory, TemplateRef, TemplateStatus},
    records::{events::NewEvent, lock_order::Stage},
    templates::store::templates::{self as store, Template, Told, Whose},
};

/// News of many templates come together, and are looked into together.
const GATHER: TimeDelta = TimeDelta::seconds(5);

/// Something a webhook told of a template.
#[derive(Clone, Debug)]
pub struct News {
    tenant: TenantId,
    waba_id: String,
    /// When Meta told it.
    told_at: DateTime<Utc>,
    /// Until when it may have happened.
    at: DateTime<Utc>,
    detail: AccountDetail,
}

impl News {
    /// `None` if it is about something else.
    pub fn of(tenant: TenantId, waba_id: &str, at: DateTime<Utc>, detail: &AccountDetail) -> Option<Self> {
        template(detail)?;
        // Meta tells whole seconds: it happened somewhere in this one.
        let until = match at.timestamp_subsec_micros() {
            0 => at + TimeDelta::microseconds(999_999),
            _ => at,
        };
        Some(Self {
            tenant,
            waba_id: waba_id.to_owned(),
            told_at: at,
            at: until,
            detail: detail.clone(),
        })
    }

    fn whose(&self) -> Option<Whose> {
        let template = template(&self.detail)?;
        Some(Whose {
            tenant: self.tenant,
            waba_id: self.waba_id.clone(),
            meta_id: template.id.clone().unwrap_or_default(),
            name: template.name.clone().unwrap_or_default(),
            language: template
                .language
                .as_deref()
                .unwrap_or_default()
                .to_lowercase()
                .replace('-', "_"),
        })
    }
}

fn template(detail: &AccountDetail) -> Option<&TemplateRef> {
    match detail {
        AccountDetail::TemplateStatus(it) => Some(&it.template),
        AccountDetail::TemplateQuality(it) => Some(&it.template),
        AccountDetail::TemplateCategory(it) => Some(&it.template),
        AccountDetail::TemplateComponents(it) => Some(&it.template),
        _ => None,
    }
}

/// Applies news, in one order for everybody, so that two transactions cannot wait for each other in a circle. Returns what there is to
/// tell: what was new, and what is said of templates that are not known here.
pub async fn hear(tx: &mut Tx, clock: &Clock, news: &[News]) -> Result<Vec<NewEvent>> {
    if news.is_empty() {
        return Ok(Vec::new());
    }
    Stage::Configuration.reach(tx);
    let mut sorted: Vec<(Whose, &News)> = news.iter().filter_map(|it| Some((it.whose()?, it))).collect();
    sorted.sort_by(|(whose, it), (other, that)| (whose, it.at).cmp(&(other, that.at)));
    let (mut accounts, mut told) = (BTreeSet::new(), Vec::new());
    for (whose, it) in sorted {
        accounts.insert((whose.tenant, whose.waba_id.clone()));
        let Some(named) = template(&it.detail) else { continue };
        let before = store::told_of(&mut *tx, whose.clone()).await?;
        let about = About {
            tenant: it.tenant,
            waba_id: &it.waba_id,
            before: before.as_ref(),
            named,
            at: it.told_at,
        };
        told.extend(match &it.detail {
            AccountDetail::TemplateStatus(status) => set_status(tx, clock, (whose, it.at), &about, status).await?,
            AccountDetail::TemplateQuality(quality) => {
                let written = store::set_quality(&mut *tx, whose, quality.new.clone(), it.at).await? > 0;
                let is_other = |it: &Template| it.quality.as_ref() != Some(&quality.new);
                about.news(written, is_other).then(|| about.quality(clock, quality))
            }
            AccountDetail::TemplateCategory(category) => {
                set_category(tx, clock, (whose, it.at), &about, category).await?
            }
            // It shows the words and not the components: the sync brings those, and tells of them.
            _ => None,
        });
    }
    let now = clock.now();
    for (tenant, waba) in accounts {
        store::want(&mut *tx, clock.new_id(), tenant, &waba, now, now + GATHER).await?;
    }
    Ok(told)
}

async fn set_status(
    tx: &mut Tx,
    clock: &Clock,
    (whose, at): (Whose, DateTime<Utc>),
    about: &About<'_>,
    told: &TemplateStatus,
) -> Result<Option<NewEvent>> {
    let Some(status) = status::after(&told.status) else {
        return Ok(Some(about.status(clock, &told.status, told)));
    };
    let new = Told {
        status: status.to_owned(),
        category: told.category.clone(),
        detail: told.explanation.clone().filter(|_| !status::is_sendable(status)),
        rejected_reason: told.reason.clone().filter(|_| status == "REJECTED"),
    };
    let written = store::set_status(&mut *tx, whose, new, at).await? > 0;
    let is_news = about.news(written, |it| it.status != status);
    Ok(is_news.then(|| about.status(clock, status, told)))
}

/// A change that is announced says what the category is now and what it will be; one that is done says what it was and what it is.
async fn set_category(
    tx: &mut Tx,
    clock: &Clock,
    (whose, at): (Whose, DateTime<Utc>),
    about: &About<'_>,
    told: &TemplateCategory,
) -> Result<Option<NewEvent>> {
    let is_news = match (&told.correct, &told.new) {
        (Some(correct), _) => {
            let effective = told.takes_effect_at;
            let written = store::announce_category(&mut *tx, whose, correct.clone(), effective, at).await? > 0;
            about.news(written, |it| it.announced_category.as_ref() != Some(correct))
        }
        (None, Some(new)) => {
            let written = store::set_category(&mut *tx, whose, new.clone(), at).await? > 0;
            about.news(written, |it| it.category.as_ref() != Some(new))
        }
        (None, None) => false,
    };
    Ok(is_news.then(|| about.category(clock, told)))
}
