//! Requests as code: curl, Python and TypeScript.

use serde_json::Value;

use crate::http::docs::payloads;

/// A request with its code in each language.
pub(super) struct CodeSample {
    pub title: String,
    pub languages: Vec<(&'static str, String)>,
}

/// The variable with the key that an operation takes.
const KEYS: [(&str, &str); 3] = [
    ("api_key", "MAINSTAY_API_KEY"),
    ("admin_token", "MAINSTAY_ADMIN_TOKEN"),
    ("metrics_token", "MAINSTAY_METRICS_TOKEN"),
];
/// Placeholders in the examples, and the variables that stand for them. The demo prints both, and `API`, to be exported.
const VARIABLES: [(&str, &str); 2] = [
    ("chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "CHANNEL"),
    ("+4915123456789", "CUSTOMER"),
];
/// Where the API is: `$API` is its root, and other addresses are beside it.
const ROOT: &str = "/api/v1";

/// Returns the samples of an operation: one per example of its JSON body.
pub(super) fn samples(path: &str, method: &str, operation: &Value) -> Vec<CodeSample> {
    let request = Request::of(path, method, operation);
    let body = &operation["requestBody"]["content"]["application/json"];
    if let Some(several) = body["examples"].as_object() {
        let sample = |it: &Value| request.sample(it["summary"].as_str().unwrap_or_default(), Some(&it["value"]));
        // In the order in which they are declared, which begins with what is sent most.
        let named = payloads::EXAMPLES.iter().filter_map(|(name, ..)| several.get(*name));
        return named.map(sample).collect();
    }
    vec![request.sample("Example", body.get("example"))]
}

struct Request<'a> {
    path: &'a str,
    method: &'a str,
    /// The variable with the key, where it takes one.
    key: Option<&'static str>,
    takes_form: bool,
    answers_json: bool,
}

impl<'a> Request<'a> {
    fn of(path: &'a str, method: &'a str, operation: &Value) -> Self {
        let scheme = operation["security"][0].as_object().and_then(|one| one.keys().next());
        let key = scheme.and_then(|scheme| KEYS.iter().find(|(name, _)| name == scheme));
        let answers = operation["responses"].as_object().into_iter().flatten();
        let mut successes = answers.filter(|(status, _)| status.starts_with('2'));
        Self {
            path,
            method,
            key: key.map(|(_, variable)| *variable),
            takes_form: !operation["requestBody"]["content"]["multipart/form-data"].is_null(),
            answers_json: successes.any(|(_, answer)| !answer["content"]["application/json"].is_null()),
        }
    }

    /// Returns the address, with a variable where the path has a parameter.
    fn url(&self, variable: impl Fn(&str) -> String) -> String {
        let path = self.path.replace("{id}", &variable("ID")).replace("{name}", "inbound");
        match path.strip_prefix(ROOT) {
            Some(below) => format!("{}{below}", variable("API")),
            None => format!("https://your-host{path}"),
        }
    }

    fn sample(&self, title: &str, body: Option<&Value>) -> CodeSample {
        let mut languages = vec![("curl", self.curl(body))];
        if !self.takes_form {
            languages.push(("Python", self.python(body)));
            languages.push(("TypeScript", self.typescript(body)));
        }
        CodeSample {
            title: title.to_owned(),
            languages,
        }
    }

    fn curl(&self, body: Option<&Value>) -> String {
        let mut code = format!("curl {}", self.url(|name| format!("${name}")));
        if let Some(key) = self.key {
            code.push_str(&format!(" -H \"Authorization: Bearer ${key}\""));
        }
        if self.takes_form {
            code.push_str(" -F file=@invoice.pdf");
        } else if self.method != "get" && (self.method != "post" || body.is_none()) {
            code.push_str(&format!(" -X {}", self.method.to_uppercase()));
        }
        if let Some(body) = body {
            let text = literal(body, 0, &SHELL);
            code.push_str(&format!(
                " \\\n  -H 'Content-Type: application/json' -d @- <<END\n{text}\nEND"
            ));
        }
        code
    }

    fn python(&self, body: Option<&Value>) -> String {
        let mut code = format!(
            "import os, requests\n\nanswer = requests.{}(\n    f\"{}\",\n",
            self.method,
            self.url(|name| format!("{{os.environ['{name}']}}"))
        );
        if let Some(key) = self.key {
            code.push_str(&format!(
                "    headers={{\"Authorization\": f\"Bearer {{os.environ['{key}']}}\"}},\n"
            ));
        }
        if let Some(body) = body {
            code.push_str(&format!("    json={},\n", literal(body, 1, &PYTHON)));
        }
        code.push_str(")\nanswer.raise_for_status()");
        code.push_str(if self.answers_json {
            "\nprint(answer.json())"
        } else {
            ""
        });
        code
    }

    fn typescript(&self, body: Option<&Value>) -> String {
        let mut headers = Vec::new();
        if let Some(key) = self.key {
            headers.push(format!("Authorization: `Bearer ${{process.env.{key}}}`"));
        }
        let mut given = String::new();
        if let Some(body) = body {
            headers.push("\"Content-Type\": \"application/json\"".to_owned());
            given = format!("  body: JSON.stringify({}),\n", literal(body, 1, &TYPESCRIPT));
        }
        format!(
            "const answer = await fetch(`{}`, {{\n  method: \"{}\",\n  headers: {{ {} }},\n{given}}});\nif (!answer.ok) throw new Error(await answer.text());{}",
            self.url(|name| format!("${{process.env.{name}}}")),
            self.method.to_uppercase(),
            headers.join(", "),
            if self.answers_json {
                "\nconsole.log(await answer.json());"
            } else {
                ""
            }
        )
    }
}

/// How a language writes values.
struct Style {
    indent: &'static str,
    /// After the last item.
    comma: &'static str,
    null: &'static str,
    yes: &'static str,
    no: &'static str,
    /// Writes a variable of the environment.
    variable: fn(&str) -> String,
}

/// JSON in a here-document, in which the shell fills in variables.
const SHELL: Style = Style {
    indent: "  ",
    comma: "",
    null: "null",
    yes: "true",
    no: "false",
    variable: |name| format!("\"${name}\""),
};
const TYPESCRIPT: Style = Style {
    variable: |name| format!("process.env.{name}"),
    ..SHELL
};
const PYTHON: Style = Style {
    indent: "    ",
    comma: ",",
    null: "None",
    yes: "True",
    no: "False",
    variable: |name| format!("os.environ[\"{name}\"]"),
};

/// Members that stand before others, in this order: what a reader looks for first.
const FIRST: &[&str] = &["channel_id", "to", "type", "name", "language", "url", "id", "title"];

/// Writes a value as a literal of a language.
fn literal(value: &Value, depth: usize, style: &Style) -> String {
    let lines = |open: &str, items: Vec<String>, close: &str| {
        let (inner, end) = (style.indent.repeat(depth + 1), style.indent.repeat(depth));
        let items = items.join(&format!(",\n{inner}"));
        format!("{open}\n{inner}{items}{}\n{end}{close}", style.comma)
    };
    let below = |value: &Value| literal(value, depth + 1, style);
    match value {
        Value::String(text) => {
            let variable = VARIABLES.iter().find(|(placeholder, _)| placeholder == text);
            variable.map_or_else(|| value.to_string(), |(_, name)| (style.variable)(name))
        }
        Value::Null => style.null.to_owned(),
        Value::Bool(true) => style.yes.to_owned(),
        Value::Bool(false) => style.no.to_owned(),
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Array(items) => lines("[", items.iter().map(below).collect(), "]"),
        Value::Object(members) => {
            let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| rank(name));
            let member = |(name, value): (&String, &Value)| format!("{}: {}", Value::from(name.as_str()), below(value));
            lines("{", members.into_iter().map(member).collect(), "}")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn literals_are_of_the_language_and_ids_are_variables() {
        let body = json!({ "to": { "phone": "+4915123456789" }, "on": true, "none": null, "list": [1] });
        let operation = json!({
            "security": [{ "api_key": [] }],
            "requestBody": { "content": { "application/json": { "example": body } } },
            "responses": { "204": {} },
        });
        let of = samples("/api/v1/messages/{id}/x", "post", &operation);
        let code = |language| &of[0].languages.iter().find(|it| it.0 == language).unwrap().1;
        assert!(
            code("curl").starts_with("curl $API/messages/$ID/x -H"),
            "{}",
            code("curl")
        );
        assert!(code("curl").contains("\"phone\": \"$CUSTOMER\""));
        assert!(code("Python").contains("\"on\": True") && code("Python").contains("os.environ[\"CUSTOMER\"]"));
        assert!(!code("Python").contains("answer.json()"), "there is no answer");
        assert!(code("TypeScript").contains("process.env.CUSTOMER"));
    }

    #[test]
    fn a_form_has_a_file_and_what_is_open_takes_no_key() {
        let form = json!({ "requestBody": { "content": { "multipart/form-data": {} } }, "responses": {} });
        let of = samples("/api/v1/media", "post", &form);
        assert_eq!(
            of[0].languages,
            [("curl", "curl $API/media -F file=@invoice.pdf".to_owned())]
        );
    }
}
