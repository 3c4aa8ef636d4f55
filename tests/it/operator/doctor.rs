//! `mainstay doctor`: what is wrong is named, and the exit code says how bad it is.

use mainstay_sim::{NumberPatch, TokenSeed};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::{SECRET, Stage, TOKEN};
use crate::support::wait::wait_until;

/// The findings that are not ok, but those that come of the setting: the simulator is not https, media are in a folder, and the shared
/// PostgreSQL does not wait for its disk.
fn troubles(found: &Value) -> Vec<String> {
    let text = |finding: &Value| {
        let [status, check, what] = ["status", "check", "what"].map(|it| finding[it].as_str().unwrap());
        format!("{status} {check}: {what}")
    };
    let bad = found.as_array().unwrap().iter().filter(|it| it["status"] != "ok");
    let bad = bad.map(text);
    let of_the_setting = [
        "GRAPH_BASE_URL is not https",
        "warn media:",
        "fsync is off",
        "full_page_writes is off",
    ];
    bad.filter(|it| of_the_setting.iter().all(|part| !it.contains(part)))
        .collect()
}

/// What doctor finds; fails unless it exits with the code, or with 1 because of the shared PostgreSQL.
async fn examined(stage: &Stage, expected: i32) -> Vec<String> {
    let (code, found, said) = stage.deployment.attempt("doctor").await;
    let expected = if stage.deployment.is_embedded() { expected } else { 1 };
    assert_eq!(code, Some(expected), "{said}");
    troubles(&found)
}

fn has(found: &[String], begins: &str, contains: &str) {
    let it = found.iter().any(|it| it.starts_with(begins) && it.contains(contains));
    assert!(it, "{begins} … {contains}: {found:#?}");
}

#[both_sizes]
async fn what_is_well_leaves_no_trace(mut stage: Stage) {
    stage.deployment.start().await;
    let (code, found, said) = stage.deployment.attempt("doctor").await;
    let expected = if stage.deployment.is_embedded() { 3 } else { 1 };
    assert_eq!(
        code,
        Some(expected),
        "the simulator is not https, of which it warns: {said}"
    );
    assert_eq!(troubles(&found), Vec::<String>::new());
    let line = found
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["check"] == "channel")
        .unwrap();
    let what = line["what"].as_str().unwrap();
    for part in [
        "chn_",
        "+12065550142",
        "CONNECTED",
        "name APPROVED",
        "token valid",
        "Simulated app",
    ] {
        assert!(what.contains(part), "{part}: {what}");
    }
    assert!(said.contains("the clock differs from Meta's by 0 s"), "{said}");
    assert_eq!(
        stage.admin("unrecognized").await["data"],
        json!([]),
        "the probe is recognised"
    );
    assert_eq!(stage.admin("quarantine").await["data"], json!([]));
    // Without the simulator's address nothing is left to warn of.
    if stage.deployment.is_embedded() {
        stage.deployment.set("GRAPH_BASE_URL", "https://graph.facebook.com");
        let (code, _, said) = stage.deployment.attempt("doctor --offline").await;
        assert_eq!(code, Some(0), "{said}");
    }
}

#[both_sizes]
async fn what_meta_says_against_a_channel_is_told(mut stage: Stage) {
    stage.deployment.start().await;
    let listed = stage.run("channel list").await;
    let [phone, waba] = ["phone_number_id", "waba_id"].map(|it| listed[0][it].as_str().unwrap().to_owned());
    let graph = stage.simulator.graph();
    graph.set_token(TokenSeed {
        expires_in: Some(3_600),
        ..TokenSeed::full(TOKEN)
    });
    let patch = NumberPatch {
        quality: Some("RED".to_owned()),
        name_status: Some("DECLINED".to_owned()),
        code_verification: Some("EXPIRED".to_owned()),
        ..NumberPatch::default()
    };
    graph.change_number(&phone, patch);
    let found = examined(&stage, 3).await;
    has(&found, "warn channel:", "token ends at");
    has(&found, "warn channel:", "quality is RED");
    has(&found, "warn channel:", "display name is not approved: DECLINED");
    has(&found, "warn channel:", "not verified (EXPIRED)");

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let apps = format!("{}/v25.0/{waba}/subscribed_apps", stage.graph);
    http.delete(apps)
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    has(&examined(&stage, 1).await, "fail channel:", "No app is subscribed");
    stage.simulator.graph().set_token(TokenSeed {
        revoked: true,
        ..TokenSeed::full(TOKEN)
    });
    let found = examined(&stage, 1).await;
    let findings = found.iter().filter(|it| it.contains("Meta refused: 190")).count();
    assert_eq!(findings, 1, "once is enough: {found:#?}");
    assert!(!found.join("").contains(TOKEN), "{found:#?}");

    stage.deployment.set("GRAPH_BASE_URL", "http://127.0.0.1:9");
    let found = examined(&stage, 1).await;
    has(&found, "fail meta:", "cannot be reached");
    assert!(
        !found.iter().any(|it| it.contains("cannot be read")),
        "one finding is enough: {found:#?}"
    );
}

#[both_sizes]
async fn what_rests_fails_or_was_given_up_is_told(mut stage: Stage) {
    stage
        .run("endpoint add --tenant Acme --url https://example.com/hooks")
        .await;
    stage.deployment.start().await;
    let stranger = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "777", "changes": [{ "field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": { "display_phone_number": "15550009999", "phone_number_id": "999000" },
        "contacts": [{ "profile": { "name": "Ana" }, "wa_id": "15551230000" }],
        "messages": [{ "from": "15551230000", "id": "wamid.lost", "timestamp": "1790000000", "type": "text", "text": { "body": "Hello" } }] } }] }] });
    stage.simulator.post_once(stranger.to_string(), SECRET).await.unwrap();
    wait_until(super::DEADLINE, "it waits in quarantine", async || {
        stage.admin("quarantine").await["data"][0].is_object()
    })
    .await;
    let db = stage.deployment.db().await;
    // The first check of a channel closes its breaker, and the first sync of templates makes its row anew.
    wait_until(super::DEADLINE, "channel and templates were looked at", async || {
        const SQL: &str = "
            SELECT (SELECT COUNT(*) FROM channels WHERE checked_at IS NOT NULL) + (SELECT COUNT(*) FROM template_syncs WHERE synced_at IS NOT NULL)";
        let (looked_at,): (i64,) = db.sql(SQL, ()).one().await.unwrap();
        looked_at == 2
    })
    .await;
    for sql in [
        "INSERT INTO queue_pauses (queue, paused_at) SELECT 'media_inbound', created_at FROM tenants",
        "UPDATE channels SET tripped_at = created_at, trip_code = 131031, trip_reason = 'the account is locked', campaigns_paused_at = created_at",
        "UPDATE endpoints SET failing_since = created_at, last_error = 'no answer', tripped_at = created_at",
        "UPDATE template_syncs SET state = 'dead'",
    ] {
        db.sql(sql, ()).run().await.unwrap();
    }
    db.close().await;
    let found = examined(&stage, 1).await;
    has(&found, "warn queues:", "media_inbound is paused");
    has(&found, "warn queues:", "1 jobs of templates are dead");
    has(&found, "fail channel:", "circuit breaker of chn_");
    has(&found, "warn channel:", "campaigns of chn_");
    has(&found, "warn endpoint:", "https://example.com/hooks) fails since");
    has(&found, "warn webhooks:", "1 webhooks of the phone number 999000");

    stage.deployment.set("META_APP_SECRETS", "short");
    has(
        &examined(&stage, 1).await,
        "warn configuration:",
        "META_APP_SECRETS: 1 of 1",
    );
    // In words each finding is a line with its remedy.
    let mut doctor = stage.deployment.spawn(crate::support::process::MAINSTAY, &["doctor"]);
    assert_eq!(doctor.exit_code().await, Some(1));
    assert!(
        doctor.output().contains("`mainstay queue resume media_inbound`"),
        "{}",
        doctor.output()
    );
}
