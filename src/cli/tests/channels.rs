//! What `mainstay channel` answers without Meta.

use super::*;

#[tokio::test]
async fn a_channel_is_added_and_listed_without_its_secrets() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    let tenant = on(&operator, "tenant create Olaria").await;
    let added = on(&operator, &format!("{ADD} --app-secret sesame")).await;
    assert!(added["id"].as_str().unwrap().starts_with("chn_"));
    assert_eq!(added["released"], 0);
    for line in ["channel list", "channel list --tenant Olaria"] {
        let listed = on(&operator, line).await;
        assert_eq!(
            (&listed[0]["id"], &listed[0]["tenant_id"]),
            (&added["id"], &tenant["id"])
        );
        assert_eq!(listed[0]["has_app_secret"], true);
        let shown = listed.to_string();
        assert!(!shown.contains("EAAG") && !shown.contains("sesame"), "{shown}");
    }
    let unknown = try_on(&operator, "channel list --tenant Nobody").await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no tenant \"Nobody\"");
}

#[tokio::test]
async fn a_channel_is_removed_and_taken_back_into_use() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    on(&operator, "tenant create Olaria").await;
    let id = on(&operator, ADD).await["id"].as_str().unwrap().to_owned();
    assert_eq!(on(&operator, "channel list").await[0]["state"], "sending");
    let remove = format!("channel remove {id}");
    assert_eq!(on(&operator, &remove).await, json!({ "id": id, "canceled": 0 }));
    assert_eq!(on(&operator, "channel list").await[0]["state"], "removed");
    let elsewhere = try_on(&operator, &ADD.replace("2080001", "2080002")).await.unwrap_err();
    assert!(elsewhere.to_string().contains("of the account 2080001"), "{elsewhere}");
    assert_eq!(on(&operator, ADD).await["id"], id);
    assert_eq!(on(&operator, "channel list").await[0]["state"], "sending");
    let nobody = try_on(&operator, "channel remove chn_0198aaaabbbb7ccc8dddeeeeffff0001").await;
    assert!(nobody.unwrap_err().to_string().starts_with("there is no channel chn_"));
}
