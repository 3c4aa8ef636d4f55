//! Segments: the language of filters, their statements, and what the API does with them.

mod judge;
mod language;
mod many;
mod page;
mod people;
mod plans;
mod random;
mod routes;
mod scans;
