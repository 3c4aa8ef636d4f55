//! Faults, and what becomes of what was acknowledged. Each test breaks something while Meta's side delivers, and ends by holding the
//! simulator's ledger against the database: nothing lost, nothing twice, nothing dead, nothing forged.

mod caught;
mod disk;
mod drain;
mod handover;
pub mod http;
mod kills;
pub mod ledgers;
mod outages;
mod overload;
mod poison;
mod provider;
mod sole;
mod traffic;

pub use http::Client;
