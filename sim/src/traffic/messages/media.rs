//! Messages that name a file.

use serde_json::{Map, Value, json};

use super::Scene;
use crate::traffic::line::object;
use crate::traffic::shape::Shape;

impl Scene<'_> {
    pub(super) fn media(&mut self, shape: Shape, words: Option<&str>) -> Map<String, Value> {
        let mut file = match shape {
            Shape::FailedMedia => return failed(),
            Shape::MediaPlaceholder => return Map::new(),
            Shape::Image => self.file("image/jpeg"),
            Shape::Video => self.file("video/mp4"),
            Shape::Document => self.file("application/pdf"),
            Shape::VoiceNote => self.file("audio/ogg; codecs=opus"),
            Shape::Audio => self.file("audio/mpeg"),
            _ => self.file("image/webp"),
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

    fn file(&mut self, mime_type: &str) -> Value {
        let id = self.chance.digits(16);
        let mut file = json!({"id": id, "mime_type": mime_type, "sha256": self.chance.sha256()});
        // Meta has been adding the address since November 2025, not for everyone at once.
        if self.chance.happens(0.5) {
            file["url"] = json!(format!(
                "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={id}&ext={}&hash={}",
                self.timestamp + 300,
                self.chance.hex(24)
            ));
        }
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
