//! Messages addressed to conversations: the contact and the channel that a conversation stands for.

use std::collections::{BTreeSet, HashMap};

use super::{ComposeError, Composer, NewMessage, RequestedRecipient};
use crate::{
    db::Result,
    domain::{ChannelId, ContactId, ConversationId, Ctx},
    messaging::accept::{Address, Unaddressable},
    provider::message::Invalid,
    records::conversations,
};

/// The conversations that the messages of a page are addressed to.
pub(super) struct Conversations(HashMap<ConversationId, (ChannelId, ContactId)>);

impl Conversations {
    /// Reads the addressed conversations, with one statement if there are any.
    pub(super) async fn load<'a>(
        composer: &Composer,
        ctx: &Ctx,
        recipients: impl IntoIterator<Item = &'a RequestedRecipient>,
    ) -> Result<Self> {
        let named = |to: &RequestedRecipient| match to {
            RequestedRecipient::Conversation(id) => Some(*id),
            _ => None,
        };
        let named: BTreeSet<ConversationId> = recipients.into_iter().filter_map(named).collect();
        if named.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let named: Vec<ConversationId> = named.into_iter().collect();
        let found = conversations::pairs_of(composer.db.reader(), ctx.tenant, &named).await?;
        Ok(Self(
            found
                .into_iter()
                .map(|(id, channel, contact)| (id, (channel, contact)))
                .collect(),
        ))
    }

    /// Parses the address that the caller gave.
    pub(super) fn parse(&self, to: &RequestedRecipient) -> std::result::Result<Address, Unaddressable> {
        match to {
            RequestedRecipient::Phone(phone) => Address::phone(phone),
            RequestedRecipient::UserId(id) => Address::user_id(id),
            RequestedRecipient::Group(id) => Address::group(id),
            RequestedRecipient::Contact(contact) => Ok(Address::Contact(*contact)),
            RequestedRecipient::Conversation(id) => match self.0.get(id) {
                Some((_, contact)) => Ok(Address::Contact(*contact)),
                None => Err(Unaddressable::NoSuchConversation(*id)),
            },
        }
    }

    /// Returns the channel that a message goes out on.
    pub(super) fn channel(&self, message: &NewMessage) -> std::result::Result<ChannelId, ComposeError> {
        let of_conversation = match message.to {
            RequestedRecipient::Conversation(id) => match self.0.get(&id) {
                Some((channel, _)) => Some(*channel),
                None => return Err(Unaddressable::NoSuchConversation(id).into()),
            },
            _ => None,
        };
        let problem = match (message.channel, of_conversation) {
            (Some(given), Some(own)) if given != own => {
                format!("the conversation is on channel {own}: leave channel_id out, or name that one")
            }
            (Some(channel), _) | (None, Some(channel)) => return Ok(channel),
            (None, None) => "is missing; only a message to a conversation of ours may leave it out".to_owned(),
        };
        Err(Invalid::new("channel_id", problem).into())
    }
}
