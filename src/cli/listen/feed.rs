//! The event feed of a server, read over its API.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    cli::api_client::{ApiCallError, ApiClient},
    domain::EventId,
};

/// The event feed of a tenant.
pub(in crate::cli) struct EventFeed(ApiClient);

/// An event as the feed shows it.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct FeedEvent {
    pub id: EventId,
    pub sequence: i64,
    #[serde(rename = "type")]
    pub kind: String,
    pub occurred_at: DateTime<Utc>,
    /// The exact text, since a webhook carries the same.
    pub data: Box<RawValue>,
}

/// A page of the feed.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct FeedPage {
    pub data: Vec<FeedEvent>,
    /// The position after the page.
    pub after: i64,
    /// Present while more events follow.
    pub next_cursor: Option<String>,
}

impl EventFeed {
    pub fn new(api: ApiClient) -> Self {
        Self(api)
    }

    /// Returns the events after a position, as many as a page holds.
    pub async fn page(&self, after: i64) -> Result<FeedPage, ApiCallError> {
        self.0.get(&format!("/events?after={after}&limit=200")).await
    }

    /// Returns the position after the newest event, found by bisection: the feed tells of any position whether an event follows, and sequences
    /// have no gaps. At most some sixty small requests.
    pub async fn newest(&self) -> Result<i64, ApiCallError> {
        if !self.follows(0).await? {
            return Ok(0);
        }
        // An event follows `low`; none follows `high` once the loop has ended.
        let (mut low, mut high) = (0, 1);
        while self.follows(high).await? {
            (low, high) = (high, high.saturating_mul(2));
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.follows(middle).await? {
                true => low = middle,
                false => high = middle,
            }
        }
        Ok(high)
    }

    async fn follows(&self, after: i64) -> Result<bool, ApiCallError> {
        let page: FeedPage = self.0.get(&format!("/events?after={after}&limit=1")).await?;
        Ok(!page.data.is_empty())
    }
}
