//! The payload of template messages.

use serde_json::{Value, json};

use super::{Describe, Named, list, object, reference, string, text, word};

const PARAMETER: &str = "A value: `{\"type\": \"text\", \"text\": \"Ana\"}`, with `parameter_name` in a template with named variables; \
                         or `currency`, `date_time`, `image`, `video`, `document`, `location`, `payload`, `coupon_code`, `action` …, \
                         as Meta has them.";

pub(super) fn schemas() -> Vec<Named> {
    let open = |mut schema: Value| {
        schema["additionalProperties"] = true.into();
        schema
    };
    let parameter = object(
        &["type"],
        [("type", string()), ("text", text(32_768)), ("parameter_name", string())],
    );
    let component = object(
        &["type"],
        [
            (
                "type",
                string().says("`header`, `body`, `button`, `carousel` or `limited_time_offer`."),
            ),
            (
                "sub_type",
                string().says("Of a button: `url`, `quick_reply`, `copy_code`, `flow` …"),
            ),
            ("index", string().says("Of a button, from 0.")),
            ("parameters", list(reference("TemplateParameter"))),
            (
                "cards",
                super::short_list(super::free(), 2, 10).says("Each with `card_index` and `components`."),
            ),
        ],
    );
    let language = object(
        &["code"],
        [
            ("code", string().says("As Meta writes it: `en_US`.")),
            ("policy", word(&["deterministic"])),
        ],
    );
    let mut name = text(512).says("Lower-case letters a to z, digits and underscores.");
    name["pattern"] = "^[a-z0-9_]+$".into();
    let mut variables = super::free().says(
        "A value for each variable, by the keys that `GET /api/v1/templates/{id}` lists as `places`; instead of `components`.",
    );
    variables["example"] = json!({ "body.1": "Ana", "buttons.0": "orders/17" });
    let either = json!({ "oneOf": [string().says("As Meta writes it: `en_US`."), reference("TemplateLanguage")] });
    let payload = object(
        &["name", "language"],
        [
            ("name", name),
            ("language", either),
            (
                "components",
                list(reference("TemplateComponent")).says("The values as Meta takes them."),
            ),
            ("variables", variables),
        ],
    );
    let named = [
        ("TemplatePayload", payload),
        ("TemplateLanguage", language),
        ("TemplateComponent", open(component).says("The values of one part.")),
        ("TemplateParameter", open(parameter).says(PARAMETER)),
    ];
    named
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}
