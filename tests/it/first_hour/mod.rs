//! The first hour: from nothing to a message answered, with the demo, with a simulated Meta, and with a program of one's own.

mod demo;
mod forward;
mod https;
mod listen;
mod readme;
mod shell;
mod simulate;

use crate::support::{app::TestApp, http::Client};

#[tokio::test]
async fn where_somebody_looks_for_the_reference_it_is_found() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    for address in ["/", "/docs", "/docs/", "/api", "/api/"] {
        let answer = client.get(address).await;
        assert_eq!(answer.status.as_u16(), 303, "{address}");
        assert_eq!(answer.headers["location"], "/api/docs", "{address}");
    }
    assert_eq!(client.get("/doc").await.status.as_u16(), 404);
}
