//! Tests of both drivers, with a clock moved by the tests; on a real Redis, and in real time where that matters.

mod backlogs;
mod changes;
mod crowd;
mod fixture;
mod lanes;
mod limits;
mod memory;
mod outages;
mod pairs;
mod rules;
mod simulation;
mod speed;
mod twins;
