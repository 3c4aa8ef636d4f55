//! The error table.

use super::{
    Class::*,
    Effect::*,
    ErrorEntry,
    Retry::{self, *},
    Who::*,
};

const THROUGHPUT: Retry = After {
    first_seconds: 1,
    factor: 2,
    most_seconds: 60,
    jitter_percent: 100,
};
/// Backoff of 4^X seconds from X = 0, Meta's rule. An hour exceeds any debt of a pair.
const PAIR: Retry = After {
    first_seconds: 1,
    factor: 4,
    most_seconds: 3_600,
    jitter_percent: 0,
};
const APP_LIMIT: Retry = After {
    first_seconds: 60,
    factor: 2,
    most_seconds: 3_600,
    jitter_percent: 25,
};
const SOON: Retry = After {
    first_seconds: 5,
    factor: 2,
    most_seconds: 300,
    jitter_percent: 50,
};

/// Entry for every code that is not in the table.
pub(super) static UNKNOWN: ErrorEntry = ErrorEntry {
    codes: std::ops::RangeInclusive::new(1, 0),
    title: "Unknown error",
    class: Request,
    retry: Never,
    who: Tenant,
    advice: "Meta answered with a code that this version of Mainstay does not know. Read the details; if they do not help, \
             look the code up in Meta's list of error codes, or ask Meta's support and quote the trace id.",
    http: None,
    effects: &[],
};

macro_rules! table {
    ($($first:literal $(to $last:literal)? $(http $http:literal)? $title:literal => $class:ident, $retry:expr, $who:ident, [$($effect:ident),*]: $advice:literal;)*) => {
        /// All entries by code. Titles are Meta's, shortened; advice is ours.
        pub(super) const TABLE: &[ErrorEntry] = &[$(ErrorEntry {
            codes: $first..=last!($first $(, $last)?),
            title: $title,
            class: $class,
            retry: $retry,
            who: $who,
            advice: $advice,
            http: http!($($http)?),
            effects: &[$($effect),*],
        },)*];
    };
}

macro_rules! last {
    ($first:literal) => {
        $first
    };
    ($first:literal, $last:literal) => {
        $last
    };
}

macro_rules! http {
    () => {
        None
    };
    ($status:literal) => {
        Some($status)
    };
}

table! {
    0 http 401 "Authentication failed" => Token, Checked, Operator, [TripChannel]:
        "Meta does not accept the access token. Make a new system-user token for the app and set it on the channel.";
    1 http 400 "Unknown error of the API" => Ambiguous, Reconcile, Us, []:
        "Meta could not say what happened, so the message may have been sent. It waits for evidence. If this repeats, see Meta's status page.";
    2 http 503 "Service unavailable" => Ambiguous, Reconcile, Us, []:
        "Meta was down or overloaded while it had the message, so it may have been sent. It waits for evidence.";
    3 http 500 "Capability or permission missing" => Token, Checked, Operator, [TripChannel]:
        "The app or its token may not call this. See in Meta's token debugger that it has whatsapp_business_messaging and whatsapp_business_management.";
    4 http 400 "Too many calls by the app" => AppLimit, APP_LIMIT, Us, []:
        "The app has used up its calls for now; sending goes on by itself. If it repeats, see the app's rate limits in Meta's dashboard.";
    10 http 403 "Permission denied" => Token, Checked, Operator, [TripChannel]:
        "A permission was never granted or was taken back. Grant it to the app in Meta's business settings and check the channel.";
    17 http 400 "Too many calls by the user" => AppLimit, APP_LIMIT, Us, []:
        "The user behind the token has used up its calls for now; sending goes on by itself. A system user has limits of its own.";
    32 http 400 "Too many calls by the page" => AppLimit, APP_LIMIT, Us, []:
        "Calls are used up for now; they go on by themselves.";
    33 http 400 "Object deleted or out of reach" => Account, Checked, Operator, [TripChannel]:
        "The phone number was deleted, or the token does not reach it. Check the channel's phone number id and the token's business.";
    100 http 400 "Invalid parameter" => Request, Never, Tenant, [ForgetUploads]:
        "Meta does not accept a part of the request. The details say which; correct it and send again.";
    102 http 401 "Session ended" => Token, Checked, Operator, [TripChannel]:
        "The session behind the access token has ended. Set a system-user token, which does not depend on a login.";
    104 http 400 "Proof of the app secret required" => Token, Checked, Operator, [TripChannel]:
        "The app asks for a proof of its secret with every call. Turn off \"Require App Secret\" in the app's advanced settings.";
    190 http 401 "Access token expired or invalid" => Token, Checked, Operator, [TripChannel]:
        "Make a new system-user token that does not expire, and set it on the channel.";
    200 to 299 http 403 "Permission missing" => Token, Checked, Operator, [TripChannel]:
        "The token lacks a permission or was not given this account. Assign the account to the system user and make a new token.";
    368 http 403 "Blocked for a violation of policy" => Account, Checked, Operator, [TripChannel]:
        "Meta has restricted the account. See what it says in Business Support Home, correct it or appeal, then check the channel.";
    501 "Message type not supported" => Request, Never, Tenant, []:
        "WhatsApp does not know this type of message. Choose another.";
    613 http 400 "Calls to this endpoint used up" => AppLimit, APP_LIMIT, Us, []:
        "This endpoint was called too often; it goes on by itself.";
    803 http 404 "No such object" => Account, Checked, Operator, [TripChannel]:
        "The phone number was deleted or moved, or the token does not reach it. Check the channel's phone number id and the token's business.";
    1006 "Resource not found" => Request, Never, Tenant, []:
        "Meta does not know what the request names. Check the ids.";
    1026 "Receiver incapable" => Undeliverable, Never, Recipient, [SuspectRecipient]:
        "The customer's version of WhatsApp cannot show this. Send a plainer message.";
    2040 "Message not supported" => Undeliverable, Never, Recipient, []:
        "This customer cannot get such a message: payments need a number and a version of WhatsApp of a country that has them. Send a plainer one.";
    2046 "Order cannot move there" => Request, Never, Tenant, []:
        "The order cannot go from the status it has to this one: completed and canceled are final. Send the next status it can have.";
    2047 "Order cannot be canceled" => Request, Never, Tenant, []:
        "The order is paid or being paid, so it cannot be canceled. Refund the payment, then tell the customer.";
    36000 http 400 "Image too large" => Media, Never, Tenant, []:
        "Send a smaller picture: JPEG or PNG of at most 5 MB.";
    80007 http 400 "Calls of the account used up" => AppLimit, APP_LIMIT, Us, []:
        "The WhatsApp Business Account has used up its calls for now; they go on by themselves. Ask less often for templates and settings.";
    80008 http 400 "Calls of the account used up" => AppLimit, APP_LIMIT, Us, []:
        "The WhatsApp Business Account has used up its calls to manage it for now; they go on by themselves.";
    130403 "Blocked by yourself" => Undeliverable, Never, Tenant, [RecordBlock]:
        "The business has blocked this customer. Unblock them to write to them.";
    130429 http 400 "Throughput reached" => Throughput, THROUGHPUT, Us, [SlowNumber]:
        "The number sends faster than Meta lets it; it slows down and the message goes out later. Nothing needs to be done.";
    130472 http 400 "Part of an experiment" => Undeliverable, Never, Meta, []:
        "Meta keeps marketing from this customer for an experiment. The same message will not arrive; reach them otherwise, or wait until they write.";
    130497 http 403 "Country restricted" => Undeliverable, Never, Operator, []:
        "The account may not write to customers in this country. See Meta's business messaging policy for the trade and the country.";
    130501 http 400 "Type not supported in a group" => Request, Never, Tenant, []:
        "Groups take text, media, and templates of text and media. Choose one of these.";
    131000 http 500 "Something went wrong" => Ambiguous, Reconcile, Us, []:
        "Meta failed without saying where, so the message may have been sent. It waits for evidence. If this repeats, ask Meta's support.";
    131005 http 403 "Access denied" => Token, Checked, Operator, [TripChannel]:
        "The token may not use this number. Use a system user's token that has both permissions and the account assigned.";
    131008 http 400 "Parameter missing" => Request, Never, Tenant, []:
        "Meta misses a part of the request. The details say which; add it and send again.";
    131009 http 400 "Parameter value not valid" => Request, Never, Tenant, [ForgetUploads]:
        "A value in the request does not do: see the details. For reactions and receipts: the message is older than 30 days, gone, or not of this conversation.";
    131016 http 500 "Service unavailable" => Ambiguous, Reconcile, Us, []:
        "A service of Meta's was away while it had the message, so it may have been sent. It waits for evidence.";
    131021 http 400 "Recipient is the sender" => Request, Never, Tenant, []:
        "The business number cannot write to itself. Choose another recipient.";
    131026 http 400 "Undeliverable" => Undeliverable, Never, Tenant, [SuspectRecipient]:
        "The number is not on WhatsApp, or its owner has not accepted the terms, uses an old version, or cannot get this kind of message. Verify it, or reach them otherwise.";
    131030 http 400 "Recipient not on the test list" => Request, Never, Operator, []:
        "A test number writes to at most five listed recipients. Add this one in the app's dashboard, or use a real number.";
    131031 http 403 "Account locked" => Account, Checked, Operator, [TripChannel]:
        "Meta has locked the account, or data such as the PIN did not match. See Business Support Home, then check the channel.";
    131037 http 400 "Display name not approved" => Account, Checked, Operator, [TripChannel]:
        "The number's display name needs approval before it may send. Request it in WhatsApp Manager.";
    131042 http 400 "Payment problem" => Account, Checked, Operator, [TripChannel]:
        "Meta cannot charge the account. Add or repair the payment method in Meta's billing settings, then check the channel.";
    131044 "Payment method missing" => Account, Checked, Operator, [TripChannel]:
        "The account has no way to pay. Add a payment method in Meta's billing settings, then check the channel.";
    131045 http 500 "Number not registered" => Account, Checked, Operator, [TripChannel]:
        "The number's certificate does not fit: it is not registered. Register the number again.";
    131047 http 400 "More than 24 hours since the customer wrote" => Window, Never, Tenant, [CloseWindow]:
        "No service window is open. Send an approved template instead, or wait until the customer writes.";
    131048 http 400 "Limited for spam" => Spam, Never, Operator, [PauseCampaigns]:
        "Too many customers blocked or reported the number. Stop campaigns, look at its quality in WhatsApp Manager, and write only to those who asked for it.";
    131049 http 400 "Withheld to protect engagement" => MarketingCap, Park { hours: 24 }, Recipient, []:
        "This customer has had as much marketing as Meta allows for now. Trying at once makes it worse; it rests for a day and longer, or drop it.";
    131050 http 400 "Customer stopped marketing" => OptOut, Never, Recipient, [RecordOptOut]:
        "The customer wants no marketing from this business. Do not write to them unless they resume it.";
    131051 http 400 "Message type not supported" => Request, Never, Tenant, []:
        "WhatsApp does not know this type of message, or not here. Choose another.";
    131052 http 400 "Media download failed" => Media, Never, Tenant, [ForgetUploads]:
        "Meta could not fetch the file: from the customer, who should send it again, or from the link, which must be public and answer quickly.";
    131053 http 400 "Media upload failed" => Media, Never, Tenant, [ForgetUploads]:
        "Meta could not use the file. See that it is of a supported type and size and is what its type says; uploading it first works better than a link.";
    131055 http 400 "Method not allowed" => Request, Never, Tenant, []:
        "This endpoint does not take such a message: the Marketing Messages API sends marketing templates only.";
    131056 http 400 "Too many messages to one person" => Pair, PAIR, Us, [PausePair]:
        "Too much was sent to this customer in a short time; it goes on by itself, more slowly. Others are not affected.";
    131057 http 500 "Account in maintenance" => Maintenance, Wait { minutes: 1 }, Us, [PauseNumber]:
        "Meta is raising the number's throughput, which takes a minute. Sending goes on by itself.";
    131059 http 400 "Cursor out of date" => Request, Never, Us, []:
        "A list changed while it was read. It is read again from the beginning.";
    131061 "Template with a maximum price" => Template, Never, Tenant, []:
        "The template has a maximum price, which only the Marketing Messages API takes. Send another template.";
    131062 http 400 "Not to a user id" => Request, Never, Tenant, []:
        "Authentication templates with one-tap, zero-tap or copy-code buttons go to phone numbers only. Ask the customer for theirs.";
    131063 "Marketing disabled on the Cloud API" => Account, Never, Operator, []:
        "This account sends marketing through the Marketing Messages API only. Accept its terms in WhatsApp Manager and send it there.";
    131064 "Templates wrongly classified" => Template, Never, Operator, []:
        "Too many templates of the account were sent under the wrong category. Correct their categories in WhatsApp Manager.";
    132000 http 400 "Wrong number of parameters" => Template, Never, Tenant, [RefreshTemplate]:
        "The template has another number of variables than were given. See its variables and send again.";
    132001 http 404 "No such template" => Template, Never, Tenant, [RefreshTemplate]:
        "No approved template of this name exists in this language. Check both, and that it was approved.";
    132005 http 400 "Text too long with its parameters" => Template, Never, Tenant, []:
        "With the values filled in the text is too long. Shorten them.";
    132007 http 400 "Template violates policy" => Template, Never, Tenant, [RefreshTemplate]:
        "What the template says violates Meta's policy. Its rejection says why; change it and submit it again.";
    132012 http 400 "Parameter of the wrong format" => Template, Never, Tenant, [RefreshTemplate]:
        "A value is not of the kind the template wants: see the details. A header with a picture, for example, needs a picture.";
    132015 http 400 "Template paused" => Template, Never, Tenant, [RefreshTemplate]:
        "Meta has paused the template for low quality, or held messages back and dropped them. Improve it, or wait until the pause ends.";
    132016 http 400 "Template disabled" => Template, Never, Tenant, [RefreshTemplate]:
        "The template was paused too often and is disabled for good. Make a new one that says it better.";
    132018 http 400 "Parameters of the template not valid" => Template, Never, Tenant, []:
        "A value breaks Meta's rules: no line breaks, no tabs, no more than four spaces in a row.";
    132068 http 400 "Flow blocked" => Template, Never, Tenant, []:
        "The flow is blocked because of its errors. Repair its endpoint and publish it again.";
    132069 http 400 "Flow throttled" => Template, Never, Tenant, []:
        "The flow fails too often, so only ten messages with it go out in an hour. Repair its endpoint.";
    133000 http 500 "Deregistration incomplete" => Request, Never, Operator, []:
        "An earlier deregistration did not finish. Deregister the number again, then register it.";
    133004 http 503 "Registration server away" => Request, SOON, Meta, []:
        "Meta's registration server is away. It is tried again; Meta's status page may say more.";
    133005 http 400 "Wrong PIN" => Request, Never, Operator, []:
        "The two-step PIN is wrong. Reset it in WhatsApp Manager if nobody knows it.";
    133006 http 400 "Number needs verification" => Request, Never, Operator, []:
        "Verify the number again before registering it.";
    133008 http 400 "Too many wrong PINs" => Request, Never, Operator, []:
        "The PIN was wrong too often. The details say how long to wait.";
    133009 http 400 "PIN entered too fast" => Request, Wait { minutes: 1 }, Operator, []:
        "The PIN was entered too quickly in succession. The details say how long to wait.";
    133010 http 400 "Number not registered" => Account, Checked, Operator, [TripChannel]:
        "The number is not registered with the Cloud API. Register it, then check the channel.";
    133015 http 400 "Number recently deleted" => Request, Wait { minutes: 5 }, Operator, []:
        "The number was deleted a moment ago. Wait five minutes, then register it.";
    133016 http 400 "Registered too often" => Request, Never, Operator, []:
        "The number was registered or deregistered ten times within three days. Wait 72 hours.";
    134011 http 400 "Terms of payments not accepted" => Account, Never, Operator, []:
        "Payments need terms that were not accepted. Accept them in WhatsApp Manager.";
    134100 http 400 "Marketing only" => Template, Never, Tenant, []:
        "The Marketing Messages API sends marketing templates only. Send this one as an ordinary message.";
    134101 http 400 "Template not yet synchronised" => Template, Wait { minutes: 10 }, Us, []:
        "Meta needs up to ten minutes before the Marketing Messages API knows a new template. It is tried again then.";
    134102 http 500 "Template unavailable here" => Template, Never, Tenant, [RefreshTemplate]:
        "The Marketing Messages API cannot send this template. Send it as an ordinary message.";
    135000 http 400 "Generic error of the request" => Request, Never, Tenant, []:
        "Meta does not accept the request and does not say why. Compare it with Meta's reference for this type of message.";
    136024 http 400 "Code could not be requested" => Request, Never, Operator, []:
        "No verification code could be sent. Wait a while, or ask for it by the other way, SMS or call.";
    136025 http 400 "Code not accepted" => Request, Never, Operator, []:
        "The verification code is wrong or too old. Ask for a new one.";
    137000 "Identity of the customer changed" => Undeliverable, Never, Tenant, []:
        "The customer's phone or account changed since the identity was recorded. Make sure it is still them before you write anything confidential.";
    138000 to 138999 http 400 "Calling not possible" => Request, Never, Tenant, []:
        "The call, or the request to call, is not allowed: see the details. Most often the customer has not given permission.";
    139100 to 139103 http 400 "Block list not changed" => Request, Never, Tenant, []:
        "Some customers could not be blocked or unblocked: see each one's reason. Only those who wrote within 24 hours can be blocked.";
    147001 to 147004 http 400 "Username not possible" => Request, Never, Operator, []:
        "The username is taken, reserved or against the rules. Choose another.";
    2388000 to 2388999 http 400 "Template or number not accepted" => Request, Never, Tenant, []:
        "Meta does not accept the template or the change: see the details. Common reasons are a variable at the beginning or end, too many variables for the text, or a text too long.";
    2494000 to 2494099 http 400 "Number moved or being moved" => Account, Checked, Operator, [TripChannel]:
        "The number is being moved to another account, or was: see the details. Check the channel when that has ended, or add the number with its new account.";
    2494100 http 400 "Number in maintenance" => Maintenance, Wait { minutes: 5 }, Us, [PauseNumber]:
        "Meta is maintaining the number, which takes some minutes. Sending goes on by itself.";
    2494101 to 2494999 http 400 "Number moved or being moved" => Account, Checked, Operator, [TripChannel]:
        "The number is being moved to another account, or was: see the details. Check the channel when that has ended, or add the number with its new account.";
    2593000 to 2593999 http 400 "Synchronisation with the app not possible" => Request, Never, Operator, []:
        "Contacts or history of the WhatsApp Business app cannot be synchronised: it was done already, came too late, or the owner declined.";
}
