//! Defaults of members that may be left out. Generators take a member with the keyword `default` for one that is always there, and demand it
//! in requests; so the document says it in words.

use serde_json::Value;

/// Moves the defaults of optional members into their descriptions.
pub(super) fn put_into_words(schemas: &mut Value) {
    for schema in schemas.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        // Indexing to change would add the member where there is none.
        let members = schema.get_mut("properties").and_then(Value::as_object_mut);
        for member in members.into_iter().flat_map(|all| all.values_mut()) {
            let Some(default) = member.as_object_mut().and_then(|member| member.remove("default")) else {
                continue;
            };
            let said = member["description"].as_str().unwrap_or_default();
            let text = format!("{said} Default: `{default}`.");
            member["description"] = text.trim_start().into();
        }
    }
}
