//! What a client depends on, as text that a review reads: a change of it is a difference of a file in `shown/`.

mod campaign_refusals;
mod document;
mod events;
mod file_refusals;
mod problems;
mod refusals;

use insta::Settings;
use serde_json::Value;

/// Compares a value with the file `shown/{name}.snap`. Members stand in the order of their names.
#[track_caller]
fn hold(name: &str, value: &Value) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("shown");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_sort_maps(true);
    settings.bind(|| insta::assert_json_snapshot!(name, value));
}
