use mainstay::meta::graph::{BlockListEntry, BlockTarget, Error};
use serde_json::json;

use super::{access, client, stub::Stub, token};

fn people() -> [BlockTarget; 2] {
    [
        BlockTarget::Phone("5491123456789".into()),
        BlockTarget::UserId("US.13491208655302741918".into()),
    ]
}

#[tokio::test]
async fn customers_are_blocked_and_unblocked_as_they_are_named() {
    let done = |list: &str| json!({ "messaging_product": "whatsapp", "block_users": { list: [{ "input": "+5491123456789" }] } });
    let meta = Stub::start([
        ("POST /v25.0/106540352242922/block_users", 200, done("added_users")),
        ("DELETE /v25.0/106540352242922/block_users", 200, done("removed_users")),
    ])
    .await;
    let client = client(&meta.url);
    for changes in [
        client.block_users(access(&token()), &people()).await.unwrap(),
        client.unblock_users(access(&token()), &people()).await.unwrap(),
    ] {
        assert!(changes.iter().all(|it| it.error.is_none()), "{changes:?}");
    }
    for asked in meta.asked() {
        let users = json!([{ "user": "+5491123456789" }, { "user_id": "US.13491208655302741918" }]);
        assert_eq!(
            asked.json(),
            json!({ "messaging_product": "whatsapp", "block_users": users })
        );
        assert_eq!(asked.bearer(), "EAAG-of-a-channel");
    }
}

#[tokio::test]
async fn who_could_not_be_blocked_is_told_though_the_whole_is_an_error() {
    let failed = json!([{ "input": "+5491123456789", "wa_id": "5491123456789", "errors": [{ "message": "Re-engagement message",
        "code": 131_047, "error_data": { "details": "They have not written within 24 hours." } }] }]);
    let answer = json!({ "messaging_product": "whatsapp",
        "block_users": { "added_users": [{ "input": "US.13491208655302741918" }], "failed_users": failed },
        "error": { "message": "(#139100) Some users could not be blocked", "code": 139_100 } });
    let meta = Stub::start([("POST ", 400, answer)]).await;
    let changes = client(&meta.url)
        .block_users(access(&token()), &people())
        .await
        .unwrap();
    let why = "They have not written within 24 hours.".to_owned();
    assert_eq!(changes[0].error, Some((131_047, why)));
    assert_eq!(changes[1].error, None);
}

#[tokio::test]
async fn an_error_that_says_nothing_of_anybody_is_an_error() {
    let answer = json!({ "error": { "message": "(#10) Permission denied", "code": 10 } });
    let meta = Stub::start([("POST ", 403, answer)]).await;
    let error = client(&meta.url)
        .block_users(access(&token()), &people())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Refused(error) if error.code == 10));
}

#[tokio::test]
async fn the_list_comes_in_pages() {
    let first = json!({ "data": [{ "messaging_product": "whatsapp", "wa_id": "5491123456789" }],
        "paging": { "cursors": { "before": "B", "after": "A1" }, "next": "https://graph.facebook.com/next" } });
    let last = json!({ "data": [{ "user_id": "US.1" }], "paging": { "cursors": { "before": "B", "after": "A2" } } });
    let meta = Stub::start([
        ("GET /v25.0/106540352242922/block_users*after=A1", 200, last),
        ("GET /v25.0/106540352242922/block_users?limit=50", 200, first),
    ])
    .await;
    let client = client(&meta.url);
    let page = client.blocked_users(access(&token()), 50, None).await.unwrap();
    let phone = Some("5491123456789".to_owned());
    assert_eq!(page.users, [BlockListEntry { phone, user_id: None }]);
    let page = client
        .blocked_users(access(&token()), 50, page.after.as_deref())
        .await
        .unwrap();
    assert_eq!((page.users[0].user_id.as_deref(), page.after), (Some("US.1"), None));
}
