//! Finds live API keys, with a cache of five seconds.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    app::App,
    crypto::ApiToken,
    domain::{ApiKeyId, Scopes, TenantId},
    records::api_keys::{self, ApiKey},
};

/// Time for which a cached key is trusted without a query; a revoked key may work for as long.
const CACHE_TTL: TimeDelta = TimeDelta::seconds(5);
/// Resolution of `last_used_at`.
const USE_RESOLUTION: TimeDelta = TimeDelta::seconds(60);
/// Maximum number of cached keys.
const MAX_CACHED: usize = 10_000;

/// A live API key.
#[derive(Clone, Debug)]
pub(crate) struct AuthenticatedKey {
    pub id: ApiKeyId,
    pub tenant: TenantId,
    pub scopes: Scopes,
}

struct CachedKey {
    key: AuthenticatedKey,
    read_at: DateTime<Utc>,
    use_noted_at: Option<DateTime<Utc>>,
}

/// The cache of recently used keys, by digest. Unknown keys are not cached, so guessing fills no memory.
#[derive(Default)]
pub(crate) struct ApiKeyCache(Mutex<HashMap<[u8; 32], CachedKey>>);

impl ApiKeyCache {
    /// Returns the live key of `token`, if there is one. Its use is recorded once a minute, off the request's path.
    pub async fn find(&self, app: &App, token: &str) -> sqlx::Result<Option<AuthenticatedKey>> {
        let digest = ApiToken::digest(token);
        let now = app.clock.now();
        if let Some(key) = self.cached(app, digest, now) {
            return Ok(Some(key));
        }
        let Some(row) = api_keys::find_live(app.db.reader(), digest).await? else {
            self.lock().remove(&digest);
            return Ok(None);
        };
        let key = AuthenticatedKey {
            id: row.id,
            tenant: row.tenant_id,
            scopes: scopes(&row),
        };
        let known = CachedKey {
            key: key.clone(),
            read_at: now,
            use_noted_at: row.last_used_at,
        };
        self.insert(digest, known);
        self.cached(app, digest, now);
        Ok(Some(key))
    }

    /// Returns a cached key that is still trusted.
    fn cached(&self, app: &App, digest: [u8; 32], now: DateTime<Utc>) -> Option<AuthenticatedKey> {
        let mut known = self.lock();
        let found = known
            .get_mut(&digest)
            .filter(|known| is_within(known.read_at, now, CACHE_TTL))?;
        if !found
            .use_noted_at
            .is_some_and(|noted| is_within(noted, now, USE_RESOLUTION))
        {
            found.use_noted_at = Some(now);
            note_use(app.clone(), found.key.clone(), now);
        }
        Some(found.key.clone())
    }

    fn insert(&self, digest: [u8; 32], fresh: CachedKey) {
        let mut known = self.lock();
        if known.len() >= MAX_CACHED {
            let now = fresh.read_at;
            known.retain(|_, known| is_within(known.read_at, now, CACHE_TTL));
        }
        if known.len() >= MAX_CACHED {
            known.clear();
        }
        known.insert(digest, fresh);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], CachedKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether `then` is at most `span` before `now`. A clock that was set back makes everything stale, never fresh for ever.
fn is_within(then: DateTime<Utc>, now: DateTime<Utc>, span: TimeDelta) -> bool {
    (TimeDelta::zero()..=span).contains(&(now - then))
}

/// Parses the scopes of a key. A row with scopes that no version wrote allows nothing.
fn scopes(row: &ApiKey) -> Scopes {
    row.scopes.parse().unwrap_or_else(|problem: String| {
        tracing::error!(key.id = %row.id, problem, "an API key has unknown scopes and may do nothing");
        Scopes::none()
    })
}

fn note_use(app: App, key: AuthenticatedKey, now: DateTime<Utc>) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a single short statement that nothing depends on; the request must not wait for it"
    )]
    tokio::spawn(async move {
        if let Err(error) = api_keys::mark_used(app.db.writer(), key.tenant, key.id, now).await {
            tracing::debug!(%error, key.id = %key.id, "the last use of an API key was not recorded");
        }
    });
}
