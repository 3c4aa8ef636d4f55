//! The last preflight of a campaign.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    PreflightSpec,
    result::{LookedAtSoFar, PreflightResult},
};
use crate::{
    campaigns::{
        error::{CampaignError, CampaignResult},
        spec::CampaignSpec,
    },
    db::{On, Result},
    directory::Route,
    domain::{CampaignId, Id, TaskKind, TenantId, WorkState},
    records::tasks::{self, Task},
    templates::store::templates,
};

/// A template that a campaign would send, as it was when the preflight was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PreflightTemplate {
    /// Meta's id of the business account.
    pub account: String,
    pub language: String,
    pub status: String,
    #[schema(required)]
    pub category: Option<String>,
}

impl PreflightTemplate {
    pub(super) async fn read(on: On<'_>, tenant: TenantId, spec: &CampaignSpec, routes: &[Route]) -> Result<Vec<Self>> {
        let Some(template) = &spec.template else {
            return Ok(Vec::new());
        };
        let accounts: std::collections::BTreeSet<&str> = routes.iter().map(Route::account).collect();
        let names = accounts
            .into_iter()
            .map(|account| (tenant, account.to_owned(), template.name.clone()));
        let rows = templates::find_by_names(on, &names.collect::<Vec<_>>()).await?;
        let mut found: Vec<Self> = rows
            .into_iter()
            .map(|row| Self {
                account: row.waba_id,
                language: row.language,
                status: row.status,
                category: row.category,
            })
            .collect();
        found.sort_by(|one, other| (&one.account, &one.language).cmp(&(&other.account, &other.language)));
        Ok(found)
    }
}

/// Where a preflight stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PreflightState {
    Waiting,
    Running,
    Completed,
    /// It could not be ended: the campaign has changed, or its audience cannot be read.
    Failed,
}

/// A preflight of a campaign.
#[derive(Clone, Debug)]
pub(crate) struct PreflightReport {
    pub state: PreflightState,
    pub error: Option<String>,
    /// The version of the draft that was looked at.
    pub version: i64,
    pub templates: Vec<PreflightTemplate>,
    /// Before its end what was found so far, without a digest.
    pub result: PreflightResult,
    pub at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    template: Option<String>,
    schedule: Option<String>,
}

impl PreflightReport {
    fn of(task: Task) -> Option<Self> {
        let spec: PreflightSpec = serde_json::from_str(&task.spec).ok()?;
        let noted = task.counts.as_deref();
        let so_far = noted.and_then(|it| serde_json::from_str::<LookedAtSoFar>(it).ok());
        let result = task.result.as_deref().and_then(|it| serde_json::from_str(it).ok());
        Some(Self {
            state: match task.state {
                WorkState::Pending | WorkState::Quarantined => PreflightState::Waiting,
                WorkState::Running => PreflightState::Running,
                WorkState::Done => PreflightState::Completed,
                WorkState::Dead | WorkState::Discarded => PreflightState::Failed,
            },
            error: task.last_error.filter(|_| task.state != WorkState::Done),
            version: spec.version,
            templates: spec.templates,
            result: result.or(so_far.map(|it| it.result)).unwrap_or_default(),
            at: spec.at,
            created_at: task.created_at,
            finished_at: task.finished_at,
            template: spec.template,
            schedule: spec.schedule,
        })
    }
}

/// Returns the last preflight of a campaign.
pub(crate) async fn find(on: On<'_>, tenant: TenantId, id: CampaignId) -> Result<Option<PreflightReport>> {
    let task = tasks::last_about(on, tenant, TaskKind::Preflight, id.uuid()).await?;
    Ok(task.and_then(PreflightReport::of))
}

/// Checks that what is launched is what a preflight has looked at: draft, templates and local time.
pub(crate) async fn require(
    on: On<'_>,
    (tenant, id, version): (TenantId, CampaignId, i64),
    (template, schedule): (Option<&str>, Option<&str>),
    digest: &str,
) -> CampaignResult<()> {
    let last = find(on, tenant, id).await?;
    let last = last.filter(|it| it.state == PreflightState::Completed && it.result.digest == digest);
    let why = match last {
        None => "there is none with this digest, or a later one",
        Some(it) if it.version != version => "the campaign has changed since",
        Some(it) if it.template.as_deref() != template => "a template has changed since",
        Some(it) if it.schedule.as_deref() != schedule => "it was for another local time",
        Some(_) => return Ok(()),
    };
    Err(CampaignError::Stale(why))
}
