//! Messages that name a file.

use serde_json::{Map, Value, json};

use super::Scene;
use crate::file::{ADDRESS_SECONDS, InboundFile, address};
use crate::traffic::line::object;
use crate::traffic::shape::Shape;

impl Scene<'_> {
    pub(super) fn media(&mut self, shape: Shape, words: Option<&str>) -> Map<String, Value> {
        let mut file = match shape {
            Shape::FailedMedia => return failed(),
            Shape::MediaPlaceholder => return Map::new(),
            Shape::Image => self.file("image/jpeg", false),
            Shape::Video => self.file("video/mp4", false),
            Shape::Document => self.file("application/pdf", false),
            Shape::VoiceNote => self.file("audio/ogg; codecs=opus", false),
            Shape::Audio => self.file("audio/mpeg", false),
            _ => self.file("image/webp", shape == Shape::AnimatedSticker),
        };
        match shape {
            Shape::VoiceNote => file["voice"] = json!(true),
            Shape::Audio => file["voice"] = json!(false),
            Shape::Sticker => file["animated"] = json!(false),
            Shape::AnimatedSticker => file["animated"] = json!(true),
            Shape::Document => file["filename"] = json!("Angebot Nr. 12/ä.pdf"),
            _ => {}
        }
        let may_have_caption = matches!(shape, Shape::Image | Shape::Video | Shape::Document);
        if may_have_caption && (words.is_some() || self.chance.happens(0.5)) {
            file["caption"] = json!(self.words(words));
        }
        Map::from_iter([(shape.message_type().to_owned(), file)])
    }

    fn file(&mut self, mime_type: &str, animated: bool) -> Value {
        let named = InboundFile::invent(mime_type, animated, self.chance);
        let mut file = json!({"id": named.id, "mime_type": mime_type, "sha256": named.sha256});
        // Meta has been adding the address since November 2025, not for everyone at once.
        if self.chance.happens(0.5)
            && let Some(origin) = self.origin
        {
            file["url"] = json!(address(origin, &named.id, self.timestamp + ADDRESS_SECONDS));
        }
        self.files.push(named);
        file
    }
}

fn failed() -> Map<String, Value> {
    object(json!({"errors": [{
        "code": 131052,
        "title": "Media download error",
        "message": "Media download error",
        "error_data": {"details": "The file sent by the user is larger than 100 MB."},
    }]}))
}
