//! Objects whose members the document does not name: any member is allowed in them. Generators of clients otherwise make types of them that
//! hold nothing.

use utoipa::openapi::{
    Content, OpenApi, RefOr, Schema, Type,
    path::PathItem,
    schema::{AdditionalProperties, ArrayItems, SchemaType},
};

/// Allows any member in every object without members of its own.
pub(super) fn allow_members(document: &mut OpenApi) {
    for schema in document.components.iter_mut().flat_map(|it| it.schemas.values_mut()) {
        visit(schema);
    }
    for item in document.paths.paths.values_mut() {
        visit_operations(item);
    }
}

fn visit_operations(item: &mut PathItem) {
    let operations = [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ];
    for operation in operations.into_iter().flatten() {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content.values_mut().for_each(visit_content);
        }
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                response.content.values_mut().for_each(visit_content);
            }
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
