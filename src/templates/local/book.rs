//! The verbs of message templates.

use serde_json::{Map, Value};

use super::{Content, Filled, seeds::seeds};
use crate::{
    db::Tx,
    domain::{self, MessageTemplateId, Quota, QuotaReached, TenantId},
    meta::message::Invalid,
    records::quotas,
    templates::{
        TemplateService,
        store::message_templates::{self as store, MessageTemplate, NewVersion},
    },
};

const NAME: usize = 100;
/// Of one template.
const MOST_VERSIONS: i64 = 200;

/// Which message template a caller means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    Id(MessageTemplateId),
    Name(String),
}

/// Whether what is written is sent from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    Draft,
    Active,
}

/// What is to be changed; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Update {
    pub name: Option<String>,
    /// `draft`, `active` or `archived`.
    pub state: Option<&'static str>,
    /// The version that is sent from now on.
    pub active_version: Option<i64>,
}

#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("there is no message template {0}")]
    NoSuch(String),
    #[error("the message template {0} has no version {1}: its newest is {2}")]
    NoSuchVersion(String, i64, i64),
    #[error("the message template {0} is {1}: only an active one can be sent")]
    NotActive(String, String),
    #[error("there is a message template named {0} already")]
    Taken(String),
    #[error("somebody else has just changed the message template {0}: look at it and try again")]
    Changed(String),
    #[error("there are {0} versions, which is as many as there may be: make another message template")]
    TooMany(i64),
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("a stored message template is unreadable: {0}")]
    Unreadable(serde_json::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

type Done<T> = Result<T, LocalError>;

impl TemplateService {
    /// Gives the tenant its first message templates, unless it was given them.
    pub async fn seed(&self, tenant: TenantId) -> sqlx::Result<()> {
        if store::is_seeded(self.db.reader(), tenant).await? {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        if store::seeding(&mut tx, tenant, self.clock.now()).await? {
            for (name, content) in seeds() {
                let row = self.first(name, As::Active);
                if store::insert(&mut tx, tenant, &row).await? {
                    self.write(&mut tx, tenant, &row, &content).await?;
                }
            }
        }
        tx.commit().await
    }

    /// Makes a message template.
    pub async fn make_local(&self, tenant: TenantId, name: &str, content: &Content, put: As) -> Done<MessageTemplate> {
        let name = checked_name(name)?;
        content.check()?;
        self.seed(tenant).await?;
        let row = self.first(name, put);
        let make = async |tx: &mut Tx| {
            quotas::admit(tx, tenant, Quota::MessageTemplates).await??;
            if !store::insert(&mut *tx, tenant, &row).await? {
                return Err(LocalError::Taken(name.to_owned()));
            }
            Ok(self.write(tx, tenant, &row, content).await?)
        };
        self.db.transaction(make).await?;
        Ok(row)
    }

    /// Says it anew: a version is added.
    pub async fn say_local(
        &self,
        tenant: TenantId,
        id: MessageTemplateId,
        content: &Content,
        put: As,
    ) -> Done<MessageTemplate> {
        content.check()?;
        let mut row = self.local(tenant, &Which::Id(id)).await?;
        let read = row.latest_version;
        if read >= MOST_VERSIONS {
            return Err(LocalError::TooMany(read));
        }
        row.latest_version += 1;
        if put == As::Active {
            row.active_version = Some(row.latest_version);
            "active".clone_into(&mut row.state);
        }
        row.updated_at = self.clock.now();
        let mut tx = self.db.begin().await?;
        if !store::update(&mut tx, tenant, &row, read).await? {
            tx.rollback().await?;
            return Err(LocalError::Changed(row.name));
        }
        self.write(&mut tx, tenant, &row, content).await?;
        tx.commit().await?;
        Ok(row)
    }

    pub async fn update_local(&self, tenant: TenantId, id: MessageTemplateId, update: Update) -> Done<MessageTemplate> {
        let mut row = self.local(tenant, &Which::Id(id)).await?;
        if let Some(name) = &update.name {
            checked_name(name)?.clone_into(&mut row.name);
        }
        if let Some(version) = update.active_version {
            if !(1..=row.latest_version).contains(&version) {
                return Err(LocalError::NoSuchVersion(row.name, version, row.latest_version));
            }
            row.active_version = Some(version);
            "active".clone_into(&mut row.state);
        }
        if let Some(state) = update.state {
            state.clone_into(&mut row.state);
            row.active_version = match state {
                "active" => row.active_version.or(Some(row.latest_version)),
                "draft" => None,
                _ => row.active_version,
            };
        }
        row.updated_at = self.clock.now();
        match store::update(&self.db, tenant, &row, row.latest_version).await {
            Ok(true) => Ok(row),
            Ok(false) => Err(LocalError::Changed(row.name)),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(LocalError::Taken(row.name)),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes it with all its versions. Messages made of it stay as they are.
    pub async fn delete_local(&self, tenant: TenantId, id: MessageTemplateId) -> Done<()> {
        let mut tx = self.db.begin().await?;
        let was = store::delete(&mut tx, tenant, id).await?;
        tx.commit().await?;
        was.then_some(()).ok_or_else(|| LocalError::NoSuch(id.to_string()))
    }

    pub async fn local(&self, tenant: TenantId, which: &Which) -> Done<MessageTemplate> {
        self.seed(tenant).await?;
        let (found, shown) = match which {
            Which::Id(id) => (store::find(self.db.reader(), tenant, *id).await?, id.to_string()),
            Which::Name(name) => (store::find_by_name(self.db.reader(), tenant, name).await?, name.clone()),
        };
        found.ok_or(LocalError::NoSuch(shown))
    }

    /// The message that it makes with these values: of the version that is sent, or of another one for a preview.
    pub async fn fill_local(
        &self,
        tenant: TenantId,
        which: &Which,
        version: Option<i64>,
        values: &Map<String, Value>,
    ) -> Done<Filled> {
        let row = self.local(tenant, which).await?;
        let active = row.active_version.filter(|_| row.state == "active");
        let Some(number) = version.or(active) else {
            return Err(LocalError::NotActive(row.name, row.state));
        };
        let found = store::version(self.db.reader(), tenant, row.id, number).await?;
        let found = found.ok_or_else(|| LocalError::NoSuchVersion(row.name.clone(), number, row.latest_version))?;
        let content: Content = serde_json::from_str(&found.content).map_err(LocalError::Unreadable)?;
        Ok(content.fill(values)?)
    }

    fn first(&self, name: &str, put: As) -> MessageTemplate {
        let now = self.clock.now();
        let active = put == As::Active;
        MessageTemplate {
            id: self.clock.new_id(),
            name: name.to_owned(),
            state: if active { "active" } else { "draft" }.to_owned(),
            active_version: active.then_some(1),
            latest_version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    async fn write(&self, tx: &mut Tx, tenant: TenantId, row: &MessageTemplate, content: &Content) -> sqlx::Result<()> {
        let new = NewVersion {
            version: row.latest_version,
            kind: content.kind(),
            content: serde_json::to_string(content).expect("texts always serialise"),
        };
        store::add_version(tx, tenant, row.id, new, row.updated_at).await
    }
}

fn checked_name(name: &str) -> Result<&str, Invalid> {
    domain::name(name, NAME).map_err(|bad| Invalid::new("name", bad.to_string()).limit(NAME))
}
