//! What is told to readers and receivers. Every type of event stands here once: its name, the version of its data, when it comes, the
//! JSON Schema of its data and an example. Whoever tells something takes the type from here, and the data from the struct beside it, so
//! that the schema cannot say anything else than what is sent.
//!
//! A new type is a line in one of the families. A member may be added to the data of a type at any time; one that is taken away or
//! changes its meaning raises the version.

pub mod account;
pub mod channel;
pub mod contact;
pub mod conversation;
pub mod endpoint;
pub mod media;
pub mod message;
pub mod meta;
pub mod order;
mod sample;
mod schema;
pub mod template;

use std::fmt;

use serde_json::Value;

/// A type of event.
pub struct EventType {
    /// `family.what_happened`.
    pub name: &'static str,
    /// Of the form of `data`; raised when a receiver could be surprised.
    pub version: i64,
    /// When it comes, in a sentence or two.
    pub when: &'static str,
    schema: fn() -> Value,
    example: fn() -> Value,
}

impl EventType {
    /// The JSON Schema (2020-12) of `data`, with nothing in it that would have to be looked up elsewhere.
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// What `data` may look like.
    pub fn example(&self) -> Value {
        (self.example)()
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A name stands here once.
impl PartialEq for EventType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for EventType {}

/// The types of a family: constant, name, struct of the data, when it comes, example.
macro_rules! types {
    ($($constant:ident = $name:literal, $data:ty, $when:literal, $example:expr;)*) => {
        $(
            #[doc = $when]
            pub static $constant: $crate::events::EventType = $crate::events::EventType {
                name: $name,
                version: 1,
                when: $when,
                schema: $crate::events::schema::of::<$data>,
                example: || $example,
            };
        )*
        pub(super) static ALL: &[&$crate::events::EventType] = &[$(&$constant),*];
    };
}
use types;

/// Every type there is, family by family.
pub fn all() -> impl Iterator<Item = &'static EventType> {
    let families = [
        message::ALL,
        contact::ALL,
        conversation::ALL,
        media::ALL,
        order::ALL,
        template::ALL,
        channel::ALL,
        account::ALL,
        endpoint::ALL,
        meta::ALL,
    ];
    families.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests;
