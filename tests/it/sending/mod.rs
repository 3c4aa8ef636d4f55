//! Sending, against the simulator: what is accepted is sent once, and what became of it is known.

mod accepting;
mod channels;
mod checks;
mod codes;
mod controls;
mod examples;
mod gone;
mod kills;
mod labels;
mod proof;
mod reasons;
mod replies;
mod samples;
mod scheduled;
mod scheduled_refusals;
mod shapes;
mod unknown;
pub mod world;
