//! The runtime and the drivers on real servers: SQLite with the memory driver, PostgreSQL with the Redis driver.

mod admin;
mod backlog;
mod counts;
mod crashes;
mod dead_letters;
mod driver;
mod failures;
mod fixture;
mod kinds;
mod latency;
mod leases;
mod outages;
mod recurring;
mod schedule;
mod shutdown;
mod speed;
mod test_job;
mod work;
