//! The account itself: quality, limits, restrictions, reviews, security.

use serde_json::json;

use super::{News, Office};

impl Office<'_> {
    pub(super) fn number_quality(&mut self) -> News {
        let event = *self.chance.pick(&[
            "ONBOARDING",
            "THROUGHPUT_UPGRADE",
            "FLAGGED",
            "UNFLAGGED",
            "UPGRADE",
            "DOWNGRADE",
        ]);
        let mut value = json!({
            "display_phone_number": self.line.display_phone_number,
            "event": event,
            "max_daily_conversations_per_business": "TIER_10K",
        });
        if self.chance.happens(0.5) {
            value["old_limit"] = json!("TIER_2K");
            value["current_limit"] = json!("TIER_10K");
        }
        News::new(event, value)
    }

    pub(super) fn number_name(&mut self) -> News {
        let decision = *self.chance.pick(&["APPROVED", "REJECTED", "PENDING", "DEFERRED"]);
        News::new(
            decision,
            json!({
                "display_phone_number": self.line.display_phone_number,
                "decision": decision,
                "requested_verified_name": "Lámparas Übermorgen",
                "rejection_reason": if decision == "REJECTED" { json!("NAME_NOT_CONSISTENT") } else { json!(null) },
            }),
        )
    }

    pub(super) fn capability(&mut self) -> News {
        // Up to v23 a count per phone, since v24 a tier per business.
        match self.chance.happens(0.5) {
            true => News::new(
                "v23",
                json!({"max_daily_conversation_per_phone": -1, "max_phone_numbers_per_business": 20}),
            ),
            false => News::new(
                "v24",
                json!({"max_daily_conversations_per_business": "TIER_UNLIMITED", "max_phone_numbers_per_waba": 20}),
            ),
        }
    }

    pub(super) fn account_update(&mut self) -> News {
        let (event, mut value) = match self.chance.between(0..=6) {
            0 => (
                "DISABLED_UPDATE",
                json!({"ban_info": {
                    "waba_ban_state": [self.chance.pick(&["DISABLE", "REINSTATE", "SCHEDULE_FOR_DISABLE"])],
                    "waba_ban_date": "November 20, 2026",
                }}),
            ),
            1 => (
                "ACCOUNT_VIOLATION",
                json!({"violation_info": {"violation_type": "SPAM"}}),
            ),
            2 => (
                "ACCOUNT_RESTRICTION",
                json!({"restriction_info": [
                    {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": self.now + 3 * 86_400},
                ]}),
            ),
            3 => ("VERIFIED_ACCOUNT", json!({})),
            4 => (
                "VOLUME_BASED_PRICING_TIER_UPDATE",
                json!({"volume_tier_info": {
                    "tier_update_time": self.now,
                    "pricing_category": "UTILITY",
                    "tier": "100000:750000",
                    "effective_month": "2026-11",
                    "region": "Brazil",
                }}),
            ),
            5 => ("BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE", json!({"country": "ES"})),
            _ => (
                "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
                json!({"auth_international_rate_eligibility": {
                    "start_time": self.now,
                    "exception_countries": [{"country_code": "IN", "start_time": self.now + 86_400}],
                }}),
            ),
        };
        value["event"] = json!(event);
        News::new(event, value)
    }

    pub(super) fn account_review(&mut self) -> News {
        let decision = *self.chance.pick(&["APPROVED", "REJECTED", "PENDING", "DEFERRED"]);
        News::new(decision, json!({"decision": decision}))
    }

    pub(super) fn account_alert(&mut self) -> News {
        let kind = *self.chance.pick(&[
            "OBA_APPROVED",
            "OBA_REJECTED",
            "INCREASED_CAPABILITIES_ELIGIBILITY_FAILED",
            "PROFILE_PICTURE_LOST",
        ]);
        let alert = json!({
            "alert_severity": "WARNING",
            "alert_status": "ACTIVE",
            "alert_type": kind,
            "alert_description": "Something about this business wants a look.",
        });
        let (entity_type, entity_id) = ("BUSINESS", self.chance.digits(15));
        // Older senders put the keys of the alert directly into the value.
        let value = match self.chance.happens(0.8) {
            true => json!({"entity_type": entity_type, "entity_id": entity_id, "alert_info": alert}),
            false => {
                let mut value = alert;
                value["entity_type"] = json!(entity_type);
                value["entity_id"] = json!(entity_id);
                value
            }
        };
        News::new(kind, value)
    }

    pub(super) fn security(&mut self) -> News {
        let event = *self
            .chance
            .pick(&["PIN_CHANGED", "PIN_RESET_REQUEST", "PIN_REQUEST_SUCCESS"]);
        let mut value = json!({"display_phone_number": self.line.display_phone_number, "event": event});
        if event != "PIN_REQUEST_SUCCESS" {
            value["requester"] = json!(self.chance.digits(15));
        }
        News::new(event, value)
    }

    pub(super) fn flow(&mut self) -> News {
        let flow_id = self.chance.digits(16);
        match self.chance.happens(0.5) {
            true => News::new(
                "FLOW_STATUS_CHANGE",
                json!({
                    "event": "FLOW_STATUS_CHANGE",
                    "flow_id": flow_id,
                    "message": "The flow \"Termin\" went from DRAFT to PUBLISHED",
                    "old_status": "DRAFT",
                    "new_status": "PUBLISHED",
                }),
            ),
            false => News::new(
                "ENDPOINT_LATENCY",
                json!({
                    "event": "ENDPOINT_LATENCY",
                    "flow_id": flow_id,
                    "message": "The endpoint answers slowly",
                    "alert_state": "ACTIVATED",
                    "threshold": 3000,
                    "p50_latency": 4100,
                    "p90_latency": 6200,
                    "requests_count": 910,
                }),
            ),
        }
    }

    pub(super) fn payment_configuration(&mut self) -> News {
        News::new(
            "Active",
            json!({
                "configuration_name": "main",
                "provider_name": "razorpay",
                "provider_mid": self.chance.hex(14),
                "status": "Active",
                "created_timestamp": self.now - 4000,
                "updated_timestamp": self.now,
            }),
        )
    }

    pub(super) fn business_username(&mut self) -> News {
        let status = *self.chance.pick(&["approved", "reserved", "deleted"]);
        News::new(
            status,
            json!({
                "display_phone_number": self.line.display_phone_number,
                "username": "lamparas.uebermorgen",
                "status": status,
            }),
        )
    }
}
