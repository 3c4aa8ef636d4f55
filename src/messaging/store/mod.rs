//! SQL of sends, their attempts, and blocked recipients.

pub mod blocks;
pub mod sends;
