//! Both drivers by the same tests, in a time that the tests move; on a real Redis, and with real time where that matters.

mod backlogs;
mod changes;
mod crowd;
mod lanes;
mod limits;
mod memory;
mod outages;
mod pairs;
mod rules;
mod speed;
mod stage;
mod twins;
mod world;
