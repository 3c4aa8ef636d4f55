//! Validation of the environment.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use chrono::TimeDelta;
use chrono_tz::Tz;
use ipnet::IpNet;

use super::{
    Config, ConnectionLimits, Deliveries, Environment, Graph, Limits, Purpose, RedisConfig, Retention, Secret,
    SendingConfig, TelemetryConfig, connections::metrics_listen, dead_letters, egress, storage,
};
use crate::crypto::Keyring;

/// An invalid variable. Displays as `VARIABLE: problem; fix`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{variable}: {problem}; {cure}")]
pub struct ConfigError {
    pub variable: &'static str,
    pub problem: String,
    pub cure: &'static str,
}

impl ConfigError {
    pub(super) fn new(variable: &'static str, problem: impl Into<String>, cure: &'static str) -> Self {
        Self {
            variable,
            problem: problem.into(),
            cure,
        }
    }

    pub(super) fn invalid_environment(error: &clap::Error) -> Self {
        Self::new("environment", error.to_string(), "set every variable to text in UTF-8")
    }
}

/// Parses an IANA time zone.
fn zone(variable: &'static str, name: &str) -> Result<Tz, ConfigError> {
    let cure = "name a zone of the IANA database, such as UTC or Asia/Kolkata";
    Tz::from_str(name).map_err(|_| ConfigError::new(variable, format!("there is no time zone {name:?}"), cure))
}

/// Parses the minutes before the end of a service window, which is 24 hours long.
fn window_closing(minutes: &str) -> Result<Option<TimeDelta>, ConfigError> {
    let minutes: i64 = number("MAINSTAY_WINDOW_CLOSING_MINUTES", minutes, 0..=1_380)?;
    Ok((minutes > 0).then(|| TimeDelta::minutes(minutes)))
}

impl Environment {
    pub fn check(self, purpose: Purpose) -> Result<Config, ConfigError> {
        let sqlite = self.database_url.starts_with("sqlite:");
        if !sqlite && !self.database_url.starts_with("postgres://") && !self.database_url.starts_with("postgresql://") {
            let cure = "use sqlite://data/mainstay.db or postgres://user:password@host/name";
            return Err(ConfigError::new("DATABASE_URL", "unknown kind of database", cure));
        }
        self.check_size(purpose, sqlite)?;
        let worker_port = self.worker_port.as_deref().filter(|port| !port.is_empty());
        Ok(Config {
            redis: self.redis()?,
            keyring: self.keyring()?,
            admin_token: secret("MAINSTAY_ADMIN_TOKEN", self.admin_token.as_deref(), 16)?,
            metrics_token: secret("MAINSTAY_METRICS_TOKEN", self.metrics_token.as_deref(), 16)?,
            metrics_listen: metrics_listen(self.metrics_listen.as_deref())?,
            app_secrets: list(self.app_secrets.as_deref()),
            verify_token: secret("META_VERIFY_TOKEN", self.verify_token.as_deref(), 1)?,
            listen: address("HOST and PORT", &self.host, &self.port)?,
            worker_listen: worker_port
                .map(|port| address("WORKER_PORT", &self.host, port))
                .transpose()?,
            graph: Graph {
                base_url: self.graph_base_url.trim_end_matches('/').to_owned(),
                version: graph_version(&self.graph_version)?,
                timeout: Duration::from_secs(number("GRAPH_TIMEOUT", &self.graph_timeout, 1..=120)?),
            },
            sending: SendingConfig {
                unknown_window: seconds("MAINSTAY_UNKNOWN_SECONDS", &self.unknown_seconds, 1..=86_400)?,
                window_closing: window_closing(&self.window_closing_minutes)?,
            },
            deliveries: Deliveries::read(&self)?,
            limits: Limits {
                body_bytes: number("MAINSTAY_BODY_BYTES", &self.body_bytes, 1_024..=16_777_216)?,
                request_bytes: number(
                    "MAINSTAY_REQUEST_BYTES",
                    &self.request_bytes,
                    16_777_216..=68_719_476_736,
                )?,
                intake_backlog: number("MAINSTAY_INTAKE_BACKLOG", &self.intake_backlog, 1..=1_000_000)?,
                outbox_backlog: number("MAINSTAY_OUTBOX_BACKLOG", &self.outbox_backlog, 1..=100_000)?,
                api_rate: number("MAINSTAY_API_RATE", &self.api_rate, 1..=100_000)?,
                queue_depth: number("MAINSTAY_QUEUE_DEPTH", &self.queue_depth, 1_000..=10_000_000)?,
                disk_free_mb: number("MAINSTAY_DISK_FREE_MB", &self.disk_free_mb, 0..=1_000_000)?,
            },
            connections: ConnectionLimits::read(&self)?,
            retention: Retention {
                raw_events: days("MAINSTAY_RAW_EVENT_DAYS", &self.raw_event_days)?,
                dead_events: days("MAINSTAY_DEAD_EVENT_DAYS", &self.dead_event_days)?,
                events: days("MAINSTAY_EVENT_DAYS", &self.event_days)?,
                sends: days("MAINSTAY_SEND_DAYS", &self.send_days)?,
                orphan_statuses: days("MAINSTAY_ORPHAN_STATUS_DAYS", &self.orphan_status_days)?,
                media: days("MAINSTAY_MEDIA_DAYS", &self.media_days)?,
                campaigns: days("MAINSTAY_CAMPAIGN_DAYS", &self.campaign_days)?,
            },
            verification_cache: number(
                "MAINSTAY_VERIFICATION_CACHE_DAYS",
                &self.verification_cache_days,
                0..=365,
            )
            .map(TimeDelta::days)?,
            dead_letters: dead_letters::ladder(&self)?,
            scheduler_zone: zone("MAINSTAY_SCHEDULER_ZONE", &self.scheduler_zone)?,
            storage: storage::read(&self)?,
            egress: egress::read(&self)?,
            public_url: public_url(self.public_url.as_deref())?,
            telemetry: TelemetryConfig {
                json: choice("MAINSTAY_LOG_FORMAT", &self.log_format, ["pretty", "json"])? == "json",
                filter: self.log_filter,
                otlp_endpoint: self.otlp_endpoint.filter(|url| !url.is_empty()),
            },
            database_connections: number("DATABASE_CONNECTIONS", &self.database_connections, 2..=1_000)?,
            database_read_connections: number("DATABASE_READ_CONNECTIONS", &self.database_read_connections, 2..=1_000)?,
            database_url: self.database_url,
        })
    }

    /// Checks that the database and the queue suit the kind of process.
    fn check_size(&self, purpose: Purpose, sqlite: bool) -> Result<(), ConfigError> {
        let redis = self.redis_url.as_ref().is_some_and(|url| !url.is_empty());
        if redis && sqlite {
            let problem = "set, but the database is a SQLite file, which several machines cannot share";
            return Err(ConfigError::new(
                "REDIS_URL",
                problem,
                "unset it, or set DATABASE_URL to PostgreSQL",
            ));
        }
        if !redis && matches!(purpose, Purpose::Api | Purpose::Worker) {
            let problem = "unset, so the queue would live inside this process and no other could see it";
            let cure =
                "set it (with DATABASE_URL on PostgreSQL), or run `mainstay serve`, which is api and worker in one";
            return Err(ConfigError::new("REDIS_URL", problem, cure));
        }
        Ok(())
    }

    fn redis(&self) -> Result<Option<RedisConfig>, ConfigError> {
        let Some(url) = self.redis_url.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        if !url.starts_with("redis://") && !url.starts_with("rediss://") && !url.starts_with("redis+unix://") {
            return Err(ConfigError::new(
                "REDIS_URL",
                "not a Redis address",
                "use e.g. redis://localhost:6379",
            ));
        }
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.redis_prefix.is_empty() || !self.redis_prefix.chars().all(safe) {
            let cure = "use letters, digits, '-', '_' or '.'";
            return Err(ConfigError::new("REDIS_PREFIX", "not usable in a key", cure));
        }
        Ok(Some(RedisConfig {
            url: Secret::new(url),
            prefix: self.redis_prefix.clone(),
        }))
    }

    fn keyring(&self) -> Result<Keyring, ConfigError> {
        const CURE: &str =
            "make one with `openssl rand -base64 32` and keep it safe: without it the stored secrets cannot be read";
        let keys = self.master_key.as_deref().unwrap_or_default();
        Keyring::parse(keys).map_err(|problem| ConfigError::new("MAINSTAY_MASTER_KEY", problem, CURE))
    }
}

fn address(variable: &'static str, host: &str, port: &str) -> Result<SocketAddr, ConfigError> {
    let text = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    let problem = |_| {
        ConfigError::new(
            variable,
            format!("{text} is not an address"),
            "use e.g. HOST=127.0.0.1 PORT=8080",
        )
    };
    text.parse().map_err(problem)
}

fn list(text: Option<&str>) -> Vec<Secret> {
    let words = text.unwrap_or_default().split(',').map(str::trim);
    words.filter(|word| !word.is_empty()).map(Secret::new).collect()
}

/// Parses networks separated by commas; a single address is a network of one.
pub(super) fn networks(variable: &'static str, text: Option<&str>) -> Result<Vec<IpNet>, ConfigError> {
    let network = |word: &str| {
        let found = word
            .parse::<IpNet>()
            .ok()
            .or_else(|| Some(word.parse::<std::net::IpAddr>().ok()?.into()));
        found.ok_or_else(|| ConfigError::new(variable, format!("{word:?} is not a network"), "use e.g. 10.1.0.0/16"))
    };
    let words = text.unwrap_or_default().split(',').map(str::trim);
    words.filter(|word| !word.is_empty()).map(network).collect()
}

fn secret(variable: &'static str, text: Option<&str>, min_length: usize) -> Result<Option<Secret>, ConfigError> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) if text.len() < min_length => {
            let problem = format!("shorter than {min_length} characters");
            Err(ConfigError::new(
                variable,
                problem,
                "make one with `openssl rand -hex 32`",
            ))
        }
        text => Ok(text.map(Secret::new)),
    }
}

pub(super) fn number<T>(
    variable: &'static str,
    text: &str,
    range: std::ops::RangeInclusive<T>,
) -> Result<T, ConfigError>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    let number = text.trim().parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let problem = format!(
            "{text:?} is not a whole number from {} to {}",
            range.start(),
            range.end()
        );
        ConfigError::new(variable, problem, "correct it, or unset it for the default")
    })
}

fn seconds(variable: &'static str, text: &str, range: std::ops::RangeInclusive<i64>) -> Result<TimeDelta, ConfigError> {
    number(variable, text, range).map(TimeDelta::seconds)
}

pub(super) fn days(variable: &'static str, text: &str) -> Result<TimeDelta, ConfigError> {
    number(variable, text, 1..=36_500).map(TimeDelta::days)
}

pub(super) fn choice(
    variable: &'static str,
    text: &str,
    words: [&'static str; 2],
) -> Result<&'static str, ConfigError> {
    let found = words.into_iter().find(|word| *word == text.trim());
    found.ok_or_else(|| {
        let problem = format!("{text:?} is neither {} nor {}", words[0], words[1]);
        ConfigError::new(variable, problem, "correct it, or unset it for the default")
    })
}

fn public_url(text: Option<&str>) -> Result<Option<String>, ConfigError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let known = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    if !known || url::Url::parse(text).is_err() {
        let problem = format!("{text:?} is not an address");
        return Err(ConfigError::new(
            "MAINSTAY_PUBLIC_URL",
            problem,
            "use e.g. https://mainstay.example",
        ));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

fn graph_version(text: &str) -> Result<String, ConfigError> {
    let number = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match number {
        Some((major, minor)) if digits(major) && digits(minor) => Ok(text.to_owned()),
        _ => Err(ConfigError::new(
            "GRAPH_VERSION",
            format!("{text:?} is not a version"),
            "use e.g. v25.0",
        )),
    }
}
