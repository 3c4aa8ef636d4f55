//! Objects whose members the document does not name: any member is allowed in them. Generators of clients otherwise make types of them that
//! hold nothing.

use utoipa::openapi::{
    Components, Content, RefOr, Schema, Type,
    path::Operation,
    schema::{AdditionalProperties, ArrayItems, SchemaType},
};

/// Allows any member in every object of the named schemas without members of its own.
pub(super) fn allow_in_components(components: &mut Components) {
    components.schemas.values_mut().for_each(visit);
}

/// The same for the bodies of an operation.
pub(super) fn allow_in_bodies(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.content.values_mut().for_each(visit_content);
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.values_mut().for_each(visit_content);
        }
    }
}

fn visit_content(content: &mut RefOr<Content>) {
    if let RefOr::T(content) = content {
        content.schema.iter_mut().for_each(visit);
    }
}

fn visit(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            let is_object = object.schema_type == SchemaType::Type(Type::Object);
            if is_object && object.properties.is_empty() && object.additional_properties.is_none() {
                object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
            }
            object.properties.values_mut().for_each(visit);
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                visit(items);
            }
        }
        Schema::OneOf(of) => of.items.iter_mut().for_each(visit),
        Schema::AllOf(of) => of.items.iter_mut().for_each(visit),
        Schema::AnyOf(of) => of.items.iter_mut().for_each(visit),
        _ => {}
    }
}
