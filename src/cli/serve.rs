//! `mainstay serve`.

use serde_json::json;

use super::CommandOutput;
use crate::{
    config::Purpose,
    process::{self, Roles},
};

/// Runs API and worker in one process, until a signal.
pub async fn run() -> anyhow::Result<CommandOutput> {
    process::serve("mainstay", Purpose::Serve, Roles::BOTH).await?;
    CommandOutput::with_text(&json!({ "ended": true }), String::new())
}
