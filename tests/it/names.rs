//! One name, one thing: no two public types of the library have the same name.

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::sources;

/// Names that say what a thing is to its module, and need no other.
const PLAIN: &[&str] = &["Args", "Command", "Error", "Options", "Report", "Row"];

/// Names that stood twice when this test was made. One that stands once by now is to be taken off; none comes on.
const TWICE: &str = "";

#[test]
fn no_public_type_has_the_name_of_another() {
    let mut homes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources() {
        for name in text.lines().filter_map(public_type) {
            homes
                .entry(name.to_owned())
                .or_default()
                .insert(path.display().to_string());
        }
    }
    assert!(homes.len() > 400, "the types were not found");
    homes.retain(|name, homes| homes.len() > 1 && !PLAIN.contains(&name.as_str()));
    let known: BTreeSet<&str> = TWICE.split_whitespace().collect();
    let new: Vec<_> = homes
        .iter()
        .filter(|(name, _)| !known.contains(name.as_str()))
        .collect();
    assert!(
        new.is_empty(),
        "these names stand in several files; say what each thing is: {new:#?}"
    );
    let gone: Vec<_> = known.iter().filter(|name| !homes.contains_key(**name)).collect();
    assert!(
        gone.is_empty(),
        "these stand once now; take them off the list: {gone:?}"
    );
}

/// The name of the type that a line makes public, to everybody or to some.
fn public_type(line: &str) -> Option<&str> {
    let line = line.trim_start().strip_prefix("pub")?;
    let line = match line.strip_prefix('(') {
        Some(rest) => rest.split_once(')')?.1,
        None => line,
    };
    let kinds = [" struct ", " enum ", " trait ", " type "];
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next();
    // A macro's variable is no name.
    name.filter(|name| !name.is_empty())
}

#[test]
fn public_types_are_found_however_they_are_public() {
    let lines = [
        "pub struct Pair<'a> {",
        "    pub(crate) enum Lane {",
        "pub(in crate::meta) type Key = u8;",
        "pub trait Job: Send {",
    ];
    let names: Vec<_> = lines.iter().filter_map(|line| public_type(line)).collect();
    assert_eq!(names, ["Pair", "Lane", "Key", "Job"]);
    for line in ["struct Pair;", "pub fn pair() {", "pub use pair::Pair;", "pub struct"] {
        assert_eq!(public_type(line), None, "{line}");
    }
}
