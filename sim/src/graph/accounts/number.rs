//! A business phone number.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Blocked, QrCode};
use crate::graph::Graph;
use crate::graph::config::{Level, NumberSeed};
use crate::graph::enforcement::Enforcement;
use crate::graph::limits::{Limits, Terms};
use crate::graph::refusal::Refusal;
use crate::graph::request::{Call, select};
use crate::graph::statuses::Event;
use crate::graph::time::{Moment, micros};
use crate::graph::tokens::Scope;
use crate::simulator::lock;
use crate::traffic::Line;

#[derive(Debug)]
pub(crate) struct Number {
    pub line: Line,
    pub card: Mutex<Card>,
    pub limits: Mutex<Limits>,
}

/// What is to be seen of a number.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub verified_name: String,
    pub quality: String,
    pub status: String,
    pub name_status: String,
    pub code_verification: String,
    pub level: Level,
    /// Until when it is being upgraded, and to what.
    pub upgrade: Option<(Moment, Level)>,
    /// Callback URL in place of the account's or the app's.
    pub callback: Option<String>,
    pub settings: Value,
    pub profile: Value,
    pub blocked: Vec<Blocked>,
    pub qr_codes: Vec<QrCode>,
}

/// What `POST /_sim/numbers/{id}` changes; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberPatch {
    /// At once, unless `upgrading_ms` says how long sends are answered 131057 before.
    pub level: Option<Level>,
    pub upgrading_ms: Option<u64>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    /// `CONNECTED`, or anything else for a number that cannot send: 133010.
    pub status: Option<String>,
    /// Of the display name: `APPROVED`, `PENDING_REVIEW`, `DECLINED` …
    pub name_status: Option<String>,
    /// `VERIFIED`, or `NOT_VERIFIED`, `EXPIRED` …
    pub code_verification: Option<String>,
}

impl Number {
    pub fn new(line: Line, level: Level, verified_name: &str) -> Self {
        Self {
            line,
            card: Mutex::new(Card {
                verified_name: verified_name.to_owned(),
                quality: "GREEN".to_owned(),
                status: "CONNECTED".to_owned(),
                name_status: "APPROVED".to_owned(),
                code_verification: "VERIFIED".to_owned(),
                level,
                upgrade: None,
                callback: None,
                settings: json!({"storage_configuration": {"status": "DEFAULT"}}),
                profile: super::profile::unset(),
                blocked: Vec::new(),
                qr_codes: Vec::new(),
            }),
            limits: Mutex::default(),
        }
    }

    /// The throughput the number has now.
    pub fn terms(&self, rules: &Enforcement) -> Terms {
        let per_second = lock(&self.card).level.per_second();
        Terms {
            per_second,
            burst: per_second * rules.throughput_burst_seconds,
        }
    }

    /// Refuses a send for what the number itself is like.
    pub fn ready(&self, now: Moment) -> Result<(), Refusal> {
        let card = lock(&self.card);
        if card.status != "CONNECTED" {
            return Err(Refusal::of(133010));
        }
        match card.upgrade {
            Some((until, _)) if now < until => Err(Refusal::of(131057)),
            _ => Ok(()),
        }
    }
}

impl Graph {
    /// Adds a number, and its account if that is new.
    pub fn add_number(&self, seed: NumberSeed) {
        let waba_id = seed.waba_id.unwrap_or_else(|| self.line.waba_id.clone());
        self.ensure_account(&waba_id);
        let line = Line {
            waba_id,
            phone_number_id: seed.phone_number_id,
            display_phone_number: seed.display_phone_number,
        };
        self.enter_number(Number::new(line, seed.level, &self.config.verified_name));
    }

    /// Changes a number. An upgrade is announced when it is done. False if there is no such number.
    pub fn change_number(&self, phone_number_id: &str, patch: NumberPatch) -> bool {
        let Ok(number) = self.number(phone_number_id) else {
            return false;
        };
        let mut card = lock(&number.card);
        if let Some(quality) = patch.quality {
            card.quality = quality;
        }
        if let Some(status) = patch.status {
            card.status = status;
        }
        if let Some(status) = patch.name_status {
            card.name_status = status;
        }
        if let Some(verification) = patch.code_verification {
            card.code_verification = verification;
        }
        match (patch.level, patch.upgrading_ms) {
            (Some(level), Some(ms)) => {
                let wait = Duration::from_millis(ms);
                card.upgrade = Some((self.time.now() + micros(wait), level));
                self.schedule(wait, Event::Upgraded(phone_number_id.to_owned()));
            }
            (Some(level), None) => card.level = level,
            (None, _) => {}
        }
        true
    }

    pub(crate) fn finish_upgrade(&self, phone_number_id: &str) {
        let Ok(number) = self.number(phone_number_id) else {
            return;
        };
        let mut card = lock(&number.card);
        let Some((_, level)) = card.upgrade.take() else {
            return;
        };
        card.level = level;
        drop(card);
        let value = json!({
            "display_phone_number": number.line.display_phone_number,
            "event": "THROUGHPUT_UPGRADE",
            "max_daily_conversations_per_business": self.config.messaging_limit,
        });
        self.announce(&number.line.waba_id, "phone_number_quality_update", value);
    }

    /// The number a call is addressed to, if the token opens its account.
    pub(crate) fn addressed(&self, call: &Call, scope: Scope) -> Result<Arc<Number>, Refusal> {
        let number = self.number(call.object());
        let waba = number.as_ref().ok().map(|number| number.line.waba_id.as_str());
        self.allow(call, scope, waba)?;
        number
    }

    /// `GET /{phone_number_id}`.
    pub(crate) fn show_number(&self, call: &Call) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Management)?;
        Ok(self.number_json(&number, call))
    }

    pub(crate) fn number_json(&self, number: &Number, call: &Call) -> Value {
        const USUAL: [&str; 6] = [
            "verified_name",
            "code_verification_status",
            "display_phone_number",
            "quality_rating",
            "platform_type",
            "throughput",
        ];
        let fields = call.fields().unwrap_or(USUAL.to_vec());
        let card = lock(&number.card).clone();
        let mut whole = json!({
            "id": number.line.phone_number_id,
            "display_phone_number": displayed(&number.line.display_phone_number),
            "verified_name": card.verified_name,
            "quality_rating": card.quality,
            "quality_score": {"score": card.quality},
            "status": card.status,
            "name_status": card.name_status,
            "code_verification_status": card.code_verification,
            "platform_type": "CLOUD_API",
            "is_on_biz_app": card.level == Level::Coexistence,
            "account_mode": "LIVE",
            "is_official_business_account": false,
            "throughput": {"level": card.level.name()},
            "whatsapp_business_manager_messaging_limit": self.config.messaging_limit,
            "webhook_configuration": self.callbacks(number),
        });
        if fields.contains(&"health_status")
            && let Some(account) = self.account(&number.line.waba_id)
        {
            whole["health_status"] = self.health(&account, Some(number));
        }
        select(whole, Some(&fields))
    }
}

/// `12065550142` as Meta shows it: `+1 206-555-0142`; elsewhere without groups.
fn displayed(digits: &str) -> String {
    match digits.strip_prefix('1') {
        Some(rest) if rest.len() == 10 => format!("+1 {}-{}-{}", &rest[..3], &rest[3..6], &rest[6..]),
        _ => format!("+{digits}"),
    }
}
