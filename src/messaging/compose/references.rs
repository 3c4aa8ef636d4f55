//! What messages refer to: other messages, files, and numbers that are known here.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::{ComposeError, Composer, FilledMessage};
use crate::{
    db::Result,
    domain::{Ctx, MediaId, MessageId, TenantId},
    media::store::{self as media, StoredMedia},
    messaging::accept::{Address, Unaddressable},
    provider::message::Invalid,
    records::{
        contacts::{self, Identity},
        messages,
    },
};

/// What the messages of a page refer to, as stored.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Wamids of messages that have one.
    wamids: HashMap<MessageId, String>,
    pub(super) media: HashMap<MediaId, StoredMedia>,
    /// Numbers of contacts among those that are no valid international numbers.
    phones: HashSet<String>,
}

impl References {
    /// Reads what the messages refer to; a statement for each kind that occurs.
    pub(super) async fn load<'a>(
        composer: &Composer,
        ctx: &Ctx,
        messages: impl Iterator<Item = &'a FilledMessage>,
    ) -> Result<Self> {
        let (mut named, mut files, mut phones) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for message in messages {
            named.extend(message.messages());
            collect_files(&message.payload, &mut files);
            phones.extend(national(&message.to));
        }
        let (on, tenant) = (composer.db.reader(), ctx.tenant);
        let mut references = Self {
            phones: known_phones(composer, tenant, phones).await?,
            ..Self::default()
        };
        if !named.is_empty() {
            let named: Vec<MessageId> = named.into_iter().collect();
            references.wamids = messages::wamids(on, tenant, &named).await?.into_iter().collect();
        }
        if !files.is_empty() {
            let files: Vec<MediaId> = files.into_iter().collect();
            let found = media::find_all(composer.db.reader(), tenant, &files).await?;
            references.media = found.into_iter().map(|file| (file.id, file)).collect();
        }
        Ok(references)
    }

    /// Reads what a recipient refers to.
    pub(super) async fn of_recipient(
        composer: &Composer,
        ctx: &Ctx,
        to: &std::result::Result<Address, Unaddressable>,
    ) -> Result<Self> {
        let phones = national(to).into_iter().collect();
        Ok(Self {
            phones: known_phones(composer, ctx.tenant, phones).await?,
            ..Self::default()
        })
    }

    /// Checks a parsed recipient. Numbers known from answers and webhooks are accepted even if the tables of valid numbers lack them.
    pub(super) fn address(
        &self,
        to: std::result::Result<Address, Unaddressable>,
    ) -> std::result::Result<Address, ComposeError> {
        match to {
            Err(Unaddressable::National(digits)) if self.phones.contains(&digits) => Ok(Address::Phone(digits)),
            to => Ok(to?),
        }
    }

    /// Fills in what the payload refers to: the wamid of a reaction's message, and the file name of a document of ours, which the
    /// recipient sees.
    pub(super) fn resolve(&self, kind: &str, mut payload: Value) -> std::result::Result<Value, Invalid> {
        if kind == "reaction"
            && let Some(id) = payload.get("message_id").and_then(Value::as_str)
        {
            payload["message_id"] = self.wamid(id, "reaction.message_id")?.into();
        }
        if kind == "document"
            && payload.get("filename").is_none_or(Value::is_null)
            && let Some(id) = payload.get("media_id").and_then(Value::as_str)
            && let Ok(id) = id.parse::<MediaId>()
            && let Some(filename) = self.media.get(&id).and_then(|file| file.filename.clone())
        {
            payload["filename"] = filename.into();
        }
        Ok(payload)
    }

    /// Returns the wamid of a message given by our id or by its wamid.
    pub(super) fn wamid(&self, id: &str, field: &str) -> std::result::Result<String, Invalid> {
        if id.trim().is_empty() {
            return Err(Invalid::new(field, "must not be empty"));
        }
        let Ok(id) = id.parse::<MessageId>() else {
            return Ok(id.to_owned());
        };
        let unknown = || Invalid::new(field, format!("there is no message {id} that Meta knows"));
        self.wamids.get(&id).cloned().ok_or_else(unknown)
    }
}

/// Returns the digits of a phone number that is no valid international one.
fn national(to: &std::result::Result<Address, Unaddressable>) -> Option<String> {
    match to {
        Err(Unaddressable::National(digits)) => Some(digits.clone()),
        _ => None,
    }
}

/// Returns those of the numbers that are or were a contact's.
async fn known_phones(composer: &Composer, tenant: TenantId, phones: BTreeSet<String>) -> Result<HashSet<String>> {
    if phones.is_empty() {
        return Ok(HashSet::new());
    }
    let identity = |value| Identity {
        tenant,
        kind: "phone",
        value,
    };
    let wanted: Vec<Identity> = phones.into_iter().map(identity).collect();
    let known = contacts::identities(composer.db.reader(), &wanted).await?;
    Ok(known.into_iter().map(|identity| identity.value).collect())
}

/// Collects the ids of our files in a payload. A file is named by `media_id` in messages, headers and parameters alike.
fn collect_files(payload: &Value, files: &mut BTreeSet<MediaId>) {
    match payload {
        Value::Object(members) => {
            let named = members.get("media_id").and_then(Value::as_str);
            files.extend(named.and_then(|id| id.parse::<MediaId>().ok()));
            members.values().for_each(|value| collect_files(value, files));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_files(value, files)),
        _ => {}
    }
}
