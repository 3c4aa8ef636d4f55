//! What the filters of a tenant may name.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::tree::{LabelKind, Named};
use crate::{contacts::text::fold, domain::FieldType};

/// The fields, tags, lists, segments and channels of a tenant that filters are read with. Names are found without regard to case.
#[derive(Clone, Debug, Default)]
pub struct FilterCatalogue {
    fields: BTreeMap<String, CatalogueField>,
    tags: BTreeMap<String, Named>,
    lists: BTreeMap<String, Named>,
    segments: BTreeMap<String, CatalogueSegment>,
    /// By the words they are known by: id, number.
    channels: BTreeMap<String, Uuid>,
}

/// A custom field that filters may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueField {
    pub kind: FieldType,
    /// Of a choice.
    pub choices: Vec<String>,
}

/// A segment that filters may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueSegment {
    pub id: Uuid,
    pub name: String,
    /// The text of its filter.
    pub filter: String,
}

impl FilterCatalogue {
    pub fn add_field(&mut self, key: impl Into<String>, field: CatalogueField) {
        self.fields.insert(key.into(), field);
    }

    pub fn add_label(&mut self, kind: LabelKind, label: Named) {
        let labels = match kind {
            LabelKind::Tag => &mut self.tags,
            LabelKind::List => &mut self.lists,
        };
        labels.insert(fold(&label.name), label);
    }

    /// Adds a segment, in place of the one with this id.
    pub fn add_segment(&mut self, segment: CatalogueSegment) {
        self.segments.retain(|_, known| known.id != segment.id);
        self.segments.insert(fold(&segment.name), segment);
    }

    /// Adds a channel, known by its id and its number.
    pub fn add_channel(&mut self, id: Uuid, shown: &str, number: Option<&str>) {
        self.channels.insert(fold(shown), id);
        let digits = number.map(digits).filter(|digits| !digits.is_empty());
        digits.and_then(|digits| self.channels.insert(digits, id));
    }

    pub(crate) fn has_field(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    pub(super) fn field(&self, key: &str) -> Option<&CatalogueField> {
        self.fields.get(key)
    }

    pub(super) fn field_keys(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    pub(super) fn label(&self, kind: LabelKind, name: &str) -> Option<&Named> {
        self.labels(kind).get(&fold(name))
    }

    pub(super) fn label_names(&self, kind: LabelKind) -> impl Iterator<Item = &str> {
        self.labels(kind).values().map(|it| it.name.as_str())
    }

    fn labels(&self, kind: LabelKind) -> &BTreeMap<String, Named> {
        match kind {
            LabelKind::Tag => &self.tags,
            LabelKind::List => &self.lists,
        }
    }

    pub(super) fn segment(&self, name: &str) -> Option<&CatalogueSegment> {
        self.segments.get(&fold(name))
    }

    pub fn segments(&self) -> impl Iterator<Item = &CatalogueSegment> {
        self.segments.values()
    }

    /// Finds a channel by its id, or by its number as people write it.
    pub(super) fn channel(&self, name: &str) -> Option<Uuid> {
        let known = self.channels.get(&fold(name));
        known.or_else(|| self.channels.get(&digits(name))).copied()
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
