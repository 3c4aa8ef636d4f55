//! What an attacker, a careless tenant or a slow client tries: a file per subject.

mod addresses;
mod cursors;
mod document;
mod rotation;
mod texts;
