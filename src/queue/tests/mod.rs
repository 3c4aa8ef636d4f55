//! The frame and the drivers on real servers: SQLite with the driver in process, PostgreSQL with the driver on Redis.

mod admin;
mod backlog;
mod counts;
mod crashes;
mod driver;
mod failures;
mod lab;
mod latency;
mod leases;
mod outages;
mod schedule;
pub(crate) mod servers;
mod shutdown;
mod speed;
pub(crate) mod stage;
mod work;
