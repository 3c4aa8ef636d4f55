//! Media in messages: by Meta's id, by link, or stored here.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::read::{Field, FieldResult, Object, UNLIMITED};
use mainstay_core::domain::{MediaId, ParseIdError, file_name};

/// Kind of a media message; determines Meta's limits of type and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    Image,
    Audio,
    Video,
    Document,
    Sticker,
}

/// Location of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaRef {
    /// Stored at Meta, under this id.
    Meta(String),
    /// On the web: Meta fetches it when the message is sent, and caches it for ten minutes.
    Link(String),
    /// Stored here: must be uploaded, and replaced by Meta's id, before the message is sent.
    Stored(MediaId),
}

/// A file with its caption, name and voice flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutboundMedia {
    #[serde(skip)]
    pub kind: MediaKind,
    #[serde(flatten)]
    pub file: MediaRef,
    /// At most 1,024 characters; for images, videos and documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// For documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Shows audio as a voice message; must be OGG with OPUS then.
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

impl OutboundMedia {
    /// Reads a media message.
    pub(super) fn message(kind: MediaKind, at: &Field<'_>) -> FieldResult<Self> {
        let mut media = at.object()?;
        let mut read = Self::read_file(kind, &mut media)?;
        if matches!(kind, MediaKind::Image | MediaKind::Video | MediaKind::Document) {
            read.caption = media.optional_text("caption", 1_024)?;
        }
        if kind == MediaKind::Document {
            read.filename = filename(&mut media)?;
        }
        if kind == MediaKind::Audio {
            read.voice = media.optional_flag("voice")?;
        }
        media.deny_unknown().map(|()| read)
    }

    /// Reads media in a header, which has no caption.
    pub(super) fn header(kind: MediaKind, at: &Field<'_>) -> FieldResult<Self> {
        let mut media = at.object()?;
        let mut read = Self::read_file(kind, &mut media)?;
        if kind == MediaKind::Document {
            read.filename = filename(&mut media)?;
        }
        media.deny_unknown().map(|()| read)
    }

    fn read_file(kind: MediaKind, media: &mut Object<'_>) -> FieldResult<Self> {
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

/// Reads the file name shown to the recipient.
pub(super) fn filename(media: &mut Object<'_>) -> FieldResult<Option<String>> {
    let Some(at) = media.optional("filename") else {
        return Ok(None);
    };
    let name = at.text(UNLIMITED)?;
    match file_name::rejection_reason(&name) {
        Some(why) => Err(at.problem(why)),
        None => Ok(Some(name)),
    }
}

impl MediaRef {
    pub(super) fn read(media: &mut Object<'_>) -> FieldResult<Self> {
        match (media.optional("id"), media.optional("link"), media.optional("media_id")) {
            (Some(id), None, None) => id.text(UNLIMITED).map(Self::Meta),
            (None, Some(link), None) => link.url(UNLIMITED).map(Self::Link),
            (None, None, Some(ours)) => {
                let id = ours.text(UNLIMITED)?.parse();
                id.map(Self::Stored)
                    .map_err(|error: ParseIdError| ours.problem(error.to_string()))
            }
            _ => Err(media.problem("must have exactly one of media_id (a file of ours), id (Meta's) and link")),
        }
    }
}

/// Writes `id` or `link`. Fails for a stored file, because Meta does not know our ids.
impl Serialize for MediaRef {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut member = to.serialize_map(Some(1))?;
        match self {
            Self::Meta(id) => member.serialize_entry("id", id)?,
            Self::Link(link) => member.serialize_entry("link", link)?,
            Self::Stored(id) => {
                let why = format!("the file {id} has no id from Meta yet");
                return Err(serde::ser::Error::custom(why));
            }
        }
        member.end()
    }
}
