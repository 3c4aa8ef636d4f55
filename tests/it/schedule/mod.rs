//! Schedules: planned times, runs, and what an operator does with them.

mod caches;
mod fences;
mod late;
mod processes;
mod routes;
mod stage;
mod zones;
