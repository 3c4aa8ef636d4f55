//! Limits of a filter: its text is read, kept and compiled within a request.

/// Bytes of the text.
pub const TEXT: usize = 4_096;
/// Tests, those of the segments that it names included.
pub const TESTS: usize = 50;
/// Parentheses within one another.
pub const DEPTH: usize = 10;
/// Segments within one another.
pub const SEGMENTS: usize = 5;
/// Values of an `in`.
pub const VALUES: usize = 1_000;
/// Characters of a text.
pub const VALUE: usize = 1_000;
