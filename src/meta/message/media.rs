use serde::{Serialize, Serializer, ser::SerializeMap};

use super::read::{ANY, At, Object, Read};
use crate::domain::{MediaId, ParseIdError, file_name};

/// What a file serves as; Meta's limits of type and size hang on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    Image,
    Audio,
    Video,
    Document,
    Sticker,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaRef {
    /// With Meta, under this id.
    Meta(String),
    /// On the web: Meta fetches it when the message is sent, and keeps it for ten minutes.
    Link(String),
    /// With us: has to be uploaded, and replaced by Meta's id, before the message is sent.
    Ours(MediaId),
}

/// A file and what is said with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Media {
    #[serde(skip)]
    pub kind: MediaKind,
    #[serde(flatten)]
    pub file: MediaRef,
    /// At most 1,024 characters; images, videos and documents have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Documents have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Shows an audio as a voice message; it has to be OGG with OPUS then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<bool>,
}

impl MediaKind {
    pub fn parse(kind: &str) -> Option<Self> {
        let all = [Self::Image, Self::Audio, Self::Video, Self::Document, Self::Sticker];
        all.into_iter().find(|it| it.as_str() == kind)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

impl Media {
    /// A message that is a file.
    pub(super) fn message(kind: MediaKind, at: &At<'_>) -> Read<Self> {
        let mut media = at.object()?;
        let mut read = Self::bare(kind, &mut media)?;
        if matches!(kind, MediaKind::Image | MediaKind::Video | MediaKind::Document) {
            read.caption = media.maybe_text("caption", 1_024)?;
        }
        if kind == MediaKind::Document {
            read.filename = filename(&mut media)?;
        }
        if kind == MediaKind::Audio {
            read.voice = media.maybe_flag("voice")?;
        }
        media.end().map(|()| read)
    }

    /// A file at the head of a message, which speaks for itself.
    pub(super) fn header(kind: MediaKind, at: &At<'_>) -> Read<Self> {
        let mut media = at.object()?;
        let mut read = Self::bare(kind, &mut media)?;
        if kind == MediaKind::Document {
            read.filename = filename(&mut media)?;
        }
        media.end().map(|()| read)
    }

    fn bare(kind: MediaKind, media: &mut Object<'_>) -> Read<Self> {
        Ok(Self {
            kind,
            file: MediaRef::read(media)?,
            caption: None,
            filename: None,
            voice: None,
        })
    }

    pub(super) fn file(&mut self) -> (MediaKind, &mut MediaRef) {
        (self.kind, &mut self.file)
    }
}

/// The name that the recipient is shown.
pub(super) fn filename(media: &mut Object<'_>) -> Read<Option<String>> {
    let Some(at) = media.maybe("filename") else {
        return Ok(None);
    };
    let name = at.text(ANY)?;
    match file_name::harm(&name) {
        Some(why) => Err(at.problem(why)),
        None => Ok(Some(name)),
    }
}

impl MediaRef {
    pub(super) fn read(media: &mut Object<'_>) -> Read<Self> {
        match (media.maybe("id"), media.maybe("link"), media.maybe("media_id")) {
            (Some(id), None, None) => id.text(ANY).map(Self::Meta),
            (None, Some(link), None) => link.url(ANY).map(Self::Link),
            (None, None, Some(ours)) => {
                let id = ours.text(ANY)?.parse();
                id.map(Self::Ours)
                    .map_err(|error: ParseIdError| ours.problem(error.to_string()))
            }
            _ => Err(media.problem("must have exactly one of media_id (a file of ours), id (Meta's) and link")),
        }
    }
}

/// A single member. A file of ours has none: Meta does not know our ids.
impl Serialize for MediaRef {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut member = to.serialize_map(Some(1))?;
        match self {
            Self::Meta(id) => member.serialize_entry("id", id)?,
            Self::Link(link) => member.serialize_entry("link", link)?,
            Self::Ours(id) => {
                let why = format!("the file {id} has no id from Meta yet");
                return Err(serde::ser::Error::custom(why));
            }
        }
        member.end()
    }
}
