//! A simulator of Meta's side of the WhatsApp Business Platform.
//!
//! It plays the customers who write and the platform that tells of it: it makes webhooks, signs their exact bytes,
//! posts them, and posts them again until they are answered 200. Its own ledger says what was generated and what was
//! acknowledged, for a test to hold against what the receiver stored. It shares no type with the receiver.
//!
//! - [`Traffic`] makes webhooks from a seed, without HTTP;
//! - [`Manners`] says how rudely, [`Mix`] of what;
//! - [`Simulator`] delivers them and keeps the [`Ledger`];
//! - `control` is the simulator's own HTTP interface.
//!
//! Since it also answers sends, it plays the other direction: [`Graph`] is the Graph API, with its validation, its limits,
//! its moderation and its faults, and the statuses that sends cause are delivered like every other webhook.

mod chance;
mod codes;
mod config;
mod control;
mod courier;
mod delivery;
mod encoding;
mod file;
mod graph;
mod item;
mod ledger;
mod manners;
mod people;
mod redelivery;
mod server;
mod signature;
mod simulator;
mod talk;
mod traffic;
mod webhook;

pub use config::{Clock, Mix, SimConfig};
pub use courier::Handshake;
pub use delivery::{Answer, Delivered};
pub use encoding::Encoding;
pub use file::InboundFile;
pub use graph::{
    AcceptedSend, ActiveFault, Area, By, Category, Counts, Echo, Enforcement, Fault, FaultRule, Graph, GraphConfig,
    Level, MessagingLimit, Moderation, NumberPatch, NumberSeed, ReadReceipt, Scope, StatusPolicy, Summary,
    TemplatePatch, TemplateSeed, TemplateStatus, TokenSeed, Trouble, Verdict, Way,
};
pub use item::{Caller, Item, Message, Other, Source, Status};
pub use ledger::{Ledger, Record, Totals};
pub use manners::Manners;
pub use people::Customer;
pub use redelivery::RedeliveryPolicy;
pub use signature::{LEGACY_SIGNATURE_HEADER, SIGNATURE_HEADER, legacy_lookalike, sign};
pub use simulator::Simulator;
pub use traffic::{Shape, Traffic};
pub use webhook::{Authenticity, Webhook};

/// The most updates Meta puts into one POST.
pub const MAX_ITEMS: usize = 1_000;

/// The most bytes of one POST: Meta says "up to 3 MB".
pub const MAX_BODY: usize = 3_000_000;
