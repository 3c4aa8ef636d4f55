//! What Meta checks in the body of a message before anything else, with the limits of its own pages.

mod carousel;
mod commerce;
mod field;
mod interactive;
mod lists;
mod media;
mod orders;
mod plain;

pub(crate) use field::Field;
pub(crate) use orders::{bill, told};

use super::people::Address;
use super::refusal::Refusal;

/// A message whose form is right.
#[derive(Debug)]
pub(crate) struct Draft {
    pub kind: Kind,
    pub address: Address,
    /// `to` or `recipient` as given.
    pub input: String,
    pub opaque: Option<String>,
    pub media: Vec<MediaUse>,
    pub is_voice: bool,
    /// The message reacted to, or pinned.
    pub target: Option<String>,
}

/// `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Image,
    Video,
    Audio,
    Document,
    Sticker,
    Location,
    Contacts,
    Reaction,
    Interactive,
    Template,
    Pin,
}

const KINDS: [(Kind, &str); 12] = [
    (Kind::Text, "text"),
    (Kind::Image, "image"),
    (Kind::Video, "video"),
    (Kind::Audio, "audio"),
    (Kind::Document, "document"),
    (Kind::Sticker, "sticker"),
    (Kind::Location, "location"),
    (Kind::Contacts, "contacts"),
    (Kind::Reaction, "reaction"),
    (Kind::Interactive, "interactive"),
    (Kind::Template, "template"),
    (Kind::Pin, "pin"),
];

impl Kind {
    pub fn name(self) -> &'static str {
        KINDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Option<Self> {
        let known = |(_, known): &&(Kind, &str)| known.eq_ignore_ascii_case(name);
        KINDS.iter().find(known).map(|(kind, _)| *kind)
    }

    fn fits_groups(self) -> bool {
        use Kind::*;
        matches!(self, Text | Image | Video | Audio | Document | Sticker | Template | Pin)
    }
}

/// An uploaded file that a message names, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaUse {
    pub id: String,
    pub kind: &'static str,
}

/// The most characters of `biz_opaque_callback_data`.
const LONGEST_OPAQUE: usize = 512;

/// Checks the body of a message.
pub(crate) fn message(root: Field<'_>) -> Result<Draft, Refusal> {
    root.is_whatsapp()?;
    let (input, address) = recipient(&root)?;
    let kind = match root.at("type").optional_text(usize::MAX)? {
        None => Kind::Text,
        Some(name) => Kind::named(name)
            .ok_or_else(|| Refusal::new(131051, format!("Message type {name} is not currently supported.")))?,
    };
    if matches!(address, Address::Group(_)) && !kind.fits_groups() {
        return Err(Refusal::of(130501));
    }
    let mut draft = Draft {
        kind,
        address,
        input,
        opaque: root
            .at("biz_opaque_callback_data")
            .optional_text(LONGEST_OPAQUE)?
            .map(str::to_owned),
        media: Vec::new(),
        is_voice: false,
        target: None,
    };
    let context = root.at("context");
    if context.is_given() {
        context.at("message_id").text(usize::MAX)?;
        if kind == Kind::Reaction {
            return Err(context.wrong("cannot be used with reactions"));
        }
    }
    root.at("recipient_identity_key_hash").optional_text(usize::MAX)?;
    let body = root.at(kind.name());
    match kind {
        Kind::Text => plain::text(body)?,
        Kind::Image | Kind::Video | Kind::Audio | Kind::Document | Kind::Sticker => media::file(body, &mut draft)?,
        Kind::Location => plain::location(body)?,
        Kind::Contacts => plain::contacts(body)?,
        Kind::Reaction => draft.target = Some(plain::reaction(body)?),
        Kind::Pin => draft.target = Some(plain::pin(body)?),
        Kind::Interactive => interactive::check(body, &mut draft)?,
        Kind::Template => plain::template(body)?,
    }
    Ok(draft)
}

/// Whom it goes to: `to` wins over `recipient`.
fn recipient(root: &Field<'_>) -> Result<(String, Address), Refusal> {
    let kind = match root.at("recipient_type").is_given() {
        true => root.at("recipient_type").one_of(&["individual", "group"])?,
        false => "individual",
    };
    let (to, recipient) = (root.at("to"), root.at("recipient"));
    if !to.is_given() && !recipient.is_given() {
        return Err(Refusal::new(100, "The parameter to is required."));
    }
    if kind == "group" {
        let id = to.text(256)?;
        return Ok((id.to_owned(), Address::Group(id.to_owned())));
    }
    let (field, parse): (_, fn(&str) -> Option<Address>) = match to.is_given() {
        true => (to, Address::phone),
        false => (recipient, Address::user_id),
    };
    let input = field.text(256)?;
    let address = parse(input).ok_or_else(|| field.wrong("is not a recipient"))?;
    Ok((input.to_owned(), address))
}
