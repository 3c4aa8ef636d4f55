//! What Meta says of a number, for people and for programs.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{messaging::ChannelReport, provider::SubscribedApp};

/// Meta's answers about a number and its token, and the problems that follow from them.
#[derive(Serialize)]
pub(crate) struct MetaAnswers {
    pub can_send: bool,
    pub problems: Vec<String>,
    pub verified_name: Option<String>,
    pub display_phone_number: Option<String>,
    pub status: Option<String>,
    pub name_status: Option<String>,
    pub quality: Option<String>,
    pub messaging_limit: Option<String>,
    /// `AVAILABLE`, `LIMITED` or `BLOCKED`.
    pub health: Option<String>,
    /// Null where the token may not inspect itself.
    pub token_valid: Option<bool>,
    pub token_scopes: Vec<String>,
    /// Null where it never ends, and where that is not known.
    pub token_expires_at: Option<DateTime<Utc>>,
    /// Apps that receive the account's webhooks; null where Meta did not say.
    pub subscribed_apps: Option<Vec<String>>,
}

impl MetaAnswers {
    /// Reads a report. `public_url` is the URL of this server, if configured.
    pub fn of(report: &ChannelReport, public_url: Option<&str>) -> Self {
        let number = report.number.as_ref().cloned().unwrap_or_default();
        let token = report.token.as_ref().ok();
        let named = |apps: &Vec<SubscribedApp>| {
            let names = apps.iter().filter_map(|app| app.name.clone().or(app.id.clone()));
            names.collect()
        };
        Self {
            can_send: report.can_send(),
            problems: report.problems(public_url),
            verified_name: number.verified_name,
            display_phone_number: number.display_phone_number,
            status: number.status,
            name_status: number.name_status,
            quality: number.quality_rating,
            messaging_limit: number.messaging_limit,
            health: number.health.and_then(|health| health.can_send_message),
            token_valid: token.map(|token| token.valid),
            token_scopes: token.map(|token| token.scopes.clone()).unwrap_or_default(),
            token_expires_at: token.and_then(|token| token.expires_at),
            subscribed_apps: report.subscribed.as_ref().ok().map(named),
        }
    }

    /// Writes the number in one line.
    pub fn line(&self) -> String {
        let unknown = || "unknown".to_owned();
        let or_unknown = |value: &Option<String>| value.clone().unwrap_or_else(unknown);
        let number = self.display_phone_number.as_ref().map(|digits| format!("+{digits}"));
        let token = match (self.token_valid, self.token_expires_at) {
            (None, _) => "token not inspected".to_owned(),
            (Some(false), _) => "token not valid".to_owned(),
            (Some(true), None) => "token valid".to_owned(),
            (Some(true), Some(end)) => format!("token valid until {}", end.format("%Y-%m-%d")),
        };
        let apps = match self.subscribed_apps.as_deref() {
            None => "subscribed apps unknown".to_owned(),
            Some([]) => "no app is subscribed".to_owned(),
            Some(apps) => format!("subscribed: {}", apps.join(", ")),
        };
        format!(
            "{} {:?}, {}, name {}, quality {}, limit {}, {token}, {apps}",
            number.unwrap_or_else(unknown),
            self.verified_name.as_deref().unwrap_or("unnamed"),
            or_unknown(&self.status),
            or_unknown(&self.name_status),
            or_unknown(&self.quality),
            or_unknown(&self.messaging_limit),
        )
    }
}

impl fmt::Display for MetaAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at Meta  {}", self.line())?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\nproblem  {problem}"))
    }
}
