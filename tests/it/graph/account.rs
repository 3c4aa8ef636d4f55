use mainstay::meta::graph::{Error, Receipt};
use serde_json::json;

use super::{access, client, stub::Stub, token};

#[tokio::test]
async fn a_receipt_marks_as_read_and_may_show_typing() {
    let meta = Stub::start([("POST /v25.0/106540352242922/messages", 200, json!({ "success": true }))]).await;
    let client = client(&meta.url);
    client
        .mark_read(access(&token()), "wamid.A", Receipt::Read)
        .await
        .unwrap();
    client
        .mark_read(access(&token()), "wamid.A", Receipt::Typing)
        .await
        .unwrap();
    let bodies: Vec<_> = meta.asked().iter().map(|asked| asked.json()).collect();
    let read = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A" });
    let mut typing = read.clone();
    typing["typing_indicator"] = json!({ "type": "text" });
    assert_eq!(bodies, [read, typing]);
    assert_eq!(meta.asked()[0].bearer(), "EAAG-of-a-channel");
}

#[tokio::test]
async fn success_false_is_no_success() {
    let meta = Stub::start([("POST ", 200, json!({ "success": false }))]).await;
    let refused = client(&meta.url)
        .mark_read(access(&token()), "wamid.A", Receipt::Read)
        .await;
    assert!(matches!(refused, Err(Error::Unreadable { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_number_is_read_with_what_meta_says_of_its_health() {
    let answer = json!({
        "display_phone_number": "+1 631-555-5555", "verified_name": "Jasper's Market", "quality_rating": "GREEN", "status": "CONNECTED",
        "throughput": { "level": "HIGH" }, "whatsapp_business_manager_messaging_limit": "TIER_10K",
        "health_status": { "can_send_message": "BLOCKED", "entities": [
            { "entity_type": "WABA", "id": "1", "can_send_message": "BLOCKED", "errors": [
                { "error_code": 141006, "error_description": "No payment method.", "possible_solution": "Add one." }] },
            { "entity_type": "PHONE_NUMBER", "id": "2", "can_send_message": "LIMITED", "additional_info": ["The name is not approved."] }] },
        "webhook_configuration": { "application": "https://app.example/", "whatsapp_business_account": "https://account.example/" },
        "id": "106540352242922",
    });
    let meta = Stub::start([("GET /v25.0/106540352242922?fields=display_phone_number%2C", 200, answer)]).await;
    let number = client(&meta.url).number(access(&token())).await.unwrap();
    assert_eq!(number.display_phone_number.as_deref(), Some("16315555555"));
    assert_eq!(
        (number.throughput_level.as_deref(), number.messaging_limit.as_deref()),
        (Some("HIGH"), Some("TIER_10K"))
    );
    assert_eq!(number.name_status, None);
    assert_eq!(number.callbacks.of_messages(), Some("https://account.example/"));
    assert_eq!(number.callbacks.of_app.as_deref(), Some("https://app.example/"));
    let health = number.health.unwrap();
    assert_eq!(health.can_send_message.as_deref(), Some("BLOCKED"));
    let problem = &health.entities[0].problems[0];
    assert_eq!(
        (problem.code, problem.solution.as_deref()),
        (Some(141_006), Some("Add one."))
    );
    assert_eq!(health.entities[1].additional_info, ["The name is not approved."]);
}

#[tokio::test]
async fn an_empty_object_is_a_number_nothing_is_known_of() {
    let meta = Stub::start([("GET ", 200, json!({}))]).await;
    let number = client(&meta.url).number(access(&token())).await.unwrap();
    assert_eq!(number, Default::default());
}

#[tokio::test]
async fn the_apps_that_hear_webhooks_are_listed() {
    let answer = json!({ "data": [
        { "whatsapp_business_api_data": { "id": "670", "name": "Lucky Shrub", "link": "x" }, "override_callback_uri": "https://elsewhere.example/" },
        { "whatsapp_business_api_data": { "id": "671" } }] });
    let meta = Stub::start([("GET /v25.0/102290129340398/subscribed_apps", 200, answer)]).await;
    let apps = client(&meta.url).subscribed_apps(access(&token())).await.unwrap();
    let ids: Vec<_> = apps.iter().filter_map(|app| app.id.as_deref()).collect();
    assert_eq!(ids, ["670", "671"]);
    assert_eq!(
        apps[0].override_callback_uri.as_deref(),
        Some("https://elsewhere.example/")
    );
    let none = Stub::start([("GET ", 200, json!({ "data": [] }))]).await;
    assert!(
        client(&none.url)
            .subscribed_apps(access(&token()))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_token_tells_its_scopes_and_its_end() {
    let answer = json!({ "data": { "app_id": "670", "type": "SYSTEM_USER", "is_valid": true, "expires_at": 0,
        "data_access_expires_at": 1_790_000_000, "scopes": ["whatsapp_business_management"] } });
    let meta = Stub::start([("GET /v25.0/debug_token?input_token=EAAG-of-a-channel", 200, answer)]).await;
    let found = client(&meta.url).token(access(&token())).await.unwrap();
    assert!(found.valid && found.expires_at.is_none());
    assert_eq!(
        found.data_access_expires_at.map(|at| at.timestamp()),
        Some(1_790_000_000)
    );
    assert_eq!(found.missing_scopes(), ["whatsapp_business_messaging"]);
}

#[tokio::test]
async fn what_meta_refuses_says_why_and_never_the_token() {
    let refusal =
        json!({ "error": { "message": "Malformed access token EAAG-of-a-channel", "code": 190, "fbtrace_id": "A1" } });
    let meta = Stub::start([("GET ", 401, refusal)]).await;
    let error = client(&meta.url).token(access(&token())).await.unwrap_err();
    assert_eq!(error.to_string(), "Meta refused: 190: Malformed access token [token]");
    let Error::Refused(error) = error else {
        panic!("{error}")
    };
    assert_eq!((error.http_status, error.fbtrace_id.as_deref()), (401, Some("A1")));
}

#[tokio::test]
async fn where_nobody_answers_no_error_shows_the_token() {
    let nobody = format!("http://127.0.0.1:{}", crate::support::wait::free_port());
    let error = client(&nobody).token(access(&token())).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("EAAG"), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_an_error() {
    for (status, body) in [
        (200, json!("<html>")),
        (200, json!([1])),
        (502, json!("bad gateway")),
        (404, json!({})),
    ] {
        let meta = Stub::start([("GET ", status, body.clone())]).await;
        let error = client(&meta.url).number(access(&token())).await.unwrap_err();
        assert!(
            matches!(error, Error::Unreadable { http_status, .. } if http_status == status),
            "{body}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_account_is_read_to_the_page_that_lists_the_number() {
    let first =
        json!({ "data": [{ "id": "1" }], "paging": { "cursors": { "after": "QVFJ" }, "next": "https://x.example/" } });
    let second = json!({ "data": [{ "id": "106540352242922" }], "paging": { "cursors": { "after": "QVFK" } } });
    let path = "GET /v25.0/102290129340398/phone_numbers?fields=id&limit=100";
    let with_cursor = "GET /v25.0/102290129340398/phone_numbers?*&after=QVFJ";
    let meta = Stub::start([(with_cursor, 200, second), (path, 200, first)]).await;
    assert!(client(&meta.url).lists_number(access(&token())).await.unwrap());
    assert_eq!(meta.asked().len(), 2);
    // The last page has cursors too, and no next one.
    let only = Stub::start([(
        path,
        200,
        json!({ "data": [{ "id": "1" }], "paging": { "cursors": { "after": "QVFJ" } } }),
    )])
    .await;
    assert!(!client(&only.url).lists_number(access(&token())).await.unwrap());
    assert_eq!(only.asked().len(), 1);
}

#[tokio::test]
async fn the_clock_of_whoever_answers_is_read_whatever_they_say() {
    let simulator = mainstay_sim::Simulator::new(Default::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { simulator.serve(listener).await });
    let theirs = client(&url)
        .server_time()
        .await
        .unwrap()
        .expect("a server says its time");
    assert!((theirs - chrono::Utc::now()).num_seconds().abs() < 60, "{theirs}");
    serving.abort();
}
