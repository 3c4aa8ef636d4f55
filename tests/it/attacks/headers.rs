//! What answers say to browsers and caches.

use crate::support::{app::TestApp, http::Client};

#[tokio::test]
async fn nothing_is_stored_guessed_at_or_framed() {
    let test = TestApp::sqlite().await;
    let (operator, tenant) = (Client::operator(&test.app), Client::tenant(&test));
    let keys = format!("/admin/tenants/{}/keys", test.tenant);
    for answer in [
        operator.get("/admin/tenants").await,
        operator.get("/admin/nothing").await,
        operator.post(&keys, serde_json::json!({ "name": "a bot" })).await,
        operator.with("wrong").get("/admin/tenants").await,
        tenant.get("/api/v1/channels").await,
        tenant.get("/health").await,
        tenant.get("/metrics").await,
        tenant.get("/api/docs/").await,
        tenant.get("/api/openapi.json").await,
    ] {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}: {}", answer.text());
        }
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
    }
    let refused = tenant.webhook("{}", "wrong").await;
    assert_eq!(
        (refused.problem(403).as_str(), refused.header("x-content-type-options")),
        ("not-signed", Some("nosniff"))
    );
}

/// The reference runs no script and loads nothing but its own style.
#[tokio::test]
async fn the_reference_runs_no_script() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    for path in ["/api/docs/", "/api/docs/guides/send", "/api/docs/guides/receive"] {
        let page = client.get(path).await.ok();
        let policy = page.header("content-security-policy").expect("a policy").to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        let page = page.text();
        for active in [
            "<script",
            " style=",
            " onload=",
            " onclick=",
            "javascript:",
            "<img",
            "<iframe",
        ] {
            assert!(!page.contains(active), "{path}: {active}");
        }
    }
}
