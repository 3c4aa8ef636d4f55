//! Wrong tokens: counted, logged, slowed.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use metrics::counter;

use crate::{http::problem::Problem, telemetry::LogThrottle};

/// Guesses are counted for so long, then afresh.
const WINDOW: Duration = Duration::from_secs(60);
/// Wrong tokens of one client in a window; after them it is refused unheard.
const PER_CLIENT: u32 = 10;
/// Wrong tokens of all clients in a window, after which each has but one.
const IN_ALL: u32 = 100;
/// Clients remembered at once.
const MOST: usize = 10_000;

/// What a wrong token was tried for, as the label `kind` of `mainstay_wrong_tokens_total`.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Admin,
    Metrics,
    ApiKey,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Metrics => "metrics",
            Self::ApiKey => "api_key",
        }
    }
}

/// The guesses of the running window. A client that made none is always heard, whatever others do.
#[derive(Default)]
pub struct Guesses {
    window: Mutex<Option<Window>>,
    wrong: LogThrottle,
    refused: LogThrottle,
}

struct Window {
    began: Instant,
    in_all: u32,
    by_client: HashMap<IpAddr, u32>,
}

impl Guesses {
    /// Refuses a client that guessed too often: nothing is compared, so nothing is learned.
    pub fn admit(&self, kind: Kind, client: IpAddr) -> Result<(), Problem> {
        let Some(wait) = self.wait(client) else { return Ok(()) };
        counter!("mainstay_guesses_refused_total", "kind" => kind.as_str()).increment(1);
        if let Some(times) = self.refused.record() {
            tracing::warn!(
                kind = kind.as_str(),
                client.address = %client,
                times,
                "a client that sent too many wrong tokens is refused; if that is your proxy, name it in MAINSTAY_PROXIES"
            );
        }
        const DETAIL: &str =
            "Too many wrong tokens came from this address. Wait as long as Retry-After says, then send the right one.";
        let problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-guesses",
            "Too many failed authentications",
            DETAIL,
        );
        Err(problem.retry_after(wait.as_secs() + 1))
    }

    /// How long a client has to wait before it is heard again.
    fn wait(&self, client: IpAddr) -> Option<Duration> {
        let window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let window = window.as_ref()?;
        let left = WINDOW.checked_sub(window.began.elapsed())?;
        let most = if window.in_all >= IN_ALL { 1 } else { PER_CLIENT };
        let guesses = window.by_client.get(&client).copied().unwrap_or_default();
        (guesses >= most).then_some(left)
    }

    /// Notes a wrong token of the operator's.
    pub fn wrong(&self, kind: Kind, client: IpAddr) {
        self.count(kind, client);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.as_ref().is_none_or(|window| window.began.elapsed() >= WINDOW) {
            *window = Some(Window {
                began: Instant::now(),
                in_all: 0,
                by_client: HashMap::new(),
            });
        }
        let Some(window) = window.as_mut() else { return };
        window.in_all = window.in_all.saturating_add(1);
        if window.by_client.len() >= MOST && !window.by_client.contains_key(&client) {
            // Any one: who guesses from ten thousand addresses has as many first guesses anyway.
            let other = window.by_client.keys().next().copied();
            other.and_then(|other| window.by_client.remove(&other));
        }
        *window.by_client.entry(client).or_default() += 1;
    }

    /// Notes a wrong API key, which has 256 random bits: it is counted and logged, and nobody is slowed for it.
    pub fn count(&self, kind: Kind, client: IpAddr) {
        counter!("mainstay_wrong_tokens_total", "kind" => kind.as_str()).increment(1);
        if let Some(times) = self.wrong.record() {
            tracing::warn!(kind = kind.as_str(), client.address = %client, times, "wrong tokens were sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from(n).into()
    }

    #[test]
    fn a_client_has_ten_guesses_a_minute_and_the_others_are_heard() {
        let guesses = Guesses::default();
        for _ in 0..PER_CLIENT {
            guesses.admit(Kind::Admin, client(1)).unwrap();
            guesses.wrong(Kind::Admin, client(1));
        }
        let refused = guesses.admit(Kind::Admin, client(1)).unwrap_err();
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        guesses.admit(Kind::Admin, client(2)).unwrap();
        let ago = Instant::now().checked_sub(WINDOW).unwrap();
        guesses.window.lock().unwrap().as_mut().unwrap().began = ago;
        guesses.admit(Kind::Admin, client(1)).unwrap();
    }

    #[test]
    fn many_clients_that_guess_leave_each_one_guess_and_bounded_memory() {
        let guesses = Guesses::default();
        for n in 0..MOST as u32 + 500 {
            guesses.wrong(Kind::Admin, client(n));
        }
        assert!(guesses.admit(Kind::Admin, client(MOST as u32 + 499)).is_err());
        guesses
            .admit(Kind::Admin, client(u32::MAX))
            .expect("the first is heard");
        assert_eq!(guesses.window.lock().unwrap().as_ref().unwrap().by_client.len(), MOST);
    }
}
