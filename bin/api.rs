//! The API process: stores webhooks, answers readers. `mainstay serve` runs it together with the worker.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mainstay::cli::run_process("api", mainstay::config::Purpose::Api, mainstay::process::Roles::API)
}
