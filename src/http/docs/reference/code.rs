//! Requests as code: curl, Python and TypeScript.

use serde_json::Value;

/// A request with its code in each language.
pub(super) struct CodeSample {
    pub title: String,
    pub languages: Vec<(&'static str, String)>,
}

/// Returns the samples of an operation: one per example of its JSON body.
pub(super) fn samples(server: &str, path: &str, method: &str, body: &Value) -> Vec<CodeSample> {
    let request = Request { server, path, method };
    if let Some(several) = body["examples"].as_object() {
        let sample = |it: &Value| request.sample(it["summary"].as_str().unwrap_or_default(), Some(&it["value"]));
        return several.values().map(sample).collect();
    }
    vec![request.sample("Example", body.get("example"))]
}

struct Request<'a> {
    server: &'a str,
    path: &'a str,
    method: &'a str,
}

impl Request<'_> {
    fn sample(&self, title: &str, body: Option<&Value>) -> CodeSample {
        let languages = vec![
            ("curl", self.curl(body)),
            ("Python", self.python(body)),
            ("TypeScript", self.typescript(body)),
        ];
        CodeSample {
            title: title.to_owned(),
            languages,
        }
    }

    fn curl(&self, body: Option<&Value>) -> String {
        let mut code = format!("curl {}{} -H \"Authorization: Bearer $KEY\"", self.server, self.path);
        if self.method != "get" && (self.method != "post" || body.is_none()) {
            code.push_str(&format!(" -X {}", self.method.to_uppercase()));
        }
        if let Some(body) = body {
            let text = format!("{body:#}").replace('\'', "'\\''");
            code.push_str(&format!(" \\\n  -H 'Content-Type: application/json' -d '{text}'"));
        }
        code
    }

    fn python(&self, body: Option<&Value>) -> String {
        let mut code = format!(
            "import os, requests\n\nanswer = requests.{}(\n    \"{}{}\",\n    headers={{\"Authorization\": f\"Bearer {{os.environ['KEY']}}\"}},\n",
            self.method, self.server, self.path
        );
        if let Some(body) = body {
            code.push_str(&format!("    json={},\n", python(body, 1)));
        }
        code.push_str(")\nanswer.raise_for_status()\nprint(answer.json())");
        code
    }

    fn typescript(&self, body: Option<&Value>) -> String {
        let (given, content_type) = match body {
            Some(body) => (
                format!(
                    "  body: JSON.stringify({}),\n",
                    format!("{body:#}").replace('\n', "\n  ")
                ),
                ", \"Content-Type\": \"application/json\"",
            ),
            None => (String::new(), ""),
        };
        format!(
            "const answer = await fetch(\"{}{}\", {{\n  method: \"{}\",\n  headers: {{ Authorization: `Bearer ${{process.env.KEY}}`{content_type} }},\n{given}}});\nif (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.json());",
            self.server,
            self.path,
            self.method.to_uppercase()
        )
    }
}

/// Writes JSON as Python.
fn python(value: &Value, depth: usize) -> String {
    let (indent, end) = ("    ".repeat(depth + 1), "    ".repeat(depth));
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|it| format!("{indent}{},\n", python(it, depth + 1)))
                .collect();
            format!("[\n{}{end}]", items.concat())
        }
        Value::Object(members) => {
            let member = |(name, it): (&String, &Value)| {
                format!("{indent}{}: {},\n", Value::from(name.as_str()), python(it, depth + 1))
            };
            format!("{{\n{}{end}}}", members.iter().map(member).collect::<String>())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quotes_cannot_end_a_command_and_literals_are_of_the_language() {
        let body = json!({ "text": "it's", "on": true, "none": null, "list": [1] });
        let of = samples("https://x", "/y", "post", &json!({ "example": body }));
        let code = |language| &of[0].languages.iter().find(|it| it.0 == language).unwrap().1;
        assert!(code("curl").contains("it'\\''s"), "{}", code("curl"));
        assert!(code("Python").contains("\"on\": True") && code("Python").contains("\"none\": None"));
        assert!(code("TypeScript").contains("method: \"POST\""));
    }
}
