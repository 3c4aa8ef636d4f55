//! What is passed on as it came: nothing here acts on it.

use serde_json::json;

use super::{
    account::{Told, told},
    types,
};

types! {
    ACCOUNT_SETTINGS_UPDATE = "meta.account_settings_update", Told<'static>,
        "Meta's field `account_settings_update`.", told("account_settings_update", json!({ "event": "SETTINGS_CHANGED" }));
    AUTOMATIC_EVENTS = "meta.automatic_events", Told<'static>,
        "Meta's field `automatic_events`: what Meta takes a conversation for, such as a lead.",
        told("automatic_events", json!({ "id": "wamid.HBgL", "event_name": "LeadSubmitted" }));
    BUSINESS_STATUS_UPDATE = "meta.business_status_update", Told<'static>,
        "Meta's field `business_status_update`.", told("business_status_update", json!({ "event": "VERIFIED" }));
    BUSINESS_USERNAME_UPDATES = "meta.business_username_updates", Told<'static>,
        "Meta's field `business_username_updates`: the user name of the business.",
        told("business_username_updates", json!({ "username": "bluemug", "status": "approved" }));
    CONSUMER_PROFILE = "meta.consumer_profile", Told<'static>,
        "Meta's field `consumer_profile`.", told("consumer_profile", json!({ "wa_id": "15550100777" }));
    CONVERSATION_CONTEXT = "meta.conversation_context", Told<'static>,
        "What stood before a message that came in another way, e.g. from an agent of Meta's.",
        told("messages", json!({ "thread": "ctx-1" }));
    HISTORY = "meta.history", Told<'static>,
        "The business shares no history, or Meta could not send it.",
        told("history", json!({ "errors": [{ "code": 2_593_109, "title": "History sharing is turned off" }] }));
    MESSAGING_HANDOVERS = "meta.messaging_handovers", Told<'static>,
        "Meta's field `messaging_handovers`: who answers now.", told("messaging_handovers", json!({ "control_passed": {} }));
    PARTNER_SOLUTIONS = "meta.partner_solutions", Told<'static>,
        "Meta's field `partner_solutions`.", told("partner_solutions", json!({ "event": "SOLUTION_CREATED", "solution_id": "774400" }));
    PAYMENT_CONFIGURATION_UPDATE = "meta.payment_configuration_update", Told<'static>,
        "Meta's field `payment_configuration_update`.",
        told("payment_configuration_update", json!({ "configuration_name": "checkout", "status": "Active" }));
    PAYMENT_STATUS = "meta.payment_status", Told<'static>,
        "A status that is about a payment and not about a message.",
        told("messages", json!({ "id": "wamid.MSPAY==", "type": "payment", "status": "captured" }));
    TEMPLATE_CORRECT_CATEGORY_DETECTION = "meta.template_correct_category_detection", Told<'static>,
        "Meta's field `template_correct_category_detection`.",
        told("template_correct_category_detection", json!({ "message_template_id": 1_029_384_756 }));
    TEMPLATE_PERFORMANCE_METRICS = "meta.template_performance_metrics", Told<'static>,
        "Meta's field `template_performance_metrics`.",
        told("template_performance_metrics", json!({ "message_template_id": 1_029_384_756 }));
    TRACKING_EVENTS = "meta.tracking_events", Told<'static>,
        "Meta's field `tracking_events`.", told("tracking_events", json!({ "event_name": "Purchase" }));
    USER_ACTIONS = "meta.user_actions", Told<'static>,
        "What somebody did beside writing, such as a click on a marketing message.",
        told("messages", json!({ "action_type": "marketing_messages_link_click" }));
    USER_ID_UPDATE = "meta.user_id_update", Told<'static>,
        "Meta's field `user_id_update`. The system message that comes with it is what changes the contact.",
        told("user_id_update", json!({ "user_id": { "previous": "DE.1", "current": "DE.2" } }));
}
