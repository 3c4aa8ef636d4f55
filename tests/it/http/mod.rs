//! The HTTP edge, on both databases.

mod actors;
mod document;
mod keys;
mod once;
mod operator;
mod permissions;
mod problems;
mod reading;
mod search;
mod watching;
mod webhooks;
