//! What becomes of messages that were accepted.

use serde::{Deserialize, Serialize};

use crate::traffic::LATE_FAILURES;

/// Which statuses tell `biz_opaque_callback_data` back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Echo {
    Always,
    /// All but `failed`, of which Meta does not say it.
    NotOnFailed,
    Never,
}

/// The statuses a send causes: how soon, how likely and how badly told. Probabilities go from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusPolicy {
    /// False: no send causes any status, for benchmarks.
    pub enabled: bool,
    /// When `sent` is told, in milliseconds after the send was accepted.
    pub sent_ms: u64,
    pub delivered_ms: u64,
    pub read_ms: u64,
    /// Of voice notes that were read.
    pub played_ms: u64,
    /// The phone is reached.
    pub delivered: f64,
    /// A message that reached the phone is read.
    pub read: f64,
    /// `sent` is left out.
    pub skip_sent: f64,
    /// `delivered` is left out of a message that is read.
    pub skip_delivered: f64,
    /// The first status is told, and acknowledged, before the send is answered.
    pub early: f64,
    /// All statuses of a message come this much later.
    pub late: f64,
    pub late_ms: u64,
    /// A status is told again, in another webhook.
    pub duplicates: f64,
    /// The statuses of a message come in any order.
    pub reorder: f64,
    /// An accepted message fails.
    pub failed: f64,
    /// With one of these codes.
    pub failed_codes: Vec<i64>,
    /// One that fails is told as `sent` before.
    pub failed_after_sent: f64,
    pub echo: Echo,
    /// A template is held for quality assessment: the answer says so, and statuses wait.
    pub held: f64,
    pub held_ms: u64,
    /// One that was held is dropped: `failed` with 132015.
    pub held_dropped: f64,
    /// Answers to templates carry `message_status`; Meta's pages disagree.
    pub message_status: bool,
    /// The most statuses in one POST.
    pub per_post: usize,
    /// With more than one: how many milliseconds they gather.
    pub gather_ms: u64,
}

impl StatusPolicy {
    /// No statuses at all.
    pub fn off() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    /// Everything Meta is known or suspected to do, often.
    pub fn rude() -> Self {
        Self {
            delivered: 0.9,
            read: 0.8,
            skip_sent: 0.1,
            skip_delivered: 0.2,
            early: 0.2,
            late: 0.2,
            duplicates: 0.2,
            reorder: 0.3,
            failed: 0.1,
            failed_after_sent: 0.5,
            echo: Echo::NotOnFailed,
            held: 0.05,
            held_dropped: 0.3,
            per_post: 8,
            ..Self::default()
        }
    }
}

impl Default for StatusPolicy {
    /// Sent, delivered and read within a third of a second, each told once, in order, one per POST.
    fn default() -> Self {
        Self {
            enabled: true,
            sent_ms: 30,
            delivered_ms: 120,
            read_ms: 300,
            played_ms: 400,
            delivered: 1.0,
            read: 1.0,
            skip_sent: 0.0,
            skip_delivered: 0.0,
            early: 0.0,
            late: 0.0,
            late_ms: 2_000,
            duplicates: 0.0,
            reorder: 0.0,
            failed: 0.0,
            failed_codes: LATE_FAILURES.to_vec(),
            failed_after_sent: 0.0,
            echo: Echo::Always,
            held: 0.0,
            held_ms: 1_000,
            held_dropped: 0.0,
            message_status: true,
            per_post: 1,
            gather_ms: 20,
        }
    }
}
