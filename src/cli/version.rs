use std::fmt;

use serde::Serialize;

use super::Answer;

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
}

pub fn run() -> anyhow::Result<Answer> {
    Answer::new(&Version {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    })
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}
