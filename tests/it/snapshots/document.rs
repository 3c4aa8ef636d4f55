use mainstay_test_macros::both_databases;

use super::hold;
use crate::support::{app::TestApp, http::Client};

#[both_databases]
async fn the_document_is_the_one_that_was_reviewed(test: TestApp) {
    let document = Client::of(&test.app).get("/api/openapi.json").await.ok().json();
    hold("openapi", &document);
}
