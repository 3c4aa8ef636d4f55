use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{app::TestApp, http::Client};

#[tokio::test]
async fn the_document_is_whole_and_every_route_in_it_answers() {
    let test = TestApp::sqlite().await;
    let nobody = Client::of(&test.app);
    let document = nobody.get("/api/openapi.json").await.ok().json();
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3."))
    );
    assert_eq!(document["info"]["title"], "Mainstay");
    let described = document["tags"].as_array().expect("tags");
    let mut tags: BTreeSet<&str> = described.iter().filter_map(|tag| tag["name"].as_str()).collect();
    let (mut names, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what} says nothing of itself");
            let name = operation["operationId"].as_str();
            let name =
                name.unwrap_or_else(|| panic!("{what} has no operationId: name it in `http/docs/operations.rs`"));
            assert!(names.insert(name), "{what} shares its operationId");
            let tag = operation["tags"][0].as_str().expect("it has a tag");
            assert!(
                tags.remove(tag) || used.contains(tag),
                "{what}: the tag {tag} is not described"
            );
            used.insert(tag);
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{what}");
            let problem = &responses["500"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{what}");
            let expected = match () {
                () if path.starts_with("/api/v1") => Some("api_key"),
                () if path.starts_with("/admin") => Some("admin_token"),
                () if path == "/metrics" || path == "/health" => Some("metrics_token"),
                () => None,
            };
            let scheme = operation["security"]
                .get(0)
                .and_then(|one| one.as_object()?.keys().next());
            assert_eq!(scheme.map(String::as_str), expected, "{what}");
            let takes_key = operation["parameters"]
                .as_array()
                .is_some_and(|all| all.iter().any(|it| it["name"] == "idempotency-key"));
            let keyed = method == "post"
                && path.starts_with("/api/v1")
                && path != "/api/v1/media"
                && path != "/api/v1/media/import";
            assert_eq!(takes_key, keyed, "{what}");
            let of_templates = path.starts_with("/api/v1/templates") || path.starts_with("/api/v1/message-templates");
            for status in ["409", "422"] {
                let told = !of_templates || method == "get" || responses.contains_key(status);
                assert!(told, "{what} does not say {status}");
            }
            let has_body = !operation["requestBody"].is_null() && !path.starts_with("/webhooks");
            assert!(!has_body || responses.contains_key("413"), "{what} does not say 413");
            // A route exists when it asks who is there, and not whether it exists.
            let uri = path
                .replace("{id}", "con_0198aaaabbbb7ccc8dddeeeeffff0001")
                .replace("{name}", "inbound");
            let answer = match method.as_str() {
                "get" => nobody.get(&uri).await,
                "post" => nobody.post(&uri, Value::Null).await,
                "delete" => nobody.delete(&uri).await,
                "patch" => nobody.patch(&uri, Value::Null).await,
                "put" => nobody.put(&uri, Value::Null).await,
                _ => panic!("{what}: add the method here"),
            };
            let status = answer.status.as_u16();
            match expected {
                // Open in a process that listens on loopback only.
                Some("metrics_token") => assert_eq!(status, 200, "{what}"),
                Some(_) => assert_eq!(status, 401, "{what}"),
                None => assert!([200, 403].contains(&status), "{what}: {status}"),
            }
        }
    }
    assert!(names.len() >= 80, "{} operations", names.len());
    assert!(tags.is_empty(), "no operation has these tags: {tags:?}");
    for reference in references(&document) {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for scheme in ["api_key", "admin_token", "metrics_token"] {
        assert_eq!(document["components"]["securitySchemes"][scheme]["scheme"], "bearer");
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn the_reference_shows_everything_and_comes_from_here_alone() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    assert_eq!(client.get("/api/docs").await.status.as_u16(), 303);
    let page = client.get("/api/docs/").await.ok();
    assert_eq!(
        page.header("content-security-policy")
            .unwrap()
            .matches("'self'")
            .count(),
        1
    );
    let page = page.text();
    assert!(
        !page.contains("<script") && !page.contains(" style="),
        "no script, and no style in it"
    );
    let document = client.get("/api/openapi.json").await.ok().json();
    let ids = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values());
    let mut first = page.len();
    for id in ids.map(|operation| operation["operationId"].as_str().unwrap()) {
        let at = page
            .find(&format!("<article id=\"{id}\">"))
            .unwrap_or_else(|| panic!("{id} is not shown"));
        first = first.min(at);
    }
    assert_eq!(
        page.find("<article id=\"sendMessage\">"),
        Some(first),
        "sending comes first"
    );
    for schema in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(
            page.contains(&format!("<details id=\"schema-{schema}\">")),
            "{schema} is not shown"
        );
    }
    for link in page
        .split("href=\"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        assert!(page.contains(&format!(" id=\"{link}\"")), "#{link} leads nowhere");
    }
    for link in page
        .split("href=\"/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        let there = client.get(&format!("/{link}")).await.ok().text();
        assert!(!there.contains("href=\"#\""), "/{link} has a link that leads nowhere");
    }
}

#[tokio::test]
async fn lists_refer_to_what_they_hold_and_every_request_has_an_example() {
    let test = TestApp::sqlite().await;
    let document = Client::of(&test.app).get("/api/openapi.json").await.ok().json();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if name.starts_with("Page_") {
            let items = &schema["properties"]["data"]["items"];
            assert!(items["$ref"].is_string(), "{name}: {items}");
        }
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let content = &operation["requestBody"]["content"]["application/json"];
            let shown = ["example", "examples"].iter().any(|it| !content[*it].is_null());
            let optional = operation["requestBody"]["required"] != true;
            assert!(
                content.is_null() || shown || optional || path.starts_with("/webhooks"),
                "{method} {path} has no example"
            );
        }
    }
    assert_eq!(
        document["webhooks"].as_object().unwrap().len(),
        mainstay::events::all().count()
    );
    assert_eq!(document["servers"][0]["url"], "/");
}

/// Every schema of the document that is written out, with its place.
fn schemas<'a>(value: &'a Value, place: &str, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("type") || members.contains_key("allOf") {
                found.push((place.to_owned(), value));
            }
            for (name, member) in members.iter().filter(|(name, _)| !name.starts_with("example")) {
                schemas(member, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                schemas(item, &format!("{place}/{at}"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn no_schema_contradicts_itself_or_holds_nothing() {
    let test = TestApp::sqlite().await;
    let document = Client::of(&test.app).get("/api/openapi.json").await.ok().json();
    let mut found = Vec::new();
    schemas(&document["components"]["schemas"], "", &mut found);
    schemas(&document["paths"], "", &mut found);
    assert!(found.len() > 500, "the schemas were not found");
    let mut wrong = Vec::new();
    for (place, schema) in found {
        let parts = schema["allOf"].as_array().map_or(&[][..], Vec::as_slice);
        let types: BTreeSet<&str> = parts.iter().filter_map(|part| part["type"].as_str()).collect();
        if types.len() > 1 {
            wrong.push(format!("{place} is {types:?} at once"));
        }
        let empty = schema["properties"].is_null() && schema["additionalProperties"].is_null();
        if schema["type"] == "object" && empty {
            wrong.push(format!("{place} is an object without members"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
