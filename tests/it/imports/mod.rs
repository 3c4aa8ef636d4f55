//! Imports of contacts from CSV files.

mod campaign_rows;
mod consents;
mod exports;
mod fences;
mod files;
mod policies;
mod processes;
mod queueing;
mod routes;
mod stage;
