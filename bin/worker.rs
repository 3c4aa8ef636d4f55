//! The worker process: runs the queues. `mainstay serve` is api and worker in one.

use std::process::ExitCode;

use mainstay::{
    config::Purpose,
    process::{self, Roles},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    process::main(
        "worker",
        "The worker process: runs the queues.",
        Purpose::Worker,
        Roles::WORKER,
    )
}
