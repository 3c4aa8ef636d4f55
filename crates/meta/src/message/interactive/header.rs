use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Heading;
use crate::message::{
    MediaKind, MediaRef, OutboundMedia,
    read::{FieldResult, Object},
};

const MAX_TEXT: usize = 60;

/// Header above the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InteractiveHeader {
    /// At most 60 characters.
    Text(String),
    /// An image, a video or a document.
    Media(OutboundMedia),
}

impl InteractiveHeader {
    pub(in crate::message) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Media(_) => None,
        }
    }

    pub(super) fn file(&mut self) -> Option<(MediaKind, &mut MediaRef)> {
        match self {
            Self::Text(_) => None,
            Self::Media(media) => Some(media.file()),
        }
    }
}

pub(super) fn read(around: &mut Object<'_>, rule: Heading) -> FieldResult<Option<InteractiveHeader>> {
    match rule {
        Heading::None => Ok(None),
        Heading::Any => one_of(around, &["text", "image", "video", "document"]),
        Heading::Text => one_of(around, &["text"]),
        Heading::RequiredText => {
            around.required("header")?;
            one_of(around, &["text"])
        }
    }
}

/// Reads an optional header of one of these types.
pub(super) fn one_of(around: &mut Object<'_>, kinds: &[&'static str]) -> FieldResult<Option<InteractiveHeader>> {
    let Some(at) = around.optional("header") else {
        return Ok(None);
    };
    let mut header = at.object()?;
    let kind = header.required("type")?.one_of(kinds)?;
    let read = match MediaKind::parse(kind) {
        Some(media) => InteractiveHeader::Media(OutboundMedia::header(media, &header.required(kind)?)?),
        None => InteractiveHeader::Text(header.text("text", MAX_TEXT)?),
    };
    header.deny_unknown().map(|()| Some(read))
}

impl Serialize for InteractiveHeader {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut header = to.serialize_map(Some(2))?;
        match self {
            Self::Text(text) => {
                header.serialize_entry("type", "text")?;
                header.serialize_entry("text", text)?;
            }
            Self::Media(media) => {
                header.serialize_entry("type", media.kind.as_str())?;
                header.serialize_entry(media.kind.as_str(), media)?;
            }
        }
        header.end()
    }
}
