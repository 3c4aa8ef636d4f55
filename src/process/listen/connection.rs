//! The state of one open connection. Its own task writes the state and the sweep reads it, with plain loads and stores, since it is written
//! several times per request.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicU8, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};

use hyper::body::Incoming;
use tokio::{sync::Notify, task::AbortHandle};

use crate::config::ConnectionTimeouts;

/// Milliseconds since the listener started, as of the last sweep: reading a clock per request would cost too much.
pub(crate) type Now = Arc<AtomicU64>;

/// Phase: a request's head is being read, or the first request is waited for.
const HEAD: u8 = 0;
/// Phase: between two requests.
const IDLE: u8 = 1;
/// Phase: a request is being answered.
const BUSY: u8 = 2;

/// Why a connection is closed: the label `reason` of `mainstay_connections_closed_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExceededLimit {
    Head,
    Idle,
    Body,
    Answer,
}

impl ExceededLimit {
    pub const ALL: [Self; 4] = [Self::Head, Self::Idle, Self::Body, Self::Answer];

    pub fn reason(self) -> &'static str {
        match self {
            Self::Head => "slow_head",
            Self::Idle => "idle",
            Self::Body => "slow_body",
            Self::Answer => "slow_reader",
        }
    }
}

pub(crate) struct ClientConnection {
    pub id: u64,
    /// The client's address as limits count it: an IPv6 address counts as its /64.
    pub address: IpAddr,
    /// Accepted beyond the limits: a health probe is answered, any other request rejected.
    pub spare: bool,
    now: Now,
    phase: AtomicU8,
    /// When the phase started.
    since: AtomicU64,
    /// Whether the handler waits for bytes of the request's body.
    body_awaited: AtomicBool,
    /// The rest of the body that the handler did not read.
    unread: Mutex<Option<Incoming>>,
    /// Whether bytes of an answer wait for the client.
    answer_waits: AtomicBool,
    received: AtomicU64,
    sent: AtomicU64,
    /// State of the sweep: what it was waiting for at the last sweep, since when, and the byte count then.
    waiting: Mutex<Option<(ExceededLimit, u64, u64)>>,
    task: OnceLock<AbortHandle>,
    is_aborted: AtomicBool,
    /// Notified when the process accepts no more requests.
    pub ending: Notify,
}

impl ClientConnection {
    pub fn new(id: u64, address: IpAddr, spare: bool, now: Now) -> Self {
        Self {
            id,
            address,
            spare,
            phase: AtomicU8::new(HEAD),
            since: AtomicU64::new(now.load(Relaxed)),
            now,
            body_awaited: AtomicBool::new(false),
            unread: Mutex::default(),
            answer_waits: AtomicBool::new(false),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            waiting: Mutex::default(),
            task: OnceLock::new(),
            is_aborted: AtomicBool::new(false),
            ending: Notify::new(),
        }
    }

    pub(crate) fn set_task(&self, task: AbortHandle) {
        // Set once, by the task that spawned it; another listener may have cut the connection before.
        let _ = self.task.set(task);
        if self.is_aborted.load(SeqCst) {
            self.abort();
        }
    }

    /// Aborts the connection's task, which closes the socket.
    pub fn abort(&self) {
        self.is_aborted.store(true, SeqCst);
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Relaxed);
        self.since.store(self.now.load(Relaxed), Relaxed);
    }

    pub fn received(&self, bytes: usize) {
        self.received.store(self.received.load(Relaxed) + bytes as u64, Relaxed);
        if self.phase.load(Relaxed) == IDLE {
            self.enter(HEAD);
        }
    }

    /// Records that a head is complete.
    pub fn begin(&self) {
        self.enter(BUSY);
    }

    /// Records that the answer has left the handler; bytes of it still in buffers are recorded by [`Self::answer_waits`].
    pub fn answered(&self) {
        self.enter(IDLE);
    }

    pub(crate) fn await_body(&self, awaited: bool) {
        self.body_awaited.store(awaited, Relaxed);
    }

    pub(crate) fn leave_unread(&self, body: Incoming) {
        *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }

    pub(crate) fn take_unread(&self) -> Option<Incoming> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn sent(&self, bytes: usize) {
        self.sent.store(self.sent.load(Relaxed) + bytes as u64, Relaxed);
        if self.answer_waits.load(Relaxed) {
            self.answer_waits.store(false, Relaxed);
            if self.phase.load(Relaxed) == IDLE {
                self.enter(IDLE);
            }
        }
    }

    pub(crate) fn answer_waits(&self) {
        self.answer_waits.store(true, Relaxed);
    }

    /// Returns whether reading must pause: answers to earlier requests wait for the client.
    pub(crate) fn is_behind(&self) -> bool {
        self.answer_waits.load(Relaxed) && self.phase.load(Relaxed) != BUSY
    }

    /// Returns since when the client has been waited for, and whether within a head; `None` during a request.
    pub(crate) fn waiting_since(&self) -> Option<(bool, u64)> {
        match self.phase.load(Relaxed) {
            BUSY => None,
            phase => Some((phase == HEAD, self.since.load(Relaxed))),
        }
    }

    /// Returns the limit that the client has exceeded, if any.
    pub(crate) fn overdue(&self, timeouts: &ConnectionTimeouts) -> Option<ExceededLimit> {
        let now = self.now.load(Relaxed);
        let phase = self.phase.load(Relaxed);
        let lasted = now.saturating_sub(self.since.load(Relaxed));
        let over = |limit: Duration| u128::from(lasted) > limit.as_millis();
        if self.answer_waits.load(Relaxed) {
            let sent = self.sent.load(Relaxed);
            let least = ConnectionTimeouts::ANSWER_BYTES;
            return self.slow(ExceededLimit::Answer, now, sent, least, timeouts.answer);
        }
        if phase == BUSY && self.body_awaited.load(Relaxed) {
            let received = self.received.load(Relaxed);
            let least = ConnectionTimeouts::BODY_BYTES;
            return self.slow(ExceededLimit::Body, now, received, least, timeouts.body);
        }
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match phase {
            // A spare connection gets a fifth of the time.
            HEAD if self.spare => over(timeouts.head / 5).then_some(ExceededLimit::Head),
            // Browsers open connections ahead of need: one without a byte of a request counts as idle, not as slow.
            HEAD if self.received.load(Relaxed) == 0 => over(timeouts.head).then_some(ExceededLimit::Idle),
            HEAD => over(timeouts.head).then_some(ExceededLimit::Head),
            IDLE => over(timeouts.idle).then_some(ExceededLimit::Idle),
            _ => None,
        }
    }

    /// Returns `what` if fewer than `least` bytes moved within `span`.
    fn slow(&self, what: ExceededLimit, now: u64, bytes: u64, least: u64, span: Duration) -> Option<ExceededLimit> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match *waiting {
            Some((known, since, before)) if known == what => {
                if u128::from(now.saturating_sub(since)) <= span.as_millis() {
                    return None;
                }
                *waiting = Some((what, now, bytes));
                (bytes - before < least).then_some(what)
            }
            _ => {
                *waiting = Some((what, now, bytes));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SECOND: u64 = 1_000;

    fn fresh(spare: bool) -> (ClientConnection, Now) {
        let now = Now::default();
        let connection = ClientConnection::new(1, Ipv4Addr::LOCALHOST.into(), spare, now.clone());
        (connection, now)
    }

    fn after(now: &Now, seconds: u64) {
        now.store(now.load(Relaxed) + seconds * SECOND, Relaxed);
    }

    #[test]
    fn a_head_has_ten_seconds_and_a_trickle_does_not_renew_them() {
        let (connection, now) = fresh(false);
        let limits = ConnectionTimeouts::default();
        for _ in 0..10 {
            connection.received(1);
            after(&now, 1);
            assert_eq!(connection.overdue(&limits), None);
        }
        after(&now, 1);
        assert_eq!(connection.overdue(&limits), Some(ExceededLimit::Head));
        let (spare, now) = fresh(true);
        after(&now, 3);
        assert_eq!(spare.overdue(&limits), Some(ExceededLimit::Head));
        let (silent, now) = fresh(false);
        after(&now, 11);
        assert_eq!(silent.overdue(&limits), Some(ExceededLimit::Idle), "nothing was begun");
    }

    #[test]
    fn between_two_requests_there_is_a_minute_and_the_next_head_has_ten_seconds() {
        let (connection, now) = fresh(false);
        let limits = ConnectionTimeouts::default();
        connection.begin();
        after(&now, 300);
        assert_eq!(
            (connection.overdue(&limits), connection.waiting_since()),
            (None, None),
            "that is the handler's time"
        );
        connection.answered();
        after(&now, 60);
        assert_eq!(connection.overdue(&limits), None);
        connection.received(3);
        after(&now, 11);
        assert_eq!(connection.overdue(&limits), Some(ExceededLimit::Head));
        connection.begin();
        connection.answered();
        after(&now, 61);
        assert_eq!(connection.overdue(&limits), Some(ExceededLimit::Idle));
    }

    #[test]
    fn a_body_and_a_reader_must_keep_a_least_pace() {
        let (connection, now) = fresh(false);
        let limits = ConnectionTimeouts::default();
        connection.begin();
        connection.await_body(true);
        assert_eq!(connection.overdue(&limits), None);
        for (bytes, expected) in [
            (ConnectionTimeouts::BODY_BYTES, None),
            (ConnectionTimeouts::BODY_BYTES - 1, Some(ExceededLimit::Body)),
        ] {
            connection.received(bytes as usize);
            after(&now, 21);
            assert_eq!(connection.overdue(&limits), expected);
        }
        connection.await_body(false);
        connection.answered();
        connection.answer_waits();
        assert_eq!(connection.overdue(&limits), None);
        for (bytes, expected) in [
            (ConnectionTimeouts::ANSWER_BYTES, None),
            (1, Some(ExceededLimit::Answer)),
        ] {
            connection.sent(bytes as usize);
            connection.answer_waits();
            assert!(connection.is_behind());
            after(&now, 31);
            assert_eq!(connection.overdue(&limits), expected);
        }
        connection.sent(1);
        after(&now, 59);
        assert_eq!(connection.overdue(&limits), None, "the minute begins when all is taken");
    }
}
