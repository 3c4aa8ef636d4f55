//! The OpenAPI document, read as an attacker would: every operation, with an example of its body and of its path.

use serde_json::{Map, Value, json};

use crate::support::{app::TestApp, http::Client};

/// Schemas nest no deeper in an example; those that contain themselves end here.
const DEPTH: usize = 12;

pub struct Operation {
    pub method: String,
    /// With an example for every parameter.
    pub path: String,
    /// As documented, with the names of its parameters.
    pub template: String,
    pub query: Vec<(String, Value)>,
    pub body: Option<Value>,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }

    pub async fn send(&self, client: &Client, path: &str, body: Option<&Value>) -> crate::support::http::Answer {
        let body = body.cloned().unwrap_or(Value::Null);
        match self.method.as_str() {
            "get" => client.get(path).await,
            "post" => client.post(path, body).await,
            "patch" => client.patch(path, body).await,
            "put" => client.put(path, body).await,
            "delete" if self.body.is_some() => client.delete_with(path, body).await,
            "delete" => client.delete(path).await,
            other => panic!("{other}: add the method here"),
        }
    }
}

/// Every operation of tenants and of the operator.
pub async fn operations(test: &TestApp) -> Vec<Operation> {
    let document = Client::of(&test.app).get("/api/openapi.json").await.ok().json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/v1") && !path.starts_with("/admin") {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let empty = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&empty);
            let of = |place: &str| -> Vec<(String, Value)> {
                let here = parameters.iter().filter(|it| it["in"] == place);
                here.map(|it| {
                    (
                        it["name"].as_str().unwrap().to_owned(),
                        example(&document, &it["schema"], DEPTH),
                    )
                })
                .collect()
            };
            let mut filled = path.clone();
            for (name, value) in of("path") {
                let value = if name == "name" { json!("inbound") } else { value };
                filled = filled.replace(&format!("{{{name}}}"), value.as_str().unwrap_or("1"));
            }
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            found.push(Operation {
                method: method.clone(),
                path: filled,
                template: path.clone(),
                query: of("query"),
                body: (!schema.is_null()).then(|| example(&document, schema, DEPTH)),
            });
        }
    }
    assert!(found.len() > 50, "{} operations", found.len());
    found
}

fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let below = |schema: &Value| example(document, schema, depth - 1);
    if let Some(reference) = schema["$ref"].as_str() {
        return below(document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    for choice in ["oneOf", "anyOf"] {
        let choices = schema[choice].as_array();
        if let Some(first) = choices.and_then(|all| all.iter().find(|it| it["type"] != "null")) {
            return below(first);
        }
    }
    if let Some(all) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in all {
            whole.extend(below(part).as_object().cloned().unwrap_or_default());
        }
        return whole.into();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("object") => {
            let members = schema["properties"].as_object().into_iter().flatten();
            let mut object: Map<String, Value> = members.map(|(name, of)| (name.clone(), below(of))).collect();
            if object.is_empty() {
                object.insert("name".to_owned(), json!("text"));
            }
            object.into()
        }
        Some("array") => json!([below(&schema["items"])]),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("string") => match (schema["pattern"].as_str(), schema["format"].as_str()) {
            (Some(id), _) => json!(
                id.trim_start_matches('^')
                    .replace("[0-9a-f]{32}$", "0198aaaabbbb7ccc8dddeeeeffff0001")
            ),
            (None, Some("date-time")) => json!("2026-11-20T08:00:00Z"),
            _ => json!("text"),
        },
        _ => json!({ "text": { "body": "text" } }),
    }
}

/// The places of all texts in a value, as JSON pointers.
pub fn texts(value: &Value) -> Vec<String> {
    let below = |name: &str, value: &Value| -> Vec<String> {
        texts(value).into_iter().map(|rest| format!("/{name}{rest}")).collect()
    };
    match value {
        Value::String(_) => vec![String::new()],
        Value::Object(members) => members.iter().flat_map(|(name, value)| below(name, value)).collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(n, value)| below(&n.to_string(), value)).collect()
        }
        _ => Vec::new(),
    }
}
