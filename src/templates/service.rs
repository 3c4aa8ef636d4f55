use chrono::TimeDelta;

use crate::{
    clock::Clock,
    db::{Db, Result},
    directory::{Directory, Route},
    domain::TenantId,
    meta::graph,
    templates::store::templates as store,
};

/// Operations on templates, with the parts of the application they need.
#[derive(Clone)]
pub struct TemplateService {
    pub db: Db,
    pub clock: Clock,
    pub graph: graph::GraphClient,
    pub directory: Directory,
}

impl TemplateService {
    /// Returns a channel of the tenant in this account with an access token. Templates belong to the account, so any of its tokens works.
    pub(super) fn route_with_token(&self, tenant: TenantId, waba_id: &str) -> Option<Route> {
        let directory = self.directory.current();
        let mut routes = directory.account(waba_id).iter();
        let usable = |route: &&Route| route.tenant == tenant && route.access_token.is_some();
        routes.find(usable).cloned()
    }

    /// Requests a sync of the account's templates after `rest`. Requests within that time share one sync.
    pub async fn request_sync(&self, tenant: TenantId, waba_id: &str, rest: TimeDelta) -> Result<()> {
        let now = self.clock.now();
        store::request_sync(self.db.writer(), self.clock.new_id(), tenant, waba_id, now, now + rest).await
    }
}
