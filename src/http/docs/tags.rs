//! The tags of operations.

/// (tag, description), in display order.
pub(crate) const TAGS: &[(&str, &str)] = &[
    ("Webhooks", "Routes that Meta calls."),
    (
        "Channels",
        "Business phone numbers of a tenant: their state, checks and block lists.",
    ),
    ("Contacts", "People and groups a tenant exchanges messages with."),
    (
        "Keyword rules",
        "Words by which contacts opt out, opt in and ask for help.",
    ),
    ("Campaigns", "One template to many people, once each."),
    ("Segments", "Contacts selected by a filter, found when somebody asks."),
    (
        "Imports",
        "Contacts brought in from CSV files, with what became of each row.",
    ),
    (
        "Verifications",
        "Numbers checked in bulk, as far as evidence goes: by numbering plans, and by what became of messages.",
    ),
    ("Exports", "Contacts, conversations and messages as CSV or JSON lines."),
    ("Conversations", "The messages between a channel and a contact."),
    (
        "Messages",
        "Messages in both directions: queued here, sent once, every call to Meta recorded.",
    ),
    ("Media", "Files that customers sent, and files to be sent."),
    ("Templates", "Messages that Meta has approved."),
    (
        "Message templates",
        "Texts, buttons, lists and media of our own, with variables, in versions.",
    ),
    ("Events", "Domain events in order, and the catalogue of their types."),
    (
        "Endpoints",
        "Addresses of a tenant's programs that events are delivered to.",
    ),
    ("Deliveries", "Events on their way to endpoints, with every attempt."),
    (
        "Tenants",
        "Tenants with their rules, quotas, channels and API keys, for the operator.",
    ),
    (
        "Raw events",
        "Webhooks as Meta sent them: stored, quarantined, not understood, replayed.",
    ),
    ("Queues", "Queues, their jobs and the workers."),
    ("Scheduler", "What recurs at planned times, and its runs."),
    ("Health", "Probes, checks and metrics."),
];
