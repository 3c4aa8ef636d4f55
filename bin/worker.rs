//! The worker process: runs the queues. `mainstay serve` runs it together with the API.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mainstay::cli::run_process(
        "worker",
        mainstay::config::Purpose::Worker,
        mainstay::process::Roles::WORKER,
    )
}
