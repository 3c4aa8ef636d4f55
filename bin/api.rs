//! The API process: stores webhooks, answers readers and the operator. `mainstay serve` is api and worker in one.

use std::process::ExitCode;

use mainstay::{
    config::Purpose,
    process::{self, Roles},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    process::main(
        "api",
        "The API process: stores webhooks, answers readers and the operator.",
        Purpose::Api,
        Roles::API,
    )
}
