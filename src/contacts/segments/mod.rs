//! Segments: contacts selected by a filter, counted and listed when somebody asks, and never kept.

pub mod language;
