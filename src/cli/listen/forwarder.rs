//! Passes the events of a feed on to a program, one after the other.

use std::{fmt, time::Duration};

use anyhow::bail;
use serde::Serialize;
use tokio::time::sleep;

use super::{
    ForwardOptions,
    destination::{ForwardDestination, Forwarded},
    feed::{EventFeed, FeedEvent, FeedPage},
};
use crate::{
    cli::{
        LiveOutput,
        api_client::{ApiCallError, ApiClient},
    },
    clock::Clock,
    config::Secret,
    domain::{EventId, EventTypes},
    webhooks,
};

/// Polling interval at the end of the feed.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The wait after the first failure; doubled with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Passes events on in order. An event is posted again until it is answered 2xx; none is skipped.
pub(crate) struct EventForwarder {
    feed: EventFeed,
    destination: ForwardDestination,
    types: EventTypes,
    /// The position up to which events were taken, or are of other types.
    after: i64,
    /// `after` was given, and nothing was read yet.
    resumes: bool,
    clock: Clock,
}

impl EventForwarder {
    /// Checks the options, and finds the position to begin at.
    pub async fn start(
        api: ApiClient,
        url: &str,
        options: &ForwardOptions,
        default_secret: Option<&Secret>,
    ) -> anyhow::Result<Self> {
        let given = options.secret.as_ref().filter(|text| !text.expose().is_empty());
        let types = webhooks::event_types(&options.types)?;
        let destination = ForwardDestination::new(url, given.or(default_secret))?;
        let feed = EventFeed::new(api);
        let after = match options.after {
            Some(after) => after,
            None => feed.newest().await?,
        };
        Ok(Self {
            feed,
            destination,
            types,
            after,
            resumes: options.after.is_some(),
            clock: Clock::default(),
        })
    }

    pub fn url(&self) -> &str {
        self.destination.url()
    }

    pub fn secret(&self) -> &str {
        self.destination.secret()
    }

    /// Returns the position to go on after.
    pub fn after(&self) -> i64 {
        self.after
    }

    /// Passes events on for as long as it is polled, and may be dropped at any time. Ends only with an error: the API refuses.
    pub async fn run(&mut self, output: &LiveOutput) -> anyhow::Result<()> {
        let mut failures = 0;
        loop {
            let wait = match self.feed.page(self.after).await {
                Ok(page) => {
                    if std::mem::take(&mut failures) > 0 {
                        output.note("the API answers again")?;
                    }
                    let is_last = page.next_cursor.is_none();
                    self.pass_on(page, output).await?;
                    if is_last { POLL_INTERVAL } else { Duration::ZERO }
                }
                Err(ApiCallError::Refused(why)) => bail!(why),
                Err(ApiCallError::Unavailable(why)) => {
                    if failures == 0 {
                        output.note(format!("{why}; it is asked until it answers"))?;
                    }
                    failures += 1;
                    backoff(failures)
                }
            };
            sleep(wait).await;
        }
    }

    async fn pass_on(&mut self, page: FeedPage, output: &LiveOutput) -> anyhow::Result<()> {
        let first = page.data.first().map_or(0, |event| event.sequence);
        if std::mem::take(&mut self.resumes) && first > self.after + 1 {
            output.note(format!("events {} to {} are no longer kept", self.after + 1, first - 1))?;
        }
        for event in &page.data {
            if self.types.matches(&event.kind) {
                self.deliver(event, output).await?;
            }
            self.after = event.sequence;
        }
        self.after = page.after;
        Ok(())
    }

    /// Posts an event until it is taken.
    async fn deliver(&self, event: &FeedEvent, output: &LiveOutput) -> anyhow::Result<()> {
        let mut failures = 0;
        loop {
            let forwarded = self.destination.post(event).await;
            let is_taken = forwarded.error.is_none();
            failures += 1;
            let wait = backoff(failures);
            output.print(&ForwardedLine::new(
                &self.clock,
                event,
                forwarded,
                (!is_taken).then_some(wait),
            ))?;
            if is_taken {
                return Ok(());
            }
            sleep(wait).await;
        }
    }
}

/// Returns the wait after this many failures in a row; at least 1.
fn backoff(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << (failures - 1).min(8)).min(LONGEST_WAIT)
}

/// A request to the program, as it is shown.
#[derive(Serialize)]
struct ForwardedLine {
    at: String,
    sequence: i64,
    id: EventId,
    #[serde(rename = "type")]
    kind: String,
    status: Option<u16>,
    took_ms: u128,
    error: Option<String>,
    again_in_seconds: Option<u64>,
}

impl ForwardedLine {
    fn new(clock: &Clock, event: &FeedEvent, forwarded: Forwarded, again_in: Option<Duration>) -> Self {
        Self {
            at: clock.now().format("%H:%M:%S").to_string(),
            sequence: event.sequence,
            id: event.id,
            kind: event.kind.clone(),
            status: forwarded.status,
            took_ms: forwarded.took.as_millis(),
            error: forwarded.error,
            again_in_seconds: again_in.map(|wait| wait.as_secs()),
        }
    }
}

impl fmt::Display for ForwardedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self
            .status
            .map_or_else(|| "---".to_owned(), |status| status.to_string());
        write!(
            f,
            "{}  {:>5}  {:<28} {status} in {} ms  {}",
            self.at, self.sequence, self.kind, self.took_ms, self.id
        )?;
        match (&self.error, self.again_in_seconds) {
            (Some(error), Some(seconds)) => write!(f, "  {error}; again in {seconds} s"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_doubled_up_to_half_a_minute() {
        let waits = [1, 2, 3, 5, 6, 40, u32::MAX].map(|failures| backoff(failures).as_secs());
        assert_eq!(waits, [1, 2, 4, 16, 30, 30, 30]);
    }
}
