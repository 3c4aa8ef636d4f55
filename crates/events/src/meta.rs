//! Events of Meta's webhook fields that are forwarded as received, without effects here.

use serde_json::json;

use super::{
    account::{ForwardedWebhook, forwarded},
    types,
};

types! {
    ACCOUNT_SETTINGS_UPDATE = "meta.account_settings_update", ForwardedWebhook<'static>,
        "Meta's field `account_settings_update`.", forwarded("account_settings_update", json!({ "event": "SETTINGS_CHANGED" }));
    AUTOMATIC_EVENTS = "meta.automatic_events", ForwardedWebhook<'static>,
        "Meta's field `automatic_events`: an event that Meta detected in a conversation, such as a lead.",
        forwarded("automatic_events", json!({ "id": "wamid.HBgL", "event_name": "LeadSubmitted" }));
    BUSINESS_STATUS_UPDATE = "meta.business_status_update", ForwardedWebhook<'static>,
        "Meta's field `business_status_update`.", forwarded("business_status_update", json!({ "event": "VERIFIED" }));
    BUSINESS_USERNAME_UPDATES = "meta.business_username_updates", ForwardedWebhook<'static>,
        "Meta's field `business_username_updates`: the user name of the business.",
        forwarded("business_username_updates", json!({ "username": "bluemug", "status": "approved" }));
    CONSUMER_PROFILE = "meta.consumer_profile", ForwardedWebhook<'static>,
        "Meta's field `consumer_profile`.", forwarded("consumer_profile", json!({ "wa_id": "15550100777" }));
    CONVERSATION_CONTEXT = "meta.conversation_context", ForwardedWebhook<'static>,
        "The context before a message that arrived in another way, e.g. from an agent of Meta's.",
        forwarded("messages", json!({ "thread": "ctx-1" }));
    HISTORY = "meta.history", ForwardedWebhook<'static>,
        "The business shares no history, or Meta could not send it.",
        forwarded("history", json!({ "errors": [{ "code": 2_593_109, "title": "History sharing is turned off" }] }));
    MESSAGING_HANDOVERS = "meta.messaging_handovers", ForwardedWebhook<'static>,
        "Meta's field `messaging_handovers`: which app answers the conversation.",
        forwarded("messaging_handovers", json!({ "control_passed": {} }));
    PARTNER_SOLUTIONS = "meta.partner_solutions", ForwardedWebhook<'static>,
        "Meta's field `partner_solutions`.",
        forwarded("partner_solutions", json!({ "event": "SOLUTION_CREATED", "solution_id": "774400" }));
    PAYMENT_CONFIGURATION_UPDATE = "meta.payment_configuration_update", ForwardedWebhook<'static>,
        "Meta's field `payment_configuration_update`.",
        forwarded("payment_configuration_update", json!({ "configuration_name": "checkout", "status": "Active" }));
    PAYMENT_STATUS = "meta.payment_status", ForwardedWebhook<'static>,
        "A status of a payment instead of a message.",
        forwarded("messages", json!({ "id": "wamid.MSPAY==", "type": "payment", "status": "captured" }));
    TEMPLATE_CORRECT_CATEGORY_DETECTION = "meta.template_correct_category_detection", ForwardedWebhook<'static>,
        "Meta's field `template_correct_category_detection`.",
        forwarded("template_correct_category_detection", json!({ "message_template_id": 1_029_384_756 }));
    TEMPLATE_PERFORMANCE_METRICS = "meta.template_performance_metrics", ForwardedWebhook<'static>,
        "Meta's field `template_performance_metrics`.",
        forwarded("template_performance_metrics", json!({ "message_template_id": 1_029_384_756 }));
    TRACKING_EVENTS = "meta.tracking_events", ForwardedWebhook<'static>,
        "Meta's field `tracking_events`.", forwarded("tracking_events", json!({ "event_name": "Purchase" }));
    USER_ACTIONS = "meta.user_actions", ForwardedWebhook<'static>,
        "An action of a contact other than a message, such as a click on a marketing message.",
        forwarded("messages", json!({ "action_type": "marketing_messages_link_click" }));
    USER_ID_UPDATE = "meta.user_id_update", ForwardedWebhook<'static>,
        "Meta's field `user_id_update`. The contact is changed by the system message that comes with it.",
        forwarded("user_id_update", json!({ "user_id": { "previous": "DE.1", "current": "DE.2" } }));
}
