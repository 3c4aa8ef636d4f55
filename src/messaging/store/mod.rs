//! SQL of sends, their attempts, and blocked contacts.

pub mod blocks;
pub mod sends;
