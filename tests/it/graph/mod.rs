//! The client of Meta's Graph API against real servers: one that behaves, and one that does not.

mod account;
mod blocks;
mod media;
mod rude;
mod sending;
mod stub;
mod templates;

use std::time::Duration;

use mainstay::{
    config::Secret,
    meta::graph::{Access, GraphClient},
};

const NUMBER: &str = "106540352242922";
const WABA: &str = "102290129340398";

/// Long enough for a machine that does other things too, short enough to be waited for.
const PATIENCE: Duration = Duration::from_millis(1_500);

fn client(base: &str) -> GraphClient {
    GraphClient::new(base, "v25.0", PATIENCE).expect("the address is good")
}

fn token() -> Secret {
    Secret::new("EAAG-of-a-channel")
}

fn access(token: &Secret) -> Access<'_> {
    Access {
        phone_number_id: NUMBER,
        waba_id: WABA,
        token,
    }
}
