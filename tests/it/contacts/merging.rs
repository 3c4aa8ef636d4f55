use mainstay_test_macros::both_databases;
use serde_json::json;

use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, BEN, T0, text},
};

#[both_databases]
async fn a_merged_contact_and_its_conversation_lead_to_the_other_one(test: TestApp) {
    let client = Client::tenant(&test);
    test.receive(&text(ANA, "wamid.1", T0, "hello")).await;
    test.receive(&text(BEN, "wamid.2", T0 + 1, "hello")).await;
    let found = async |who: &str| {
        client.get(&format!("/api/v1/contacts?phone={who}")).await.json()["data"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (ana, ben) = (found(ANA.phone.unwrap()).await, found(BEN.phone.unwrap()).await);
    let conversation = |contact: &str| format!("/api/v1/contacts/{contact}");
    let of = async |contact: &str| {
        client.get(&conversation(contact)).await.json()["channels"][0]["conversation_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (of_ana, of_ben) = (of(&ana).await, of(&ben).await);
    let path = |id: &str| format!("/api/v1/contacts/{id}");
    client
        .patch(
            &path(&ana),
            json!({ "given_name": "Ana", "tags": ["a", "both"], "external_id": "x" }),
        )
        .await
        .ok();
    client
        .patch(
            &path(&ben),
            json!({ "given_name": "Ben", "tags": ["b", "both"], "country": "DE" }),
        )
        .await
        .ok();
    let refuse = json!({ "purpose": "marketing", "status": "revoked", "source": "agent" });
    client.post(&format!("{}/consents", path(&ben)), refuse).await;

    assert_eq!(
        client
            .post(&format!("{}/merge", path(&ana)), json!({ "from": ana }))
            .await
            .problem(422),
        "invalid-field"
    );
    let merged = client
        .post(&format!("{}/merge", path(&ana)), json!({ "from": ben }))
        .await
        .ok()
        .json();
    assert_eq!(
        (&merged["given_name"], &merged["country"], &merged["external_id"]),
        (&json!("Ana"), &json!("DE"), &json!("x"))
    );
    assert_eq!(merged["tags"], json!(["a", "b", "both"]));
    assert_eq!(
        merged["consents"][0]["status"], "revoked",
        "opted out under one is opted out under all"
    );
    assert_eq!(merged["channels"].as_array().unwrap().len(), 1);
    let (journal,): (String,) = test
        .app
        .db
        .sql("SELECT journal FROM contact_merges", ())
        .one()
        .await
        .unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&journal).unwrap(),
        json!({ "given_name": "Ben" })
    );

    let moved = client.get(&path(&ben)).await;
    assert_eq!(moved.header("location"), Some(path(&ana).as_str()));
    assert_eq!(moved.problem(308), "merged");
    let moved = client.patch(&path(&ben), json!({ "given_name": "Nobody" })).await;
    assert_eq!(moved.problem(308), "merged");
    let moved = client.get(&format!("/api/v1/conversations/{of_ben}/messages")).await;
    assert_eq!(
        moved.header("location"),
        Some(format!("/api/v1/conversations/{of_ana}/messages").as_str())
    );
    let (messages, _) = client
        .all(&format!("{}?limit=9", moved.header("location").unwrap()))
        .await;
    assert_eq!(messages.len(), 2);
}

#[both_databases]
async fn redirects_lead_to_the_last_of_several_merges(test: TestApp) {
    let client = Client::tenant(&test);
    let mut ids = Vec::new();
    for n in 0..3 {
        let made = client
            .post("/api/v1/contacts", json!({ "external_id": format!("c-{n}") }))
            .await
            .json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    for (from, into) in [(0, 1), (1, 2)] {
        let path = format!("/api/v1/contacts/{}/merge", ids[into]);
        client.post(&path, json!({ "from": ids[from] })).await.ok();
    }
    let moved = client.get(&format!("/api/v1/contacts/{}", ids[0])).await;
    assert_eq!(
        moved.header("location"),
        Some(format!("/api/v1/contacts/{}", ids[2]).as_str())
    );
    let shown = client.get(&format!("/api/v1/contacts/{}", ids[2])).await.ok().json();
    assert_eq!(shown["external_id"], "c-2");
}
