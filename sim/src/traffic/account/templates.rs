//! Templates: approved, paused, rated, edited and moved between categories.

use serde_json::json;

use super::{News, Office};

/// Template ids are integers in webhooks, though strings in REST.
const TEMPLATES: &[(u64, &str, &str)] = &[
    (1_192_339_204_654_487, "order_shipped", "en_US"),
    (2_701_556_813_340_092, "lembrete_consulta", "pt_BR"),
    (3_518_200_467_115_831, "otono_ofertas", "es_MX"),
];

impl Office<'_> {
    pub(super) fn template_status(&mut self) -> News {
        let (id, name, language) = *self.chance.pick(TEMPLATES);
        let event = *self.chance.pick(&[
            "APPROVED",
            "REJECTED",
            "PAUSED",
            "UNPAUSED",
            "FLAGGED",
            "DISABLED",
            "PENDING_DELETION",
            "DELETED",
            "ARCHIVED",
            "REINSTATED",
        ]);
        let mut value = json!({
            "event": event,
            "message_template_id": id,
            "message_template_name": name,
            "message_template_language": language,
            "message_template_category": "MARKETING",
            "reason": "NONE",
        });
        match event {
            "REJECTED" => {
                value["reason"] = json!("INVALID_FORMAT");
                value["rejection_info"] = json!({
                    "reason": "A placeholder stands at the end of the text.",
                    "recommendation": "Write some words after it.",
                });
            }
            "PAUSED" => {
                value["reason"] = json!(null);
                value["other_info"] = json!({
                    "title": self.chance.pick(&["FIRST_PAUSE", "SECOND_PAUSE", "RATE_LIMITING_PAUSE"]),
                    "description": "Paused for 3 hours, because readers' feedback was poor.",
                });
            }
            "DISABLED" => value["disable_info"] = json!({"disable_date": "October 5, 2026"}),
            _ => {}
        }
        News::new(event, value)
    }

    pub(super) fn template_quality(&mut self) -> News {
        let (id, name, language) = *self.chance.pick(TEMPLATES);
        let new = *self.chance.pick(&["GREEN", "YELLOW", "RED"]);
        News::new(
            new,
            json!({
                "previous_quality_score": "UNKNOWN",
                "new_quality_score": new,
                "message_template_id": id,
                "message_template_name": name,
                "message_template_language": language,
            }),
        )
    }

    pub(super) fn template_components(&mut self) -> News {
        let (id, name, language) = *self.chance.pick(TEMPLATES);
        News::new(
            name,
            json!({
                "message_template_id": id,
                "message_template_name": name,
                "message_template_language": language,
                "message_template_title": "Tu lámpara está en camino 🚚",
                "message_template_element": "Hola {{1}}, llega el {{2}}.",
                "message_template_footer": "Lámparas Übermorgen",
                "message_template_buttons": [
                    {"message_template_button_type": "URL", "message_template_button_text": "Seguir", "message_template_button_url": "https://shop.example/t/{{1}}"},
                    {"message_template_button_type": "PHONE_NUMBER", "message_template_button_text": "Llamar", "message_template_button_phone_number": "+12065550142"},
                ],
            }),
        )
    }

    pub(super) fn template_category(&mut self) -> News {
        let (id, name, language) = *self.chance.pick(TEMPLATES);
        let mut value = json!({
            "message_template_id": id,
            "message_template_name": name,
            "message_template_language": language,
            "new_category": "MARKETING",
        });
        // Announced a day ahead, then done.
        let announced = self.chance.happens(0.5);
        if announced {
            value["new_category"] = json!("UTILITY");
            value["correct_category"] = json!("MARKETING");
            value["category_update_timestamp"] = json!(self.now + 86_400);
        } else {
            value["previous_category"] = json!("UTILITY");
        }
        News::new(if announced { "announced" } else { "done" }, value)
    }
}
