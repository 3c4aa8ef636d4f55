//! The filters in docs/contacts.md.

use std::{fs, path::Path};

use mainstay::{
    contacts::segments::language::{CatalogueField, CatalogueSegment, FilterCatalogue, LabelKind, Named, parse},
    domain::FieldType,
};
use uuid::Uuid;

fn section() -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/contacts.md")).unwrap();
    let (_, rest) = page.split_once("\n## Filters\n").expect("the page has the section");
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

/// What the examples name.
fn catalogue() -> FilterCatalogue {
    let mut catalogue = FilterCatalogue::default();
    for (key, kind) in [
        ("city", FieldType::Text),
        ("age", FieldType::Number),
        ("birthday", FieldType::Date),
        ("renewal", FieldType::Datetime),
        ("plan", FieldType::Choice),
    ] {
        let choices = vec!["Basic".to_owned(), "Plus".to_owned()];
        catalogue.add_field(key, CatalogueField { kind, choices });
    }
    for (kind, name) in [(LabelKind::Tag, "vip"), (LabelKind::List, "guests")] {
        let (id, name) = (Uuid::nil(), name.to_owned());
        catalogue.add_label(kind, Named { id, name });
    }
    catalogue.add_segment(CatalogueSegment {
        id: Uuid::from_u128(1),
        name: "Regulars".to_owned(),
        filter: "tag = \"vip\"".to_owned(),
    });
    catalogue
}

#[test]
fn the_filters_of_the_page_are_filters_and_its_errors_are_said() {
    let (section, catalogue) = (section(), catalogue());
    let block = section
        .split("```filter\n")
        .nth(1)
        .and_then(|rest| rest.split("\n```").next());
    let examples: Vec<&str> = block.expect("there are examples").lines().collect();
    assert!(examples.len() > 5);
    for example in examples {
        let filter = parse(example, &catalogue, None).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert_eq!(filter.to_string(), example);
    }
    let (_, table) = section
        .split_once("| filter | error |\n|---|---|\n")
        .expect("there are errors");
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 3);
    for row in rows {
        let (filter, error) = row.trim_matches('|').split_once(" | ").expect("it has two cells");
        let said = parse(filter.trim().trim_matches('`'), &catalogue, None)
            .unwrap_err()
            .to_string();
        assert_eq!(said, error.trim(), "{filter}");
    }
}
