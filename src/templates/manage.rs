//! Creates, edits, deletes and unpauses templates at Meta. What Meta reports afterwards is stored.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{Category, TemplateChange, TemplateDraft, TemplateService, sync::to_fetched};
use crate::{
    db::Tx,
    directory::Route,
    domain::{Ctx, Id, Quota, QuotaReached, TemplateId, TenantId},
    meta::{graph, message::Invalid},
    records::quotas,
    templates::store::templates::{self as store, FetchedTemplate, StoredTemplate},
};

#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    #[error("there is no template {0}")]
    NoSuchTemplate(TemplateId),
    #[error("the template {0} is {1}: only one that is {2} can be {3}")]
    WrongState(String, String, &'static str, &'static str),
    #[error("there is a template {0} in {1} already: edit it, or take another name")]
    Exists(String, String),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("no channel of the account has an access token that can be decrypted: add the channel again to renew it")]
    NoToken,
    /// Unless Meta refused, the change may have been made; the next sync shows it.
    #[error(transparent)]
    Meta(#[from] graph::Error),
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

type Managed<T> = Result<T, ManageError>;

impl TemplateService {
    /// Submits a new template for review in the account of the given channel.
    ///
    /// The quota is reserved before the request and the reservation released in the transaction that stores the template.
    pub(crate) async fn create(&self, route: &Route, draft: &TemplateDraft) -> Managed<StoredTemplate> {
        let draft = &draft.with_parameter_format();
        draft.check()?;
        let key = (route.tenant, route.account().to_owned(), draft.name.clone());
        let known = store::find_by_names(self.db.reader(), &[key]).await?;
        let alive = |it: &&StoredTemplate| it.language == draft.language && it.status != "DELETED";
        if known.iter().any(|it| alive(&it)) {
            return Err(ManageError::Exists(draft.name.clone(), draft.language.clone()));
        }
        let (reservation, now) = (self.clock.new_id::<TemplateId>().uuid(), self.clock.now());
        let reserve = async |tx: &mut Tx| {
            quotas::reserve(tx, route.tenant, Quota::Templates, reservation, now).await??;
            Ok::<_, ManageError>(())
        };
        self.db.transaction_as(route.tenant, reserve).await?;
        let made = self.submit(route, draft, reservation).await;
        if made.is_err() {
            quotas::release(self.db.writer(), route.tenant, reservation).await?;
        }
        made
    }

    /// Creates the template at Meta, stores it and releases the reservation.
    async fn submit(&self, route: &Route, draft: &TemplateDraft, reservation: Uuid) -> Managed<StoredTemplate> {
        let access = route.access().ok_or(ManageError::NoToken)?;
        let definition = serde_json::to_value(draft).expect("texts, numbers and JSON always serialise");
        let created = self.graph.create_template(access, &definition).await;
        let created = self.sync_if_unknown(route.tenant, route.account(), created).await?;
        let shown = match self.graph.template(access, &created.id).await {
            Ok(shown) => to_fetched(&self.clock, shown),
            Err(_) => from_draft(self.clock.new_id(), draft, created),
        };
        let (name, language) = (shown.name.clone(), shown.language.clone());
        let keep = async |tx: &mut Tx| {
            store::upsert(tx.on(), route.tenant, route.account(), &[shown], self.clock.now()).await?;
            quotas::release(tx.on(), route.tenant, reservation).await.map(drop)
        };
        self.db.transaction_as(route.tenant, keep).await?;
        let stored =
            store::find_by_names(self.db.writer(), &[(route.tenant, route.account().to_owned(), name)]).await?;
        let stored = stored.into_iter().find(|it| it.language == language);
        Ok(stored.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// Edits a template, which Meta then reviews again.
    pub(crate) async fn edit(&self, ctx: &Ctx, id: TemplateId, change: &TemplateChange) -> Managed<StoredTemplate> {
        let tenant = ctx.tenant;
        let row = self.find(tenant, id).await?;
        let category = row.category.as_deref().and_then(Category::parse);
        change.check(category, row.parameter_format.as_deref())?;
        if !["APPROVED", "REJECTED", "PAUSED"].contains(&row.status.as_str()) {
            let able = "approved, rejected or paused";
            return Err(ManageError::WrongState(row.name, row.status, able, "edited"));
        }
        if row.status == "APPROVED" && change.category.is_some_and(|it| Some(it) != category) {
            return Err(Invalid::new("category", "cannot be changed while the template is approved").into());
        }
        let change = serde_json::to_value(change).expect("texts, numbers and JSON always serialise");
        let route = self
            .route_with_token(tenant, &row.waba_id)
            .ok_or(ManageError::NoToken)?;
        let access = route.access().ok_or(ManageError::NoToken)?;
        let edited = self.graph.edit_template(access, &row.meta_id, &change).await;
        self.sync_if_unknown(tenant, &row.waba_id, edited).await?;
        self.reload(&route, row, "PENDING").await
    }

    /// Deletes a template in its language; other languages of the name remain.
    pub async fn delete(&self, ctx: &Ctx, id: TemplateId) -> Managed<()> {
        let tenant = ctx.tenant;
        let row = self.find(tenant, id).await?;
        if row.status == "DELETED" {
            return Ok(());
        }
        let route = self
            .route_with_token(tenant, &row.waba_id)
            .ok_or(ManageError::NoToken)?;
        let access = route.access().ok_or(ManageError::NoToken)?;
        let deleted = self.graph.delete_template(access, &row.name, Some(&row.meta_id)).await;
        self.sync_if_unknown(tenant, &row.waba_id, deleted).await?;
        store::mark_status(self.db.writer(), tenant, id, "DELETED", self.clock.now()).await?;
        Ok(())
    }

    /// Ends a pause that was caused by pacing.
    pub(crate) async fn unpause(&self, ctx: &Ctx, id: TemplateId) -> Managed<StoredTemplate> {
        let tenant = ctx.tenant;
        let row = self.find(tenant, id).await?;
        if row.status != "PAUSED" {
            return Err(ManageError::WrongState(row.name, row.status, "paused", "unpaused"));
        }
        let route = self
            .route_with_token(tenant, &row.waba_id)
            .ok_or(ManageError::NoToken)?;
        let access = route.access().ok_or(ManageError::NoToken)?;
        let unpaused = self.graph.unpause_template(access, &row.meta_id).await;
        self.sync_if_unknown(tenant, &row.waba_id, unpaused).await?;
        self.reload(&route, row, "APPROVED").await
    }

    async fn find(&self, tenant: TenantId, id: TemplateId) -> Managed<StoredTemplate> {
        let found = store::find(self.db.reader(), tenant, id).await?;
        found.ok_or(ManageError::NoSuchTemplate(id))
    }

    /// Stores the template as Meta has it after a change. If it cannot be read, stores the expected status and requests a sync.
    async fn reload(&self, route: &Route, row: StoredTemplate, expected: &str) -> Managed<StoredTemplate> {
        let now = self.clock.now();
        let shown = match route.access() {
            Some(access) => self.graph.template(access, &row.meta_id).await.ok(),
            None => None,
        };
        // Our change is newer than any webhook's status, whose times are whole seconds.
        store::mark_status(self.db.writer(), row.tenant_id, row.id, expected, now).await?;
        match shown {
            Some(shown) => {
                let shown = to_fetched(&self.clock, shown);
                store::upsert(self.db.writer(), row.tenant_id, &row.waba_id, &[shown], now).await?;
            }
            None => {
                self.request_sync(row.tenant_id, &row.waba_id, TimeDelta::zero())
                    .await?
            }
        }
        self.find(row.tenant_id, row.id).await
    }

    /// Requests a sync if the result of a request is unknown, since it may have changed the template.
    async fn sync_if_unknown<T>(&self, tenant: TenantId, waba_id: &str, result: Result<T, graph::Error>) -> Managed<T> {
        if matches!(result, Err(graph::Error::NoAnswer(_) | graph::Error::Unreadable { .. })) {
            self.request_sync(tenant, waba_id, TimeDelta::zero()).await?;
        }
        Ok(result?)
    }
}

/// Builds the row of a template that Meta accepted but could not be read back.
fn from_draft(id: TemplateId, draft: &TemplateDraft, created: graph::CreatedTemplate) -> FetchedTemplate {
    let category = serde_json::to_value(draft.category).ok();
    FetchedTemplate {
        id,
        meta_id: created.id,
        name: draft.name.clone(),
        language: draft.language.clone(),
        status: created.status.unwrap_or_else(|| "PENDING".to_owned()),
        category: created.category.or_else(|| Some(category?.as_str()?.to_owned())),
        previous_category: None,
        quality: None,
        parameter_format: draft.parameter_format.as_ref().map(|it| it.to_uppercase()),
        components: draft.components.to_string(),
        rejected_reason: None,
        ttl_seconds: draft.message_send_ttl_seconds,
    }
}
