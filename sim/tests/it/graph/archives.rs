//! Templates: counted, filtered, archived, deleted by their ids.

use axum::http::StatusCode;
use mainstay_sim::Verdict;
use reqwest::Method;
use serde_json::json;

use super::templates::{TO, moderated};
use super::{World, code, template};

#[tokio::test]
async fn a_list_has_counts_when_they_are_asked_for() {
    let world = World::new().await;
    let list = world.templates();
    assert!(world.get(&list).await.1.get("summary").is_none());
    let whole = json!({
        "total_count": 4,
        "message_template_count": 4,
        "message_template_limit": 250,
        "are_translations_complete": true,
    });
    for query in ["summary=true", "fields=id,summary"] {
        assert_eq!(world.get(format_args!("{list}?{query}")).await.1["summary"], whole);
    }
    let query = "summary=total_count,message_template_count&category=MARKETING&limit=1";
    assert_eq!(
        world.get(format_args!("{list}?{query}")).await.1["summary"],
        json!({"total_count": 1, "message_template_count": 4})
    );
    for (filter, found) in [
        ("status=APPROVED,PAUSED", 4),
        ("status=[\"APPROVED\",\"PAUSED\"]", 4),
        ("status=REJECTED,PAUSED", 0),
        ("language=es_MX,pt_BR", 2),
    ] {
        let (_, answer) = world.get(format_args!("{list}?{filter}")).await;
        assert_eq!(answer["data"].as_array().unwrap().len(), found, "{filter}");
    }
}

#[tokio::test]
async fn listed_variables_have_examples() {
    let world = World::new().await;
    let (_, list) = world
        .get(format_args!("{}?name=order_shipped", world.templates()))
        .await;
    let body = &list["data"][0]["components"][0];
    assert_eq!(body["example"]["body_text"][0].as_array().unwrap().len(), 2, "{list}");
}

#[tokio::test]
async fn templates_are_archived_and_brought_back_each_by_itself() {
    let world = moderated(Verdict::Approve, 0).await;
    let (id, other) = (world.created("one").await, world.created("two").await);
    let path = format!("{}/archive", world.templates());
    let (status, answer) = world.post(&path, &json!({"hsm_ids": format!("{id},1")})).await;
    assert_eq!((status, &answer["archived_templates"]), (StatusCode::OK, &json!([id])));
    assert!(answer["failed_templates"]["1"].is_string(), "{answer}");
    assert_eq!(world.status_of(&id).await, "ARCHIVED");
    assert_eq!(world.refused(&template(TO, "one", "en_US", &["Ana"])).await, 132001);
    let (_, answer) = world.post(&path, &json!({"hsm_ids": [id, other]})).await;
    assert_eq!(answer["archived_templates"], json!([other]));
    assert!(answer["failed_templates"][&id].is_string(), "{answer}");

    let path = format!("{}/unarchive", world.templates());
    let (_, answer) = world.post(&path, &json!({"hsm_ids": [id]})).await;
    assert_eq!(answer, json!({"unarchived_templates": [id], "failed_templates": {}}));
    assert_eq!(world.status_of(&id).await, "APPROVED");
    let events: Vec<_> = world
        .news("message_template_status_update")
        .await
        .iter()
        .map(|it| it["event"].clone())
        .collect();
    assert_eq!(events[2..], ["ARCHIVED", "ARCHIVED", "UNARCHIVED"]);
    assert_eq!(code(&world.post(&path, &json!({})).await.1), 100);
    let many: Vec<_> = (0..101).collect();
    assert_eq!(code(&world.post(&path, &json!({"hsm_ids": many})).await.1), 100);
}

#[tokio::test]
async fn several_templates_are_deleted_by_their_ids() {
    let world = moderated(Verdict::Approve, 0).await;
    let (id, other) = (world.created("one").await, world.created("two").await);
    let path = format!("{}?hsm_ids={id},{other}", world.templates());
    assert_eq!(world.call(Method::DELETE, &path, None).await.0, StatusCode::OK);
    for id in [id, other] {
        assert_eq!(code(&world.get(&id).await.1), 100);
    }
    assert_eq!(
        world.get(world.templates()).await.1["data"].as_array().unwrap().len(),
        4
    );
}

#[tokio::test]
async fn an_edit_is_answered_with_what_was_edited() {
    let world = moderated(Verdict::Approve, 0).await;
    let id = world.created("one").await;
    let change = json!({"components": [{"type": "BODY", "text": "Something new is here."}]});
    let (_, answer) = world.post(&id, &change).await;
    assert_eq!(
        answer,
        json!({"success": true, "id": id, "name": "one", "category": "UTILITY"})
    );
}
