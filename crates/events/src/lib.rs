//! The catalogue of event types. Each type is declared once: name, version, description, JSON Schema and example. Code that emits an event
//! takes the type from here and the data from the struct beside it, so that the schema matches what is sent.
//!
//! - A new type is a line in one of the families.
//! - Members may be added to the data of a type at any time. Removing one or changing its meaning raises the version.

pub mod account;
pub mod campaign;
pub mod channel;
pub mod contact;
pub mod conversation;
pub mod endpoint;
pub mod export;
pub mod import;
pub mod media;
pub mod message;
pub mod meta;
pub mod order;
mod sample;
mod schema;
pub mod template;

use std::fmt;

use serde_json::Value;

/// An event type.
pub struct EventType {
    /// `family.what_happened`.
    pub name: &'static str,
    /// Version of `data`; raised by incompatible changes.
    pub version: i64,
    /// When the event occurs, in a sentence or two.
    pub when: &'static str,
    schema: fn() -> Value,
    example: fn() -> Value,
}

impl EventType {
    /// Returns the JSON Schema (2020-12) of `data`, without external references.
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// Returns an example of `data`.
    pub fn example(&self) -> Value {
        (self.example)()
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Names are unique.
impl PartialEq for EventType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for EventType {}

/// Declares the types of a family: constant, name, struct of the data, description, example.
macro_rules! types {
    ($($constant:ident = $name:literal, $data:ty, $when:literal, $example:expr;)*) => {
        $(
            #[doc = $when]
            pub static $constant: $crate::EventType = $crate::EventType {
                name: $name,
                version: 1,
                when: $when,
                schema: $crate::schema::of::<$data>,
                example: || $example,
            };
        )*
        pub(super) static ALL: &[&$crate::EventType] = &[$(&$constant),*];
    };
}
use types;

/// Returns every event type, family by family.
pub fn all() -> impl Iterator<Item = &'static EventType> {
    let families = [
        message::ALL,
        contact::ALL,
        campaign::ALL,
        import::ALL,
        export::ALL,
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
