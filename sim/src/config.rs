//! Whom the simulator plays, towards whom, and how.

use std::time::Duration;

use anyhow::ensure;

use crate::traffic::Shape;
use crate::{Encoding, GraphConfig, Manners, RedeliveryPolicy};

/// Where times in webhooks come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock: for demonstrations, where service windows should be open. Two runs differ.
    Wall,
    /// Unix seconds to start at; time then passes with each change. Two runs are the same, byte for byte.
    From(i64),
    /// As [`Clock::From`], but on Meta's side no time passes except what a test puts it forward by.
    Still(i64),
}

/// How often each sort of change is generated, as weights: 0 leaves it out.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// Messages from customers.
    pub messages: u32,
    /// The shapes those messages may take; empty for all.
    pub shapes: Vec<Shape>,
    /// Messages the business wrote on its own phone, each followed by its statuses.
    pub echoes: u32,
    /// Statuses of messages nobody has heard of.
    pub statuses: u32,
    /// Old conversations, in chunks, after a business joined with its phone.
    pub history: u32,
    /// Templates, quality, account, security, preferences, calls, groups: every other field.
    pub account: u32,
    /// Errors at the level of the value, with neither messages nor statuses.
    pub errors: u32,
    /// Fields, statuses and arrays nobody has documented.
    pub oddities: u32,
}

impl Mix {
    /// Nothing but plain text messages, for benchmarks.
    pub fn texts() -> Self {
        Self {
            messages: 1,
            shapes: vec![Shape::Text],
            echoes: 0,
            statuses: 0,
            history: 0,
            account: 0,
            errors: 0,
            oddities: 0,
        }
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            messages: 60,
            shapes: Vec::new(),
            echoes: 10,
            statuses: 10,
            history: 2,
            account: 12,
            errors: 2,
            oddities: 4,
        }
    }
}

/// Everything a [`Simulator`](crate::Simulator) or a bare [`Traffic`](crate::Traffic) needs to know.
///
/// [`Traffic`](crate::Traffic) reads the ids, `seed`, `customers`, `clock`, `encoding`, `mix` and `manners`; the rest is for delivery.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Where webhooks are posted.
    pub callback_url: String,
    /// Signs every body.
    pub app_secret: String,
    /// Sent in the GET handshake.
    pub verify_token: String,
    pub waba_id: String,
    pub phone_number_id: String,
    /// Digits, as in `metadata.display_phone_number`.
    pub display_phone_number: String,
    /// The same seed and settings give the same bytes.
    pub seed: u64,
    /// How many people write; at least 1.
    pub customers: usize,
    /// Webhooks per second in [`Simulator::run`](crate::Simulator::run); above 0.
    pub rate_per_second: f64,
    pub clock: Clock,
    pub encoding: Encoding,
    pub mix: Mix,
    pub manners: Manners,
    pub redelivery: RedeliveryPolicy,
    /// How many POSTs may be under way at once; at least 1. With 1, first deliveries keep the order of generation.
    pub concurrency: usize,
    /// How many webhooks may wait for their 200 before no new one is generated; at least 1.
    pub backlog: usize,
    /// How long one POST may take before it counts as unanswered.
    pub request_timeout: Duration,
    /// The Graph API.
    pub graph: GraphConfig,
}

impl SimConfig {
    /// Says what is wrong with settings that cannot work.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        ensure!(self.customers > 0, "at least one customer is needed");
        ensure!(self.concurrency > 0, "at least one POST must be allowed at a time");
        ensure!(self.backlog > 0, "at least one webhook must be allowed to wait");
        ensure!(
            self.rate_per_second.is_finite() && self.rate_per_second > 0.0,
            "the rate must be a number above 0"
        );
        Ok(())
    }
}

impl Default for SimConfig {
    /// Invented ids, 20 customers, one webhook per second, polite, deterministic.
    fn default() -> Self {
        Self {
            callback_url: "http://127.0.0.1:8080/webhooks/whatsapp".to_owned(),
            app_secret: "simulated-app-secret".to_owned(),
            verify_token: "simulated-verify-token".to_owned(),
            waba_id: "208813345671290".to_owned(),
            phone_number_id: "117700456123987".to_owned(),
            display_phone_number: "12065550142".to_owned(),
            seed: 1,
            customers: 20,
            rate_per_second: 1.0,
            clock: Clock::From(1_790_000_000),
            encoding: Encoding::default(),
            mix: Mix::default(),
            manners: Manners::default(),
            redelivery: RedeliveryPolicy::default(),
            concurrency: 8,
            backlog: 1024,
            request_timeout: Duration::from_secs(8),
            graph: GraphConfig::default(),
        }
    }
}
