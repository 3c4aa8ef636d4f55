//! What a merge of contacts does to each table that names a contact or a conversation. A test compares the list with the columns of both
//! databases, so that no table is forgotten.
//!
//! The statements are with the owner of the table. Like the consumers of events, this list is a place where records depend on features.
//!
//! A merge happens while a webhook is processed, and must not cost it: an entry decides what becomes of rows that both contacts have before
//! it moves any, so that no unique index is violated.

use futures::future::BoxFuture;

use super::merge::{self, ContactMerge};
use crate::{
    campaigns,
    contacts::{consent, store::tags},
    db::{Result, Tx},
    messaging::store::blocks,
    records::{campaigns::merge_rows as merge_campaign_rows, conversations, lock_order::Stage, messages, portfolios},
};

/// A table that names a contact or a conversation.
pub struct MergedTable {
    pub name: &'static str,
    pub effect: MergeEffect,
    /// The stage of the lock order at which its rows are locked and changed.
    pub stage: Stage,
}

/// What a merge does to a table.
pub enum MergeEffect {
    /// Rows of the contact that goes are moved, joined or removed. Both contacts and all their conversations still exist.
    Moves(MoveRows),
    /// Nothing, for this reason.
    Keeps(&'static str),
}

/// Moves, joins or removes the rows of the contact that goes.
pub(crate) type MoveRows = for<'a> fn(&'a mut Tx, ContactMerge) -> BoxFuture<'a, Result<()>>;

/// All of them, in the lock order.
pub const MERGED_TABLES: &[MergedTable] = &[
    moves(Stage::Campaigns, "campaign_rows", |tx, merge| {
        Box::pin(merge_campaign_rows(tx, merge))
    }),
    moves(Stage::Campaigns, "campaign_recipients", |tx, merge| {
        Box::pin(campaigns::store::merge(tx, merge))
    }),
    moves(Stage::Portfolios, "portfolio_recipients", |tx, merge| {
        Box::pin(portfolios::merge_recipients(tx, merge))
    }),
    moves(Stage::Contacts, "contacts", |tx, merge| {
        Box::pin(merge::keep_latest(tx, merge))
    }),
    moves(Stage::Contacts, "contact_identities", |tx, merge| {
        Box::pin(merge::move_identities(tx, merge))
    }),
    moves(Stage::Contacts, "blocks", |tx, merge| {
        Box::pin(blocks::merge(tx, merge))
    }),
    moves(Stage::Contacts, "contact_tags", |tx, merge| {
        Box::pin(tags::merge(tx, merge))
    }),
    moves(Stage::Contacts, "consents", |tx, merge| {
        Box::pin(consent::merge(tx, merge))
    }),
    keeps(
        Stage::Contacts,
        "contact_consents",
        "the states are computed anew from the ledger of both",
    ),
    moves(Stage::Conversations, "conversations", |tx, merge| {
        Box::pin(conversations::merge(tx, merge))
    }),
    moves(Stage::Messages, "messages", |tx, merge| {
        Box::pin(messages::merge(tx, merge))
    }),
    keeps(
        Stage::EventCursor,
        "deliveries",
        "the order key is that of the event, which stays",
    ),
    keeps(
        Stage::EventCursor,
        "events",
        "an event says what was the case when it happened",
    ),
];

const fn moves(stage: Stage, name: &'static str, moves: MoveRows) -> MergedTable {
    MergedTable {
        name,
        effect: MergeEffect::Moves(moves),
        stage,
    }
}

const fn keeps(stage: Stage, name: &'static str, reason: &'static str) -> MergedTable {
    MergedTable {
        name,
        effect: MergeEffect::Keeps(reason),
        stage,
    }
}
