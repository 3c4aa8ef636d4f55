//! What happens around a phone number besides messages: preferences, calls, groups, the address book.

use serde_json::{Value, json};

use super::{News, Office};
use crate::chance::Direction;
use crate::traffic::messages::group_id;

impl Office<'_> {
    /// The one place where a time is an integer within the conversation's own fields.
    pub(super) fn user_preference(&mut self) -> News {
        let choice = *self.chance.pick(&["stop", "resume"]);
        let mut preference = json!({
            "user_id": self.customer.user_id,
            "detail": "The customer changed what marketing they receive",
            "category": "marketing_messages",
            "value": choice,
            "timestamp": self.now,
        });
        self.name_phone(&mut preference, "wa_id");
        News::new(
            choice,
            json!({"contacts": [self.customer.contact(true)], "user_preferences": [preference]}),
        )
    }

    pub(super) fn call(&mut self) -> News {
        let id = self.call_id();
        match self.chance.between(0..=2) {
            0 => self.rings(&id),
            1 => {
                let mut call = self.by_customer(&id, "terminate");
                call["status"] = json!("COMPLETED");
                call["start_time"] = json!((self.now - 75).to_string());
                call["end_time"] = json!(self.now.to_string());
                call["duration"] = json!(75);
                News::new("terminate", json!({"calls": [call]})).by_customer()
            }
            _ => {
                let status = *self.chance.pick(&["RINGING", "ACCEPTED", "REJECTED"]);
                let mut told = json!({"id": id, "type": "call", "status": status, "timestamp": self.now.to_string()});
                self.name_phone(&mut told, "recipient_id");
                News::new(status, json!({"statuses": [told]}))
            }
        }
    }

    /// A call by the customer begins.
    pub(super) fn rings(&self, id: &str) -> News {
        let mut call = self.by_customer(id, "connect");
        call["session"] = json!({"sdp_type": "offer", "sdp": "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\n"});
        let value = json!({"contacts": [self.customer.contact(true)], "calls": [call]});
        News::new("connect", value).by_customer()
    }

    pub(super) fn call_id(&mut self) -> String {
        format!("wacid.{}", self.chance.hex(24))
    }

    fn by_customer(&self, id: &str, event: &str) -> Value {
        let mut call = json!({
            "id": id,
            "from_user_id": self.customer.user_id,
            "to": self.line.display_phone_number,
            "event": event,
            "timestamp": self.now.to_string(),
            "direction": "USER_INITIATED",
        });
        self.name_phone(&mut call, "from");
        call
    }

    pub(super) fn address_book(&mut self) -> News {
        let action = *self.chance.pick(&["add", "edit", "remove"]);
        let mut contact = json!({"phone_number": self.customer.wa_id});
        if action != "remove" {
            contact["full_name"] = json!(self.customer.name);
            contact["first_name"] = json!(self.customer.name);
        }
        News::new(
            action,
            json!({"state_sync": [{
                "type": "contact",
                "contact": contact,
                "action": action,
                "metadata": {"timestamp": self.now.to_string(), "version": 3},
            }]}),
        )
    }

    pub(super) fn group_lifecycle(&mut self) -> News {
        let kind = *self.chance.pick(&["group_create", "group_delete"]);
        let mut group = self.group(kind);
        group["request_id"] = json!(self.chance.hex(20));
        if kind == "group_create" {
            group["subject"] = json!("Lampenfreunde 💡");
            group["description"] = json!("Für alle, die's gern hell haben");
        }
        News::new(kind, json!({"groups": [group]}))
    }

    pub(super) fn group_participants(&mut self) -> News {
        let kind = *self.chance.pick(&[
            "group_participants_add",
            "group_participants_remove",
            "group_join_request_created",
        ]);
        let mut group = self.group(kind);
        let mut person = json!({"user_id": self.customer.user_id});
        self.name_phone(&mut person, "wa_id");
        match kind {
            "group_participants_add" => group["added_participants"] = json!([person]),
            "group_participants_remove" => group["removed_participants"] = json!([person]),
            _ => {
                group["join_request_id"] = json!(self.chance.hex(16));
                self.name_phone(&mut group, "wa_id");
            }
        }
        News::new(kind, json!({"groups": [group]}))
    }

    pub(super) fn group_settings(&mut self) -> News {
        let mut group = self.group("group_settings_update");
        group["group_subject"] = json!({"text": "Lampenfreunde", "update_successful": true});
        group["profile_picture"] =
            json!({"mime_type": "image/jpeg", "sha256": self.chance.sha256(), "update_successful": false});
        News::new("group_settings_update", json!({"groups": [group]}))
    }

    pub(super) fn group_status(&mut self) -> News {
        let kind = *self.chance.pick(&["group_suspend", "group_suspend_cleared"]);
        News::new(kind, json!({"groups": [self.group(kind)]}))
    }

    pub(super) fn automatic_event(&mut self) -> News {
        let purchase = self.chance.happens(0.5);
        let name = if purchase { "Purchase" } else { "LeadSubmitted" };
        let mut event = json!({
            "id": self.chance.wamid(Direction::FromBusiness),
            "event_name": name,
            "timestamp": self.now,
            "ctwa_clid": self.chance.hex(40),
        });
        if purchase {
            event["custom_data"] = json!({"currency": "EUR", "value": 3900});
        }
        News::new(name, json!({"automatic_events": [event]}))
    }

    fn group(&self, kind: &str) -> Value {
        json!({"timestamp": self.now.to_string(), "group_id": group_id(self.line), "type": kind})
    }

    fn name_phone(&self, target: &mut Value, key: &str) {
        if let Some(wa_id) = self.customer.shown_wa_id() {
            target[key] = json!(wa_id);
        }
    }
}
