//! Creates, versions, updates, deletes and fills message templates.

use super::{LocalContent, seeds::seeds};
use crate::{
    db::Tx,
    domain::{self, Actor, Ctx, MessageTemplateId, MessageTemplateState, Quota, QuotaReached, TenantId},
    meta::message::Invalid,
    records::quotas,
    templates::{
        TemplateService,
        store::message_templates::{self as store, NewVersion, StoredMessageTemplate},
    },
};

const NAME: usize = 100;
/// Maximum number of versions per template.
const MAX_VERSIONS: i64 = 200;

/// Reference to a message template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LocalTemplateRef {
    Id(MessageTemplateId),
    Name(String),
}

/// Activation of a new version: kept as a draft, or sent from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Draft,
    Active,
}

/// Changes to a message template; omitted fields stay as they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Update {
    pub name: Option<String>,
    pub state: Option<MessageTemplateState>,
    /// The version to send from now on.
    pub active_version: Option<i64>,
}

#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("there is no message template {0}")]
    NotFound(String),
    #[error("the message template {0} has no version {1}: its newest is {2}")]
    NoSuchVersion(String, i64, i64),
    #[error("the message template {0} is {1}: only an active one can be sent")]
    NotActive(String, MessageTemplateState),
    #[error("there is a message template named {0} already")]
    NameTaken(String),
    #[error("somebody else has just changed the message template {0}: look at it and try again")]
    Conflict(String),
    #[error("there are {0} versions, which is as many as there may be: make another message template")]
    TooManyVersions(i64),
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("a stored message template is unreadable: {0}")]
    Unreadable(serde_json::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

type LocalResult<T> = Result<T, LocalError>;

impl TemplateService {
    /// Creates the tenant's initial message templates, once per tenant.
    pub async fn seed(&self, tenant: TenantId) -> sqlx::Result<()> {
        if store::is_seeded(self.db.reader(), tenant).await? {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        if store::mark_seeded(tx.on(), tenant, self.clock.now()).await? {
            for (name, content) in seeds() {
                let row = self.new_row(name, Activation::Active);
                if store::insert(tx.on(), tenant, &row, Actor::System).await? {
                    self.insert_version(&mut tx, &Ctx::system(tenant), &row, &content)
                        .await?;
                }
            }
        }
        tx.commit().await
    }

    /// Creates a message template with its first version.
    pub(crate) async fn create_local(
        &self,
        ctx: &Ctx,
        name: &str,
        content: &LocalContent,
        activation: Activation,
    ) -> LocalResult<StoredMessageTemplate> {
        let tenant = ctx.tenant;
        let name = check_name(name)?;
        content.check()?;
        self.seed(tenant).await?;
        let row = self.new_row(name, activation);
        let make = async |tx: &mut Tx| {
            quotas::admit(tx, tenant, Quota::MessageTemplates).await??;
            if !store::insert(tx.on(), tenant, &row, ctx.actor).await? {
                return Err(LocalError::NameTaken(name.to_owned()));
            }
            Ok(self.insert_version(tx, ctx, &row, content).await?)
        };
        self.db.transaction_as(tenant, make).await?;
        Ok(row)
    }

    /// Adds a version with new content.
    pub(crate) async fn add_local_version(
        &self,
        ctx: &Ctx,
        id: MessageTemplateId,
        content: &LocalContent,
        activation: Activation,
    ) -> LocalResult<StoredMessageTemplate> {
        let tenant = ctx.tenant;
        content.check()?;
        let mut row = self.find_local(tenant, &LocalTemplateRef::Id(id)).await?;
        let read = row.latest_version;
        if read >= MAX_VERSIONS {
            return Err(LocalError::TooManyVersions(read));
        }
        row.latest_version += 1;
        if activation == Activation::Active {
            row.active_version = Some(row.latest_version);
            row.state = MessageTemplateState::Active;
        }
        row.updated_at = self.clock.now();
        let mut tx = self.db.begin_as(tenant).await?;
        if !store::update(tx.on(), tenant, &row, read).await? {
            tx.rollback().await?;
            return Err(LocalError::Conflict(row.name));
        }
        self.insert_version(&mut tx, ctx, &row, content).await?;
        tx.commit().await?;
        Ok(row)
    }

    pub(crate) async fn update_local(
        &self,
        ctx: &Ctx,
        id: MessageTemplateId,
        update: Update,
    ) -> LocalResult<StoredMessageTemplate> {
        let tenant = ctx.tenant;
        let mut row = self.find_local(tenant, &LocalTemplateRef::Id(id)).await?;
        if let Some(name) = &update.name {
            check_name(name)?.clone_into(&mut row.name);
        }
        if let Some(version) = update.active_version {
            if !(1..=row.latest_version).contains(&version) {
                return Err(LocalError::NoSuchVersion(row.name, version, row.latest_version));
            }
            row.active_version = Some(version);
            row.state = MessageTemplateState::Active;
        }
        if let Some(state) = update.state {
            row.state = state;
            row.active_version = match state {
                MessageTemplateState::Active => row.active_version.or(Some(row.latest_version)),
                MessageTemplateState::Draft => None,
                MessageTemplateState::Archived => row.active_version,
            };
        }
        row.updated_at = self.clock.now();
        match store::update(self.db.writer(), tenant, &row, row.latest_version).await {
            Ok(true) => Ok(row),
            Ok(false) => Err(LocalError::Conflict(row.name)),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(LocalError::NameTaken(row.name)),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a message template with all its versions. Messages sent from it are not affected.
    pub(crate) async fn delete_local(&self, ctx: &Ctx, id: MessageTemplateId) -> LocalResult<()> {
        let tenant = ctx.tenant;
        let mut tx = self.db.begin_as(tenant).await?;
        let was = store::delete(tx.on(), tenant, id).await?;
        tx.commit().await?;
        was.then_some(()).ok_or_else(|| LocalError::NotFound(id.to_string()))
    }

    pub(crate) async fn find_local(
        &self,
        tenant: TenantId,
        which: &LocalTemplateRef,
    ) -> LocalResult<StoredMessageTemplate> {
        self.seed(tenant).await?;
        let (found, shown) = match which {
            LocalTemplateRef::Id(id) => (store::find(self.db.reader(), tenant, *id).await?, id.to_string()),
            LocalTemplateRef::Name(name) => (store::find_by_name(self.db.reader(), tenant, name).await?, name.clone()),
        };
        found.ok_or(LocalError::NotFound(shown))
    }

    /// Returns the content of the active version, or of the given one for a preview.
    pub(crate) async fn local_content(
        &self,
        tenant: TenantId,
        which: &LocalTemplateRef,
        version: Option<i64>,
    ) -> LocalResult<LocalContent> {
        let row = self.find_local(tenant, which).await?;
        let active = row.active_version.filter(|_| row.state == MessageTemplateState::Active);
        let Some(number) = version.or(active) else {
            return Err(LocalError::NotActive(row.name, row.state));
        };
        let found = store::version(self.db.reader(), tenant, row.id, number).await?;
        let found = found.ok_or_else(|| LocalError::NoSuchVersion(row.name.clone(), number, row.latest_version))?;
        serde_json::from_str(&found.content).map_err(LocalError::Unreadable)
    }

    fn new_row(&self, name: &str, activation: Activation) -> StoredMessageTemplate {
        let now = self.clock.now();
        let active = activation == Activation::Active;
        StoredMessageTemplate {
            id: self.clock.new_id(),
            name: name.to_owned(),
            state: match activation {
                Activation::Active => MessageTemplateState::Active,
                Activation::Draft => MessageTemplateState::Draft,
            },
            active_version: active.then_some(1),
            latest_version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    async fn insert_version(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        row: &StoredMessageTemplate,
        content: &LocalContent,
    ) -> sqlx::Result<()> {
        let new = NewVersion {
            version: row.latest_version,
            kind: content.kind(),
            content: serde_json::to_string(content).expect("texts always serialise"),
            created_by: ctx.actor,
        };
        store::add_version(tx.on(), ctx.tenant, row.id, new, row.updated_at).await
    }
}

fn check_name(name: &str) -> Result<&str, Invalid> {
    domain::check_name(name, NAME).map_err(|bad| Invalid::new("name", bad.to_string()).limit(NAME))
}
