use mainstay::events;
use serde_json::json;

use super::hold;

#[test]
fn the_catalogue_of_events_is_the_one_that_was_reviewed() {
    let mut catalogue = json!({});
    for it in events::all() {
        catalogue[it.name] = json!({ "version": it.version, "schema": it.schema(), "example": it.example() });
    }
    assert_eq!(
        catalogue.as_object().map(serde_json::Map::len),
        Some(events::all().count())
    );
    hold("events", &catalogue);
}
