//! Consent that a file declares.

use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::stage::{counts, imported};
use crate::support::{app::TestApp, http::Client};

fn query(consent: &Value) -> String {
    let text = consent.to_string();
    let encoded: String = percent_encoded(&text);
    format!("consent={encoded}")
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

const CSV: &str = "phone\n+4915123456701\n+4915123456702\n";

#[both_databases]
async fn a_declared_consent_is_recorded_with_its_proof_and_lifts_no_stop(test: TestApp) {
    let client = Client::tenant(&test);
    imported(&test, "", CSV).await;
    let contacts = client.all("/api/v1/contacts?limit=9").await.0;
    let stopped = contacts.iter().find(|it| it["phone"] == "4915123456701").unwrap();
    let path = format!("/api/v1/contacts/{}/consents", stopped["id"].as_str().unwrap());
    const STOP: &str = "
        INSERT INTO consents (tenant_id, id, contact_id, purpose, channel_id, status, source, occurred_at, recorded_at, created_by)
        SELECT tenant_id, id, id, 'marketing', $1, 'revoked', 'keyword', $2, $2, 'system' FROM contacts WHERE source = 'import'
            AND id IN (SELECT contact_id FROM contact_identities WHERE value = '4915123456701')";
    let yesterday = test.app.clock.now() - chrono::TimeDelta::days(1);
    test.app
        .db
        .sql(STOP, (uuid::Uuid::nil(), yesterday))
        .run()
        .await
        .unwrap();
    let granted = json!({ "purpose": "marketing", "status": "granted", "occurred_at": "2026-11-20T08:00:00Z",
        "evidence": { "form": "shop 4" } });
    let today = json!({ "occurred_at": test.app.clock.now() });
    let mut granted_today = granted.clone();
    granted_today["occurred_at"] = today["occurred_at"].clone();
    let import = imported(&test, &query(&granted_today), CSV).await;
    assert_eq!(counts(&import), [2, 0, 0, 2, 0, 0], "{import}");
    assert_eq!(import["kept_opted_out"], 1);
    let ledger = client.get(&path).await.ok().json();
    let shown = ledger["data"].as_array().unwrap();
    assert_eq!(shown.len(), 2, "{ledger}");
    assert!(
        shown.iter().any(|it| it["evidence"] == json!({ "form": "shop 4" })),
        "{ledger}"
    );
    let states = "SELECT COUNT(*) FROM contact_consents WHERE status = 'granted'";
    assert_eq!(test.count(states).await, 1);
    let revoked = "SELECT COUNT(*) FROM contact_consents WHERE status = 'revoked'";
    assert_eq!(test.count(revoked).await, 1);
}

#[both_databases]
async fn a_grant_without_evidence_is_refused(test: TestApp) {
    let consent = json!({ "purpose": "marketing", "status": "granted", "occurred_at": "2026-11-20T08:00:00Z" });
    let path = format!("/api/v1/contacts/imports?{}", query(&consent));
    let refused = Client::tenant(&test).csv(&path, CSV).await;
    assert_eq!(refused.problem(422), "invalid-field");
    assert_eq!(refused.json()["field"], "consent");
    let revoked = json!({ "purpose": "all", "status": "revoked", "occurred_at": "2026-11-20T08:00:00Z" });
    let import = imported(&test, &query(&revoked), CSV).await;
    assert_eq!(import["kept_opted_out"], 0);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM contact_consents WHERE status = 'revoked'")
            .await,
        2
    );
}

#[both_databases]
async fn who_is_skipped_is_opted_out_all_the_same(test: TestApp) {
    imported(&test, "", CSV).await;
    let revoked = json!({ "purpose": "marketing", "status": "revoked", "occurred_at": "2026-11-20T08:00:00Z" });
    let import = imported(&test, &format!("on_existing=skip&{}", query(&revoked)), CSV).await;
    assert_eq!(counts(&import), [2, 0, 0, 0, 2, 0], "{import}");
    const REVOKED: &str = "SELECT COUNT(*) FROM contact_consents WHERE purpose = 'marketing' AND status = 'revoked'";
    assert_eq!(test.count(REVOKED).await, 2);
    let granted = json!({ "purpose": "all", "status": "granted", "occurred_at": "2026-11-10T08:00:00Z", "evidence": { "form": 4 } });
    let import = imported(&test, &query(&granted), CSV).await;
    assert_eq!(
        import["kept_opted_out"], 2,
        "whatever it is that they still refuse: {import}"
    );
}
