//! The HTTP edge, on both databases.

mod document;
mod keys;
mod once;
mod operator;
mod problems;
mod reading;
mod scopes;
mod search;
mod watching;
mod webhooks;
