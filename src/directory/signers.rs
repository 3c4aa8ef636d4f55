//! App secrets: which of them signed a webhook, and for which tenants a signature speaks.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};

use super::Route;
use crate::{
    config::Secret,
    crypto::Signer,
    domain::{AppSecretId, TenantId},
    records::former_app_secrets::FormerAppSecret,
};

/// Secrets tried before all others: the one that the body hints at, and those that matched last.
const LIKELY: usize = 4;

/// Whose app secret signed a webhook. A tenant's own secret speaks for the channels of the tenants that have it, and for no others, or
/// one tenant could write into another's inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    Operator,
    /// The first tenant that has the secret, and the secret.
    Tenant(TenantId, AppSecretId),
}

/// What is stored of a signature that was not the operator's.
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    pub tenant: TenantId,
    /// `None` in rows of versions that did not keep it.
    pub secret: Option<AppSecretId>,
    pub at: DateTime<Utc>,
}

/// The app secrets at one moment, each once, the operator's first.
pub struct Signers {
    known: Vec<Known>,
    operator: HashSet<AppSecretId>,
    holders: HashSet<(TenantId, AppSecretId)>,
    secrets_of: HashMap<TenantId, Vec<AppSecretId>>,
    /// Until when tenants had secrets that they have no more.
    former: HashMap<(TenantId, AppSecretId), DateTime<Utc>>,
    /// Rises with every match.
    matches: AtomicU64,
}

struct Known {
    id: AppSecretId,
    signer: Signer,
    by: SignedBy,
    /// [`Signers::matches`] as it was at the last match; 0 is never.
    matched: AtomicU64,
}

impl Signers {
    /// The order of matches is taken over from `before`.
    pub(super) fn new(
        operator: &[Secret],
        routes: &[Route],
        former: &[FormerAppSecret],
        before: Option<&Self>,
    ) -> Self {
        let mut signers = Self {
            known: Vec::new(),
            operator: HashSet::new(),
            holders: HashSet::new(),
            secrets_of: HashMap::new(),
            former: former
                .iter()
                .map(|it| ((it.tenant_id, it.secret_id), it.held_until))
                .collect(),
            matches: AtomicU64::new(before.map_or(0, |it| it.matches.load(Ordering::Relaxed))),
        };
        let matched: HashMap<AppSecretId, u64> = before.map_or_else(HashMap::new, |before| {
            let of = |it: &Known| (it.id, it.matched.load(Ordering::Relaxed));
            before.known.iter().map(of).collect()
        });
        let mut seen = HashSet::new();
        let mut know = |signers: &mut Self, signer: Signer, id: AppSecretId, by: SignedBy| {
            if seen.insert(id) {
                let matched = AtomicU64::new(matched.get(&id).copied().unwrap_or(0));
                signers.known.push(Known {
                    id,
                    signer,
                    by,
                    matched,
                });
            }
        };
        for secret in operator {
            let signer = Signer::new(secret.expose());
            let id = signer.id();
            signers.operator.insert(id);
            know(&mut signers, signer, id, SignedBy::Operator);
        }
        for route in routes {
            let (Some(secret), Some(id)) = (&route.app_secret, route.app_secret_id) else {
                continue;
            };
            if signers.holders.insert((route.tenant, id)) {
                signers.secrets_of.entry(route.tenant).or_default().push(id);
            }
            know(
                &mut signers,
                Signer::new(secret.expose()),
                id,
                SignedBy::Tenant(route.tenant, id),
            );
        }
        signers
    }

    /// Whether a signature speaks for a tenant: one that has the secret, or had it when the webhook came. Of a row that does not name the
    /// secret, a tenant must have every secret that the signer has.
    pub fn speaks_for(&self, signed: &Signed, tenant: TenantId) -> bool {
        if signed.tenant == tenant {
            return true;
        }
        match signed.secret {
            Some(secret) => {
                let held = || {
                    self.former
                        .get(&(tenant, secret))
                        .is_some_and(|until| signed.at <= *until)
                };
                self.operator.contains(&secret) || self.holders.contains(&(tenant, secret)) || held()
            }
            None => {
                let all = self.secrets_of.get(&signed.tenant);
                all.is_some_and(|all| all.iter().all(|secret| self.holders.contains(&(tenant, *secret))))
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The secrets most likely to have signed, as places in the list: the one hinted at, then those that matched last.
    pub fn likely(&self, hint: Option<AppSecretId>) -> Vec<usize> {
        let mut likely: Vec<usize> = Vec::with_capacity(LIKELY + 2);
        let hinted = hint.and_then(|hint| self.known.iter().position(|it| it.id == hint));
        for place in 0..self.known.len() {
            if Some(place) == hinted {
                continue;
            }
            let at = likely.partition_point(|other| self.matched(*other) >= self.matched(place));
            if at < LIKELY {
                likely.insert(at, place);
                likely.truncate(LIKELY);
            }
        }
        if let Some(hinted) = hinted {
            likely.insert(0, hinted);
        }
        likely
    }

    /// All the others, those that matched last first.
    pub fn others(&self, likely: &[usize]) -> Vec<usize> {
        let mut others: Vec<usize> = (0..self.known.len()).filter(|place| !likely.contains(place)).collect();
        others.sort_by_key(|place| Reverse(self.matched(*place)));
        others
    }

    /// Those that are not in `before`.
    pub fn added_since(&self, before: &Self) -> Vec<usize> {
        let old: HashSet<AppSecretId> = before.known.iter().map(|it| it.id).collect();
        (0..self.known.len())
            .filter(|place| !old.contains(&self.known[*place].id))
            .collect()
    }

    /// Which of these made the signature over these exact bytes. Every secret tried reads the whole body. Ends early, with nothing, once
    /// `given_up` says so.
    pub fn signed_by(
        &self,
        places: &[usize],
        body: &[u8],
        signature: &[u8; 32],
        given_up: impl Fn() -> bool,
    ) -> Option<SignedBy> {
        let mut places = places.iter().map(|place| &self.known[*place]);
        let found = places.find(|it| given_up() || it.signer.signed(body, signature))?;
        if given_up() {
            return None;
        }
        found
            .matched
            .store(self.matches.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Some(found.by)
    }

    fn matched(&self, place: usize) -> u64 {
        self.known[place].matched.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
