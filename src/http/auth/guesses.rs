//! Wrong tokens: counts and logs them, and blocks clients that guess.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use metrics::counter;

use crate::{http::problem::Problem, telemetry::LogThrottle};

/// Length of the window in which guesses are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Wrong tokens of one client per window, after which its tokens are not compared.
const MAX_PER_CLIENT: u32 = 10;
/// Wrong tokens of all clients per window, after which each client has one guess only.
const MAX_TOTAL: u32 = 100;
/// Maximum number of clients tracked.
const MAX_CLIENTS: usize = 10_000;

/// The kind of token that was guessed: the label `kind` of `mainstay_wrong_tokens_total`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TokenKind {
    Admin,
    Metrics,
    ApiKey,
}

impl TokenKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Metrics => "metrics",
            Self::ApiKey => "api_key",
        }
    }
}

/// The guesses of the current window. A client without a wrong token is never blocked, whatever others do.
#[derive(Default)]
pub(crate) struct GuessLimiter {
    window: Mutex<Option<Window>>,
    wrong: LogThrottle,
    refused: LogThrottle,
}

struct Window {
    began: Instant,
    in_all: u32,
    by_client: HashMap<IpAddr, u32>,
}

impl GuessLimiter {
    /// Rejects a client with too many wrong tokens: nothing is compared, so nothing is learned.
    pub(crate) fn admit(&self, kind: TokenKind, client: IpAddr) -> Result<(), Problem> {
        let Some(wait) = self.wait(client) else { return Ok(()) };
        counter!("mainstay_guesses_refused_total", "kind" => kind.as_str()).increment(1);
        if let Some(times) = self.refused.record() {
            tracing::warn!(
                kind = kind.as_str(),
                client.address = %client,
                times,
                "a client is blocked after too many wrong tokens; if it is your proxy, name it in MAINSTAY_PROXIES"
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

    /// Returns how long a client is still blocked.
    fn wait(&self, client: IpAddr) -> Option<Duration> {
        let window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let window = window.as_ref()?;
        let left = WINDOW.checked_sub(window.began.elapsed())?;
        let most = if window.in_all >= MAX_TOTAL { 1 } else { MAX_PER_CLIENT };
        let guesses = window.by_client.get(&client).copied().unwrap_or_default();
        (guesses >= most).then_some(left)
    }

    /// Records a wrong admin or metrics token, and counts it against the client.
    pub(crate) fn penalize(&self, kind: TokenKind, client: IpAddr) {
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
        if window.by_client.len() >= MAX_CLIENTS && !window.by_client.contains_key(&client) {
            // Any of them: a client that guesses from ten thousand addresses has as many first guesses anyway.
            let other = window.by_client.keys().next().copied();
            other.and_then(|other| window.by_client.remove(&other));
        }
        *window.by_client.entry(client).or_default() += 1;
    }

    /// Records a wrong API key. Keys have 256 random bits, so clients are not blocked for them.
    pub fn count(&self, kind: TokenKind, client: IpAddr) {
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
        let guesses = GuessLimiter::default();
        for _ in 0..MAX_PER_CLIENT {
            guesses.admit(TokenKind::Admin, client(1)).unwrap();
            guesses.penalize(TokenKind::Admin, client(1));
        }
        let refused = guesses.admit(TokenKind::Admin, client(1)).unwrap_err();
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        guesses.admit(TokenKind::Admin, client(2)).unwrap();
        let ago = Instant::now().checked_sub(WINDOW).unwrap();
        guesses.window.lock().unwrap().as_mut().unwrap().began = ago;
        guesses.admit(TokenKind::Admin, client(1)).unwrap();
    }

    #[test]
    fn many_clients_that_guess_leave_each_one_guess_and_bounded_memory() {
        let guesses = GuessLimiter::default();
        for n in 0..MAX_CLIENTS as u32 + 500 {
            guesses.penalize(TokenKind::Admin, client(n));
        }
        assert!(
            guesses
                .admit(TokenKind::Admin, client(MAX_CLIENTS as u32 + 499))
                .is_err()
        );
        guesses
            .admit(TokenKind::Admin, client(u32::MAX))
            .expect("the first is heard");
        assert_eq!(
            guesses.window.lock().unwrap().as_ref().unwrap().by_client.len(),
            MAX_CLIENTS
        );
    }
}
