//! Phone numbers: what people write, read as digits with the country code, and checked against the numbering plans.
//!
//! The plans are those of libphonenumber, which the crate `phonenumber` carries as data. Only the data is used: that crate compiles patterns
//! into a cache of 100 behind one lock, which a mix of countries empties again and again. Here each region's pattern is compiled once, on
//! first use, and matched without a lock of ours.
//!
//! A number is written as its digits with the country code and without `+`, as in Meta's webhooks.

mod error;
mod line;
mod normalize;
mod plan;
mod region;
#[cfg(test)]
mod tests;
mod variants;
mod written;

pub use error::PhoneError;
pub use line::{Line, line};
pub use normalize::{canonical, normalize};
pub use region::{Region, region};
pub use variants::variants;
