//! Imports and exports of contacts, and verifications of numbers.

use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

/// Lets an import end well, one end badly, an export become ready, and a verification end.
pub(super) async fn happen(world: &World) {
    let good = "phone,name\n+4915123456701,Ann\n".to_owned();
    let bad = format!("phone\n{}", "what\n".repeat(1_100));
    for file in [good, bad] {
        let taken = world.client.csv("/api/v1/contacts/imports", file).await;
        assert_eq!(taken.status.as_u16(), 202, "{}", taken.text());
    }
    let asked = world.client.get("/api/v1/contacts/export?async=true").await;
    assert_eq!(asked.status.as_u16(), 202, "{}", asked.text());
    let numbers = serde_json::json!({ "numbers": ["+4915123456701"] });
    let asked = world.client.post("/api/v1/verifications", numbers).await;
    assert_eq!(asked.status.as_u16(), 202, "{}", asked.text());
    wait_until(DEADLINE, "imports, export and verification have ended", async || {
        let ended =
            "SELECT COUNT(*) FROM tasks WHERE kind IN ('import', 'export', 'verification') AND finished_at IS NOT NULL";
        world.number(ended).await == 4
    })
    .await;
}
