//! What webhooks tell of templates. They change what they speak of at once; since they may come late, twice, in another order or
//! leave things out, each also asks for a sync.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::status;
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::TenantId,
    meta::webhook::{AccountDetail, TemplateCategory, TemplateRef, TemplateStatus},
    store::templates::{self as store, Told, Whose},
};

/// News of many templates come together, and are looked into together.
const GATHER: TimeDelta = TimeDelta::seconds(5);

/// Something a webhook told of a template.
#[derive(Clone, Debug)]
pub struct News {
    tenant: TenantId,
    waba_id: String,
    at: DateTime<Utc>,
    detail: AccountDetail,
}

impl News {
    /// `None` if it is about something else.
    pub fn of(tenant: TenantId, waba_id: &str, at: DateTime<Utc>, detail: &AccountDetail) -> Option<Self> {
        template(detail)?;
        // Meta tells whole seconds: it happened somewhere in this one.
        let at = match at.timestamp_subsec_micros() {
            0 => at + TimeDelta::microseconds(999_999),
            _ => at,
        };
        Some(Self {
            tenant,
            waba_id: waba_id.to_owned(),
            at,
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

/// Applies news, in one order for everybody, so that two transactions cannot wait for each other in a circle.
pub async fn hear(tx: &mut Tx, clock: &Clock, news: &[News]) -> Result<()> {
    let mut sorted: Vec<(Whose, &News)> = news.iter().filter_map(|it| Some((it.whose()?, it))).collect();
    sorted.sort_by(|(whose, it), (other, that)| (whose, it.at).cmp(&(other, that.at)));
    let mut accounts = BTreeSet::new();
    for (whose, it) in sorted {
        accounts.insert((whose.tenant, whose.waba_id.clone()));
        match &it.detail {
            AccountDetail::TemplateStatus(status) => set_status(tx, whose, status, it.at).await?,
            AccountDetail::TemplateQuality(quality) => {
                store::set_quality(&mut *tx, whose, quality.new.clone(), it.at).await?;
            }
            AccountDetail::TemplateCategory(category) => set_category(tx, whose, category, it.at).await?,
            // It shows the words and not the components: the sync brings those.
            _ => {}
        }
    }
    let now = clock.now();
    for (tenant, waba) in accounts {
        store::want(&mut *tx, clock.new_id(), tenant, &waba, now, now + GATHER).await?;
    }
    Ok(())
}

async fn set_status(tx: &mut Tx, whose: Whose, told: &TemplateStatus, at: DateTime<Utc>) -> Result<()> {
    let Some(status) = status::after(&told.status) else {
        return Ok(());
    };
    let told = Told {
        status: status.to_owned(),
        category: told.category.clone(),
        detail: told.explanation.clone().filter(|_| !status::is_sendable(status)),
        rejected_reason: told.reason.clone().filter(|_| status == "REJECTED"),
    };
    store::set_status(&mut *tx, whose, told, at).await.map(drop)
}

/// A change that is announced says what the category is now and what it will be; one that is done says what it was and what it is.
async fn set_category(tx: &mut Tx, whose: Whose, told: &TemplateCategory, at: DateTime<Utc>) -> Result<()> {
    match (&told.correct, &told.new) {
        (Some(correct), _) => {
            store::announce_category(&mut *tx, whose, correct.clone(), told.takes_effect_at, at).await?;
        }
        (None, Some(new)) => drop(store::set_category(&mut *tx, whose, new.clone(), at).await?),
        (None, None) => {}
    }
    Ok(())
}
