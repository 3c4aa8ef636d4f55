//! Text, alone or with something that says where it comes from.

use serde_json::{Map, Value, json};

use super::Scene;
use crate::traffic::line::{Line, object};
use crate::traffic::shape::Shape;

impl Scene<'_> {
    pub(super) fn text(&mut self, shape: Shape, words: Option<&str>) -> Map<String, Value> {
        let mut body = self.words(words);
        if shape == Shape::LongText && words.is_none() {
            let mut length = body.chars().count();
            while length < 4096 {
                let more = self.words(None);
                length += 1 + more.chars().count();
                body = body + " " + &more;
            }
            body = body.chars().take(4096).collect();
        }
        let mut message = object(json!({"text": {"body": body}}));
        match shape {
            Shape::Reply => message.insert("context".to_owned(), self.context()),
            Shape::Forwarded => message.insert("context".to_owned(), json!({"forwarded": true})),
            Shape::FrequentlyForwarded => message.insert("context".to_owned(), json!({"frequently_forwarded": true})),
            Shape::ProductEnquiry => {
                let mut context = self.context();
                context["referred_product"] = json!({
                    "catalog_id": self.chance.digits(15),
                    "product_retailer_id": format!("lamp/{}", self.chance.between(1..=40)),
                });
                message.insert("context".to_owned(), context)
            }
            Shape::FromAd => message.insert("referral".to_owned(), self.referral()),
            Shape::InGroup => message.insert("group_id".to_owned(), json!(group_id(self.line))),
            _ => None,
        };
        message
    }

    fn referral(&mut self) -> Value {
        let video = self.chance.happens(0.3);
        let mut referral = json!({
            "source_url": format!("https://fb.me/{}", self.chance.hex(9)),
            "source_id": self.chance.digits(18),
            "source_type": if self.chance.happens(0.8) { "ad" } else { "post" },
            "headline": "Luz para el otoño – 20 %",
            "body": "Message us & ask for a fitting lampshade",
            "media_type": if video { "video" } else { "image" },
            "thumbnail_url": "https://scontent.example/thumb/a%20b.jpg?x=1&y=2",
        });
        referral[if video { "video_url" } else { "image_url" }] = json!("https://scontent.example/full/7.bin");
        // Advertisements in Status have no click id.
        if self.chance.happens(0.7) {
            referral["ctwa_clid"] = json!(format!("Af{}_{}", self.chance.hex(40), self.chance.hex(12)));
        }
        if self.chance.happens(0.3) {
            referral["welcome_message"] = json!({"text": "¡Hola! ¿Qué lámpara buscas?"});
        }
        referral
    }
}

/// Each line has one group; its id is derived, so that messages and statuses agree on it.
pub(in crate::traffic) fn group_id(line: &Line) -> String {
    format!("Y2FwaV9ncm91cDo{}", line.phone_number_id)
}
