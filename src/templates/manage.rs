//! Templates made, changed and deleted through Meta. Meta decides; what it says afterwards is what is kept.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{Category, Draft, TemplateChange, TemplateService, sync::fetched};
use crate::{
    db::Tx,
    directory::Route,
    domain::{Id, Quota, QuotaReached, TemplateId, TenantId},
    meta::{graph, message::Invalid},
    records::quotas,
    templates::store::templates::{self as store, Fetched, Template},
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
    #[error("no channel of the account has an access token that opens: add the channel again to renew it")]
    NoToken,
    /// Unless Meta refused, the change may have been made all the same: a sync will tell.
    #[error(transparent)]
    Meta(#[from] graph::Error),
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

type Managed<T> = Result<T, ManageError>;

impl TemplateService {
    /// Hands a new template in for review, in the account of the given channel.
    pub async fn create(&self, route: &Route, draft: &Draft) -> Managed<Template> {
        let draft = &draft.completed();
        draft.check()?;
        let key = (route.tenant, route.waba_id.clone(), draft.name.clone());
        let known = store::of_names(self.db.reader(), &[key]).await?;
        let alive = |it: &&Template| it.language == draft.language && it.status != "DELETED";
        if known.iter().any(|it| alive(&it)) {
            return Err(ManageError::Exists(draft.name.clone(), draft.language.clone()));
        }
        let (place, now) = (self.clock.new_id::<TemplateId>().uuid(), self.clock.now());
        let reserve = async |tx: &mut Tx| {
            quotas::reserve(tx, route.tenant, Quota::Templates, (place, now)).await??;
            Ok::<_, ManageError>(())
        };
        self.db.transaction(reserve).await?;
        let made = self.hand_in(route, draft, place).await;
        if made.is_err() {
            quotas::release(&self.db, route.tenant, place).await?;
        }
        made
    }

    /// What is kept at the end counts in place of the reservation `place`.
    async fn hand_in(&self, route: &Route, draft: &Draft, place: Uuid) -> Managed<Template> {
        let speaker = route.access().ok_or(ManageError::NoToken)?;
        let definition = serde_json::to_value(draft).expect("texts, numbers and JSON always serialise");
        let created = self.graph.create_template(speaker, &definition).await;
        let created = self.told(route.tenant, &route.waba_id, created).await?;
        let shown = match self.graph.template(speaker, &created.id).await {
            Ok(shown) => fetched(&self.clock, shown),
            Err(_) => drafted(self.clock.new_id(), draft, created),
        };
        let (name, language) = (shown.name.clone(), shown.language.clone());
        let keep = async |tx: &mut Tx| {
            store::keep(&mut *tx, route.tenant, &route.waba_id, &[shown], self.clock.now()).await?;
            quotas::release(tx, route.tenant, place).await.map(drop)
        };
        self.db.transaction(keep).await?;
        let kept = store::of_names(&self.db, &[(route.tenant, route.waba_id.clone(), name)]).await?;
        let kept = kept.into_iter().find(|it| it.language == language);
        Ok(kept.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// Changes a template, which Meta then reviews again.
    pub async fn edit(&self, tenant: TenantId, id: TemplateId, change: &TemplateChange) -> Managed<Template> {
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
        let route = self.speaker(tenant, &row.waba_id).ok_or(ManageError::NoToken)?;
        let speaker = route.access().ok_or(ManageError::NoToken)?;
        let edited = self.graph.edit_template(speaker, &row.meta_id, &change).await;
        self.told(tenant, &row.waba_id, edited).await?;
        self.reread(&route, row, "PENDING").await
    }

    /// Deletes a template in this language; others of its name stay.
    pub async fn delete(&self, tenant: TenantId, id: TemplateId) -> Managed<()> {
        let row = self.find(tenant, id).await?;
        if row.status == "DELETED" {
            return Ok(());
        }
        let route = self.speaker(tenant, &row.waba_id).ok_or(ManageError::NoToken)?;
        let speaker = route.access().ok_or(ManageError::NoToken)?;
        let deleted = self.graph.delete_template(speaker, &row.name, Some(&row.meta_id)).await;
        self.told(tenant, &row.waba_id, deleted).await?;
        store::mark(&self.db, tenant, id, "DELETED", self.clock.now()).await?;
        Ok(())
    }

    /// Takes back a pause that pacing caused.
    pub async fn unpause(&self, tenant: TenantId, id: TemplateId) -> Managed<Template> {
        let row = self.find(tenant, id).await?;
        if row.status != "PAUSED" {
            return Err(ManageError::WrongState(row.name, row.status, "paused", "unpaused"));
        }
        let route = self.speaker(tenant, &row.waba_id).ok_or(ManageError::NoToken)?;
        let speaker = route.access().ok_or(ManageError::NoToken)?;
        let unpaused = self.graph.unpause_template(speaker, &row.meta_id).await;
        self.told(tenant, &row.waba_id, unpaused).await?;
        self.reread(&route, row, "APPROVED").await
    }

    async fn find(&self, tenant: TenantId, id: TemplateId) -> Managed<Template> {
        let found = store::find(self.db.reader(), tenant, id).await?;
        found.ok_or(ManageError::NoSuchTemplate(id))
    }

    /// What Meta has after a change; if it does not say, the status that usually follows, until a sync knows better.
    async fn reread(&self, route: &Route, row: Template, usually: &str) -> Managed<Template> {
        let now = self.clock.now();
        let shown = match route.access() {
            Some(speaker) => self.graph.template(speaker, &row.meta_id).await.ok(),
            None => None,
        };
        // What we did is newer than whatever a webhook has told, whose seconds are whole.
        store::mark(&self.db, row.tenant_id, row.id, usually, now).await?;
        match shown {
            Some(shown) => {
                let shown = fetched(&self.clock, shown);
                store::keep(&self.db, row.tenant_id, &row.waba_id, &[shown], now).await?;
            }
            None => self.want_sync(row.tenant_id, &row.waba_id, TimeDelta::zero()).await?,
        }
        self.find(row.tenant_id, row.id).await
    }

    /// A call whose end is not known may have changed something: a sync will tell.
    async fn told<T>(&self, tenant: TenantId, waba_id: &str, result: Result<T, graph::Error>) -> Managed<T> {
        if matches!(result, Err(graph::Error::NoAnswer(_) | graph::Error::Unreadable { .. })) {
            self.want_sync(tenant, waba_id, TimeDelta::zero()).await?;
        }
        Ok(result?)
    }
}

/// A template that Meta took and did not show.
fn drafted(id: TemplateId, draft: &Draft, created: graph::CreatedTemplate) -> Fetched {
    let category = serde_json::to_value(draft.category).ok();
    Fetched {
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
