//! The one integration-test binary: everything here links once and shares one set of servers, which `./test` starts.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read where the servers are from the environment and stand outside the rules that keep App's clock, ids and tasks in one place"
)]

mod architecture;
mod attacks;
mod campaigns;
mod consumers;
mod contacts;
mod dead_letters;
mod deliveries;
mod demo;
mod endpoints;
mod enums;
mod events;
mod faults;
mod first_hour;
mod graph;
mod http;
mod identity;
mod imports;
mod inbound;
mod media;
mod merges;
mod metrics;
mod migrations;
mod names;
mod operator;
mod people;
mod permutations;
mod recurring;
mod replay;
mod requests;
mod rules;
mod schedule;
mod segments;
mod sending;
mod servers;
mod snapshots;
mod statements;
mod statuses;
mod support;
mod templates;
mod verifications;
