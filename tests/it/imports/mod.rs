//! Imports of contacts from CSV files.

mod consents;
mod exports;
mod fences;
mod files;
mod policies;
mod queueing;
mod routes;
mod stage;
