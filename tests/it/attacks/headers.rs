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

/// Everything the page loads stands in files of its own on this server: the policy permits no other script.
#[tokio::test]
async fn the_page_of_the_documents_works_under_its_policy() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    let page = client.get("/api/docs/").await.ok();
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    for part in [
        "script-src 'self';",
        "style-src 'self' 'unsafe-inline';",
        "connect-src 'self';",
        "img-src 'self' data:;",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    let page = page.text();
    for tag in page.split('<').filter(|tag| tag.starts_with("script")) {
        assert!(
            tag.contains("src=\"./"),
            "a script within the page would not run: <{tag}"
        );
        assert!(
            tag.split_once('>').is_some_and(|(_, rest)| rest.trim().is_empty()),
            "<{tag}"
        );
    }
    for attribute in [" onload=", " onclick=", "javascript:"] {
        assert!(!page.contains(attribute), "{attribute}");
    }
    for file in page.split('"').filter(|part| part.starts_with("./")) {
        client.get(&format!("/api/docs/{}", &file[2..])).await.ok();
    }
    let start = client.get("/api/docs/swagger-initializer.js").await.ok().text();
    assert!(
        start.contains("/api/openapi.json") && !start.contains("validatorUrl\":\"http"),
        "{start}"
    );
}
