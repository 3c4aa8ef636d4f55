//! Campaigns as the command line shows them.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::{
    campaigns::{CampaignProgress, CampaignReport, WaitingFor, store::StoredCampaign},
    domain::{CampaignId, CampaignStatus, ChannelId},
    provider::errors,
};

#[derive(Serialize)]
pub(super) struct ListedCampaign {
    id: CampaignId,
    name: String,
    status: CampaignStatus,
    reason: Option<String>,
    starts_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl ListedCampaign {
    pub fn of(it: StoredCampaign) -> Self {
        Self {
            id: it.id,
            name: it.name,
            status: it.status,
            reason: it.reason,
            starts_at: it.starts_at,
            finished_at: it.finished_at,
        }
    }
}

impl fmt::Display for ListedCampaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {:<9}", self.id, self.status.as_str())?;
        match self.starts_at {
            Some(at) => write!(f, "  {}", shown(at))?,
            None => write!(f, "  {:<20}", "")?,
        }
        write!(f, "  {}", self.name)
    }
}

#[derive(Serialize)]
pub(super) struct ShownCampaign {
    #[serde(flatten)]
    campaign: ListedCampaign,
    reason_details: Option<String>,
    waiting_for: Option<WaitingFor>,
    stalled_since: Option<DateTime<Utc>>,
    progress: CampaignProgress,
}

impl ShownCampaign {
    pub fn of(mut it: StoredCampaign, progress: CampaignProgress, waiting_for: Option<WaitingFor>) -> Self {
        Self {
            reason_details: it.reason_details.take(),
            stalled_since: it.stalled_since,
            campaign: ListedCampaign::of(it),
            waiting_for,
            progress,
        }
    }
}

impl fmt::Display for ShownCampaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.campaign;
        write!(f, "campaign      {}\nname          {}", it.id, it.name)?;
        write!(f, "\nstatus        {}", it.status.as_str())?;
        match (&self.reason_details, &it.reason) {
            (Some(details), _) => write!(f, ": {details}")?,
            (None, Some(reason)) => write!(f, ": {reason}")?,
            (None, None) => {}
        }
        if let Some(at) = it.starts_at {
            write!(f, "\nstarts        {}", shown(at))?;
        }
        if let Some(at) = it.finished_at {
            write!(f, "\nended         {}", shown(at))?;
        }
        if let Some(reason) = self.waiting_for {
            write!(f, "\nwaits for     {}", reason.words())?;
        }
        if let Some(since) = self.stalled_since {
            write!(f, "\nstalled       since {}", shown(since))?;
        }
        write!(f, "\nrecipients    {}", numbers(&self.progress))
    }
}

#[derive(Serialize)]
pub(super) struct ReportedCampaign {
    #[serde(flatten)]
    campaign: ListedCampaign,
    progress: CampaignProgress,
    failures: Vec<ReportedFailure>,
    waves: Vec<ReportedWaveLine>,
    started_at: Option<DateTime<Utc>>,
    first_message_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct ReportedFailure {
    code: i64,
    count: i64,
    title: Option<&'static str>,
    advice: &'static str,
}

#[derive(Serialize)]
struct ReportedWaveLine {
    wave: i64,
    channel_id: Option<ChannelId>,
    language: Option<String>,
    progress: CampaignProgress,
}

impl ReportedCampaign {
    pub fn of(it: CampaignReport) -> Self {
        let failure = |(code, count)| {
            let explained = errors::explain(Some(code).filter(|code| *code != 0));
            ReportedFailure {
                code,
                count,
                title: explained.title,
                advice: explained.advice,
            }
        };
        let waves = it.waves.into_iter().map(|it| ReportedWaveLine {
            wave: it.wave.wave,
            channel_id: it.wave.channel_id,
            language: it.wave.language,
            progress: it.numbers,
        });
        Self {
            progress: it.numbers,
            failures: it.failures.into_iter().map(failure).collect(),
            waves: waves.collect(),
            started_at: it.campaign.started_at,
            first_message_at: it.first_message_at,
            campaign: ListedCampaign::of(it.campaign),
        }
    }
}

impl fmt::Display for ReportedCampaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nrecipients    {}", self.campaign, numbers(&self.progress))?;
        for it in &self.failures {
            let title = it.title.unwrap_or("no code");
            write!(f, "\nfailed        {} by {} {title}: {}", it.count, it.code, it.advice)?;
        }
        for it in self.waves.iter().filter(|it| it.channel_id.is_some()) {
            let channel = it.channel_id.map(|id| id.to_string()).unwrap_or_default();
            let language = it.language.as_deref().unwrap_or("message");
            let numbers = numbers(&it.progress);
            write!(f, "\nwave {:<8} {channel} {language}: {numbers}", it.wave)?;
        }
        Ok(())
    }
}

/// Returns the states that somebody is in.
fn numbers(it: &CampaignProgress) -> String {
    let states = [
        (it.pending, "pending"),
        (it.open, "open"),
        (it.unknown, "unknown"),
        (it.accepted, "accepted"),
        (it.sent, "sent"),
        (it.delivered, "delivered"),
        (it.read, "read"),
        (it.played, "played"),
        (it.failed, "failed"),
        (it.expired, "expired"),
        (it.canceled, "canceled"),
        (it.deleted, "deleted"),
        (it.suppressed, "suppressed"),
    ];
    let named = states
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, name)| format!("{n} {name}"));
    let named: Vec<String> = named.collect();
    match named.as_slice() {
        [] => "0".to_owned(),
        named => format!("{}: {}", it.total, named.join(", ")),
    }
}

fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
