//! `POST /{phone_number_id}/messages`: what is admitted, what is kept of it, and what follows.

mod admission;
mod price;
mod read;
mod send;
mod sends;

pub(crate) use sends::{Accepted, Sends};
pub use sends::{AcceptedSend, By, Counts, ReadReceipt};
