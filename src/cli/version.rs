use std::fmt;

use serde::Serialize;

use super::CommandOutput;

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
}

pub fn run() -> anyhow::Result<CommandOutput> {
    CommandOutput::new(&Version {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    })
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}
