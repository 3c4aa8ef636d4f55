use serde_json::json;

use super::Answer;
use crate::{
    config::Purpose,
    process::{self, Roles},
};

/// Api and worker in one process, until it is told to end.
pub async fn run() -> anyhow::Result<Answer> {
    process::serve("mainstay", Purpose::Serve, Roles::BOTH).await?;
    Answer::with_text(&json!({ "ended": true }), String::new())
}
