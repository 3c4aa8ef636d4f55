//! The OpenAPI schema of a recipient.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::OneOfBuilder},
};

use super::To;
use crate::domain::ContactId;

/// (member, pattern, description) of the ways to address a recipient.
const WAYS: [(&str, &str, &str); 3] = [
    (
        "phone",
        "^[+][1-9][0-9]{6,14}$",
        "International, with `+` and the country code. Spaces, hyphens, dots and parentheses may stand between the digits; without `+` only \
         a valid international number, or one that is known here, is taken.",
    ),
    (
        "user_id",
        r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$",
        "Business-scoped user id, as in the webhooks.",
    ),
    ("group_id", "^[!-~]{1,128}$", "Meta's id of a group the number is in."),
];
const CONTACT: &str = "contact_id";

impl PartialSchema for To {
    fn schema() -> RefOr<Schema> {
        let mut any = OneOfBuilder::new().description(Some("Exactly one of them."));
        for (member, pattern, says) in WAYS {
            let form = ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(pattern))
                .description(Some(says));
            any = any.item(only(member, form.build().into()));
        }
        any.item(only(CONTACT, ContactId::schema())).into()
    }
}

impl ToSchema for To {}

/// Returns the schema of an object with this member; the other members may be null.
fn only(named: &str, form: RefOr<Schema>) -> ObjectBuilder {
    let members = WAYS.iter().map(|(member, ..)| *member).chain([CONTACT]);
    let mut object = ObjectBuilder::new().schema_type(Type::Object).required(named);
    for member in members.filter(|member| *member != named) {
        object = object.property(member, ObjectBuilder::new().schema_type(Type::Null));
    }
    object.property(named, form).additional_properties(Some(
        utoipa::openapi::schema::AdditionalProperties::<Schema>::FreeForm(false),
    ))
}
