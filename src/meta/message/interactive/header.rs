use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Heading;
use crate::meta::message::{
    Media, MediaKind, MediaRef,
    read::{Object, Read},
};

const LONGEST: usize = 60;

/// What stands above the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// At most 60 characters.
    Text(String),
    /// An image, a video or a document.
    Media(Media),
}

impl Header {
    pub(in crate::meta::message) fn text(&self) -> Option<&str> {
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

pub(super) fn read(around: &mut Object<'_>, rule: Heading) -> Read<Option<Header>> {
    match rule {
        Heading::None => Ok(None),
        Heading::Any => one_of(around, &["text", "image", "video", "document"]),
        Heading::Text => one_of(around, &["text"]),
        Heading::MustText => {
            around.must("header")?;
            one_of(around, &["text"])
        }
    }
}

/// A header of one of these types, if there is one.
pub(super) fn one_of(around: &mut Object<'_>, kinds: &[&'static str]) -> Read<Option<Header>> {
    let Some(at) = around.maybe("header") else {
        return Ok(None);
    };
    let mut header = at.object()?;
    let kind = header.must("type")?.one_of(kinds)?;
    let read = match MediaKind::parse(kind) {
        Some(media) => Header::Media(Media::header(media, &header.must(kind)?)?),
        None => Header::Text(header.text("text", LONGEST)?),
    };
    header.end().map(|()| Some(read))
}

impl Serialize for Header {
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
