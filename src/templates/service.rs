use chrono::TimeDelta;

use crate::{
    clock::Clock,
    db::{Db, Result},
    directory::{Directory, Route},
    domain::TenantId,
    meta::graph,
    templates::store::templates as store,
};

/// What the verbs here work with: a part of the application, so that what stands below may use them.
#[derive(Clone)]
pub struct TemplateService {
    pub db: Db,
    pub clock: Clock,
    pub graph: graph::GraphClient,
    pub directory: Directory,
}

impl TemplateService {
    /// A number of the tenant's in this account that may speak to Meta: templates belong to the account, any of its tokens will do.
    pub(super) fn speaker(&self, tenant: TenantId, waba_id: &str) -> Option<Route> {
        let directory = self.directory.current();
        let mut routes = directory.account(waba_id).iter();
        let usable = |route: &&Route| route.tenant == tenant && route.access_token.is_some();
        routes.find(usable).cloned()
    }

    /// Asks for the account's templates to be fetched after `rest`; those who ask within it share one sync.
    pub async fn want_sync(&self, tenant: TenantId, waba_id: &str, rest: TimeDelta) -> Result<()> {
        let now = self.clock.now();
        store::want(&self.db, self.clock.new_id(), tenant, waba_id, now, now + rest).await
    }
}
