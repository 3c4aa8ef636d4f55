//! Products of a catalog.

use serde::Serialize;

use super::{Action, buttons::section_title};
use crate::message::read::{Field, FieldResult, UNLIMITED};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductSection {
    /// At most 24 characters; required if there are several sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub product_items: Vec<ProductItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductItem {
    pub product_retailer_id: String,
}

const MAX_SECTIONS: usize = 10;
/// In all sections together.
const MAX_ITEMS: usize = 30;

pub(super) fn product(at: &Field<'_>) -> FieldResult<Action> {
    let mut action = at.object()?;
    let read = Action::Product {
        catalog_id: action.text("catalog_id", UNLIMITED)?,
        product_retailer_id: action.text("product_retailer_id", UNLIMITED)?,
    };
    action.deny_unknown().map(|()| read)
}

pub(super) fn list(at: &Field<'_>) -> FieldResult<Action> {
    let mut action = at.object()?;
    let catalog_id = action.text("catalog_id", UNLIMITED)?;
    let sections_at = action.required("sections")?;
    let section_list = sections_at.list(1..=MAX_SECTIONS)?;
    let mut sections = Vec::new();
    for at in &section_list {
        let mut section = at.object()?;
        let title = section_title(&mut section, section_list.len())?;
        let items = section.required("product_items")?.list(1..=UNLIMITED)?;
        let product_items = items.iter().map(item).collect::<FieldResult<Vec<_>>>()?;
        section.deny_unknown()?;
        sections.push(ProductSection { title, product_items });
    }
    let items: usize = sections.iter().map(|section| section.product_items.len()).sum();
    if items > MAX_ITEMS {
        let problem = format!("must have at most {MAX_ITEMS} products in all; there are {items}");
        return Err(sections_at.problem(problem).limit(MAX_ITEMS));
    }
    action
        .deny_unknown()
        .map(|()| Action::ProductList { catalog_id, sections })
}

fn item(at: &Field<'_>) -> FieldResult<ProductItem> {
    let mut item = at.object()?;
    let product_retailer_id = item.text("product_retailer_id", UNLIMITED)?;
    item.deny_unknown().map(|()| ProductItem { product_retailer_id })
}
