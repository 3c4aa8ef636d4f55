use mainstay::meta::graph::Error;
use serde_json::{Value, json};

use super::{access, client, stub::Stub, token};

fn template(id: u32) -> Value {
    json!({ "id": id.to_string(), "name": format!("template_{id}"), "language": "en_US", "status": "APPROVED", "category": "UTILITY",
        "parameter_format": "named", "quality_score": { "score": "GREEN", "date": 1 }, "rejected_reason": "NONE",
        "components": [{ "type": "BODY", "text": "Hi {{name}}" }] })
}

fn page(ids: [u32; 2], after: &str, is_last: bool) -> Value {
    let mut page = json!({ "data": ids.map(template), "paging": { "cursors": { "before": "x", "after": after } } });
    if !is_last {
        page["paging"]["next"] = json!("https://graph.facebook.com/elsewhere");
    }
    page
}

#[tokio::test]
async fn all_pages_are_read() {
    let meta = Stub::start([
        (
            "GET /v25.0/102290129340398/message_templates?*&after=a",
            200,
            page([3, 4], "b", false),
        ),
        (
            "GET /v25.0/102290129340398/message_templates?*&after=b",
            200,
            page([5, 6], "c", true),
        ),
        (
            "GET /v25.0/102290129340398/message_templates?",
            200,
            page([1, 2], "a", false),
        ),
    ])
    .await;
    let found = client(&meta.url).templates(access(&token())).await.unwrap();
    let names: Vec<&str> = found.iter().map(|template| template.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "template_1",
            "template_2",
            "template_3",
            "template_4",
            "template_5",
            "template_6"
        ]
    );
    assert_eq!(
        (found[0].quality.as_deref(), found[0].parameter_format.as_deref()),
        (Some("GREEN"), Some("NAMED"))
    );
    assert_eq!(
        (found[0].rejected_reason.as_deref(), &found[0].components[0]["type"]),
        (None, &json!("BODY"))
    );
}

#[tokio::test]
async fn a_list_without_end_is_an_error_and_not_cut_off() {
    let mut endless = page([1, 2], "a", false);
    let meta = Stub::start([("GET ", 200, endless.clone())]).await;
    let same = client(&meta.url).templates(access(&token())).await.unwrap();
    assert_eq!(
        (same.len(), meta.asked().len()),
        (4, 2),
        "a cursor that does not move ends the list"
    );
    endless["paging"]["cursors"]["after"] = json!("b");
    let meta = Stub::start([("GET *&after=a", 200, endless), ("GET ", 200, page([1, 2], "a", false))]).await;
    let error = client(&meta.url).templates(access(&token())).await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_template_is_read_by_its_id() {
    let meta = Stub::start([("GET /v25.0/7?fields=", 200, template(7))]).await;
    let found = client(&meta.url).template(access(&token()), "7").await.unwrap();
    assert_eq!(
        (found.id.as_str(), found.language.as_str(), found.category.as_deref()),
        ("7", "en_US", Some("UTILITY"))
    );
}

#[tokio::test]
async fn a_template_is_made_and_meta_may_choose_its_category() {
    let answer = json!({ "id": "9", "status": "PENDING", "category": "MARKETING" });
    let meta = Stub::start([("POST /v25.0/102290129340398/message_templates", 200, answer)]).await;
    let definition = json!({ "name": "sale", "category": "UTILITY", "language": "en", "components": [] });
    let created = client(&meta.url)
        .create_template(access(&token()), &definition)
        .await
        .unwrap();
    assert_eq!(
        (created.id.as_str(), created.category.as_deref()),
        ("9", Some("MARKETING"))
    );
    assert_eq!(meta.only().json(), definition);
}

#[tokio::test]
async fn a_refused_template_says_what_meta_would_have_a_user_told() {
    let refusal = json!({ "error": { "message": "Invalid parameter", "code": 100, "error_subcode": 2388299,
        "error_user_title": "No variable at the end", "error_user_msg": "Variables can't be at the end." } });
    let meta = Stub::start([("POST ", 400, refusal)]).await;
    let refused = client(&meta.url).create_template(access(&token()), &json!({})).await;
    let Err(Error::Refused(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (error.subcode, error.details.as_deref()),
        (Some(2_388_299), Some("Variables can't be at the end."))
    );
}

#[tokio::test]
async fn a_template_is_edited_deleted_and_unpaused() {
    let done = || json!({ "success": true });
    let meta = Stub::start([
        ("POST /v25.0/9/unpause", 200, done()),
        ("POST /v25.0/9", 200, done()),
        ("DELETE /v25.0/102290129340398/message_templates?name=sale", 200, done()),
    ])
    .await;
    let client = client(&meta.url);
    client
        .edit_template(access(&token()), "9", &json!({ "components": [] }))
        .await
        .unwrap();
    client.unpause_template(access(&token()), "9").await.unwrap();
    client
        .delete_template(access(&token()), "sale", Some("9"))
        .await
        .unwrap();
    client.delete_template(access(&token()), "sale", None).await.unwrap();
    let lines: Vec<String> = meta.asked().into_iter().map(|asked| asked.line).collect();
    let deletion = "DELETE /v25.0/102290129340398/message_templates?name=sale";
    assert_eq!(
        lines,
        [
            "POST /v25.0/9",
            "POST /v25.0/9/unpause",
            &format!("{deletion}&hsm_id=9"),
            deletion
        ]
    );
}
