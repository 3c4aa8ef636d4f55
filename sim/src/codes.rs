//! Meta's error codes, as far as a sender meets them: the HTTP status they come with, the title, and a sentence.

use serde_json::{Value, json};

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    pub code: i64,
    /// The status of an answer that carries it, after Meta's own table of November 2025.
    pub http: u16,
    pub title: &'static str,
    /// What stands in `error_data.details` when nothing more exact is known.
    pub details: &'static str,
}

impl Code {
    /// The line of a code; of an unknown one, a line that says so.
    pub fn of(code: i64) -> Self {
        TABLE.iter().find(|(known, ..)| *known == code).map_or(
            Self::unheard_of(code),
            |&(code, http, title, details)| Self {
                code,
                http,
                title,
                details,
            },
        )
    }

    fn unheard_of(code: i64) -> Self {
        Self {
            code,
            http: 400,
            title: "Undocumented error",
            details: "An error that no documentation mentions.",
        }
    }

    /// An element of `errors` in a `failed` status.
    pub fn in_status(self, details: Option<&str>) -> Value {
        json!({
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": details.unwrap_or(self.details)},
            "href": "/documentation/business-messaging/whatsapp/support/error-codes/",
        })
    }
}

type Line = (i64, u16, &'static str, &'static str);

#[rustfmt::skip]
const TABLE: &[Line] = &[
    (0, 401, "AuthException", "The app user could not be authenticated."),
    (1, 400, "API Unknown", "The request may be wrong, or the server may have failed."),
    (2, 503, "API Service", "The service is down or overloaded for the moment."),
    (3, 500, "API Method", "The app lacks the capability for this call."),
    (4, 400, "API Too Many Calls", "The app has made too many calls."),
    (10, 403, "Permission Denied", "The permission is not granted or was taken away."),
    (33, 400, "Parameter value is not valid", "The business phone number was deleted or is out of reach."),
    (100, 400, "Invalid parameter", "The request has a parameter that is unknown or misspelt."),
    (190, 401, "Access token has expired", "The token has expired or was revoked."),
    (200, 403, "API Permission", "The permission is not granted or was taken away."),
    (368, 403, "Temporarily blocked for policies violations", "The account has broken a policy and is restricted."),
    (2200, 400, "Callback verification failed", "The callback URL did not answer the handshake."),
    (80007, 400, "Rate limit issues", "The account has reached its rate limit."),
    (80008, 400, "Rate limit issues", "The account has made too many management calls."),
    (130403, 400, "Recipient is blocked", "You have blocked this user."),
    (130429, 400, "Rate limit hit", "The throughput of this phone number has been reached."),
    (130472, 400, "User's number is part of an experiment", "The message belongs to a holdout group."),
    (130497, 403, "Business account is restricted from messaging users in this country", "Messages to this country are not allowed."),
    (130501, 400, "Message type is not currently supported", "Groups cannot receive this type."),
    (131000, 500, "Something went wrong", "The message could not be sent for an unknown reason."),
    (131005, 403, "Access denied", "The permission is not granted or was taken away."),
    (131008, 400, "Required parameter is missing", "The request lacks a required parameter."),
    (131009, 400, "Parameter value is not valid", "One of the values is not valid."),
    (131016, 500, "Service unavailable", "A service is unavailable for the moment."),
    (131021, 400, "Recipient cannot be sender", "The recipient is the sending number itself."),
    (131026, 400, "Message undeliverable", "The recipient's phone cannot receive this message."),
    (131030, 400, "Recipient phone number not in allowed list", "A test number writes to listed recipients alone."),
    (131031, 403, "Account has been locked", "The account broke a policy or could not be verified."),
    (131037, 400, "Display name approval required", "The number's display name is not approved yet."),
    (131042, 400, "Business eligibility payment issue", "There is a problem with the way of payment."),
    (131044, 400, "Payment method missing", "The account has no way to pay for calls."),
    (131045, 500, "Incorrect certificate", "The phone number is not registered."),
    (131047, 400, "Re-engagement message", "More than 24 hours have passed since the customer last wrote."),
    (131048, 400, "Spam rate limit hit", "Too many messages of this number were blocked or flagged, or the messaging limit is reached."),
    (131049, 400, "Healthy ecosystem engagement", "Not delivered, to keep the ecosystem healthy."),
    (131050, 400, "User stopped marketing messages", "The customer has opted out of marketing messages."),
    (131051, 400, "Unsupported message type", "This type of message is not supported."),
    (131052, 400, "Media download error", "The file sent by the user could not be fetched."),
    (131053, 400, "Media upload error", "The file could not be fetched, or is not what it is said to be."),
    (131055, 400, "Method not allowed", "This message cannot be sent by this way."),
    (131056, 400, "Pair rate limit hit", "Too many messages went from this number to this recipient in a short time."),
    (131057, 500, "Account in maintenance mode", "The throughput of the number is being upgraded."),
    (131059, 400, "Invalid cursor", "Paging has to start again."),
    (131061, 400, "Template has a max price", "Templates with a max price are sent as marketing messages."),
    (131062, 400, "Business-scoped user id not allowed", "This message needs the recipient's phone number."),
    (131063, 400, "Marketing messages disabled", "Marketing templates cannot be sent by this way."),
    (131064, 400, "Template classification limit", "Too many templates were classified wrongly."),
    (132000, 400, "Number of parameters does not match the expected number of params", "The template has another number of parameters."),
    (132001, 404, "Template name does not exist in the translation", "There is no approved template of that name in that language."),
    (132005, 400, "Translated text too long", "The text is too long with its parameters filled in."),
    (132007, 400, "Template format character policy violated", "The content breaks a policy."),
    (132012, 400, "Parameter format does not match format in the created template", "A parameter is of another sort than the template wants."),
    (132015, 400, "Template is paused", "The template is paused for low quality."),
    (132016, 400, "Template is disabled", "The template was paused too often and is disabled for good."),
    (132018, 400, "Template parameter values are not valid", "A value for the template is not valid."),
    (132068, 400, "Flow is blocked", "The flow is blocked."),
    (132069, 400, "Flow is throttled", "The flow has sent its 10 messages of this hour."),
    (133004, 503, "Server temporarily unavailable", "Registration is not available for the moment."),
    (133010, 400, "Phone number not registered", "The phone number is not registered."),
    (133016, 400, "Account register deregister rate limit exceeded", "Too many registrations within 72 hours."),
    (134102, 500, "Template unavailable", "The template cannot be used this way."),
    (135000, 400, "Generic user error", "The message could not be sent because of its parameters."),
    (137000, 400, "Identity key mismatch", "The recipient's identity key has changed."),
    (139100, 400, "Failed to block/unblock users", "Some users could not be blocked."),
];
