//! Messages about another message, and messages that say nothing.

use serde_json::{Map, Value, json};

use super::Scene;
use crate::traffic::line::object;
use crate::traffic::shape::Shape;

impl Scene<'_> {
    /// `words` is the emoji of a reaction, or the new text of an edit.
    pub(super) fn gesture(&mut self, shape: Shape, words: Option<&str>) -> Map<String, Value> {
        match shape {
            Shape::Edit => {
                let words = self.words(words);
                let mut edited = json!({"type": "text", "text": {"body": format!("{words} (edited)")}});
                if self.chance.happens(0.3) {
                    edited["context"] = self.context();
                }
                let original = self.memory.customers_own(self.chance);
                object(json!({"edit": {"original_message_id": original, "message": edited}}))
            }
            Shape::Revoke => object(json!({"revoke": {"original_message_id": self.memory.customers_own(self.chance)}})),
            _ => {
                let mut reaction = json!({"message_id": self.memory.businesses_own(self.chance)});
                match shape {
                    Shape::ReactionDropped => {}
                    Shape::ReactionEmptied => reaction["emoji"] = json!(""),
                    _ => {
                        let invented = *self.chance.pick(&["👍", "❤️", "😂", "🙏🏽", "👩‍👧", "🇧🇷"]);
                        let emoji = words.unwrap_or(invented);
                        reaction["emoji"] = json!(emoji);
                    }
                }
                object(json!({"reaction": reaction}))
            }
        }
    }

    pub(super) fn unreadable(&mut self, shape: Shape) -> Map<String, Value> {
        match shape {
            Shape::RequestWelcome => Map::new(),
            Shape::UnheardOf => object(json!({"hologram": {"depth": 3, "note": "♾️"}, "lens": null})),
            Shape::Unknown => object(json!({"errors": [{
                "code": self.chance.pick(&[131051, 501]),
                "title": "Message type unknown",
                "details": "Message type is not currently supported",
            }]})),
            _ => {
                let mut message = object(json!({"errors": [{
                    "code": 131051,
                    "title": "Message type unknown",
                    "message": "Message type unknown",
                    "error_data": {"details": "Message type is currently not supported."},
                }]}));
                // Since November 2025 Meta also says what it was.
                if self.chance.happens(0.6) {
                    let was = self.chance.pick(&[
                        "gif",
                        "group_invite",
                        "pin",
                        "poll_creation",
                        "poll_update",
                        "keep_in_chat",
                    ]);
                    message.insert("unsupported".to_owned(), json!({"type": was}));
                }
                message
            }
        }
    }
}
