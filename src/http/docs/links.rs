//! Links (OpenAPI 3.1 §4.8.20) from the operations that create a resource to the operations on it.

use utoipa::openapi::{
    OpenApi, RefOr,
    link::Link,
    path::{Operation, PathItem},
};

/// Success statuses of a POST that creates something.
const MADE: [&str; 2] = ["201", "202"];
const ID: &str = "id";

/// Adds links to every POST to a list: the id in its answer is the `{id}` of the operations below the list.
pub(super) fn add(document: &mut OpenApi) {
    let paths = &mut document.paths.paths;
    let below: Vec<(String, String)> = paths
        .iter()
        .filter_map(|(path, item)| path.split_once("/{id}").map(|(list, _)| (list.to_owned(), item)))
        .flat_map(|(list, item)| operations(item).map(move |operation| (list.clone(), operation)))
        .filter_map(|(list, operation)| Some((list, operation.operation_id.clone()?)))
        .collect();
    for (path, item) in paths {
        let Some(post) = item.post.as_mut().filter(|_| !path.contains('{')) else {
            continue;
        };
        for status in MADE {
            let Some(RefOr::T(made)) = post.responses.responses.get_mut(status) else {
                continue;
            };
            for (_, operation) in below.iter().filter(|(list, _)| list == path) {
                let link = Link::builder()
                    .operation_id(operation)
                    .parameter(ID, "$response.body#/id")
                    .build();
                made.links.insert(operation.clone(), RefOr::T(link));
            }
        }
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = &Operation> {
    [&item.get, &item.post, &item.put, &item.patch, &item.delete]
        .into_iter()
        .flatten()
}
