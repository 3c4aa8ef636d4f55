//! Products of a catalog.

use serde::Serialize;

use super::{Action, buttons::section_title};
use crate::meta::message::read::{ANY, At, Read};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductSection {
    /// At most 24 characters; needed where there are several sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub product_items: Vec<ProductItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductItem {
    pub product_retailer_id: String,
}

const MOST_SECTIONS: usize = 10;
/// Of all sections together.
const MOST_ITEMS: usize = 30;

pub(super) fn product(at: &At<'_>) -> Read<Action> {
    let mut action = at.object()?;
    let read = Action::Product {
        catalog_id: action.text("catalog_id", ANY)?,
        product_retailer_id: action.text("product_retailer_id", ANY)?,
    };
    action.end().map(|()| read)
}

pub(super) fn list(at: &At<'_>) -> Read<Action> {
    let mut action = at.object()?;
    let catalog_id = action.text("catalog_id", ANY)?;
    let sections_at = action.must("sections")?;
    let places = sections_at.list(1..=MOST_SECTIONS)?;
    let mut sections = Vec::new();
    for at in &places {
        let mut section = at.object()?;
        let title = section_title(&mut section, places.len())?;
        let items = section.must("product_items")?.list(1..=ANY)?;
        let product_items = items.iter().map(item).collect::<Read<Vec<_>>>()?;
        section.end()?;
        sections.push(ProductSection { title, product_items });
    }
    let items: usize = sections.iter().map(|section| section.product_items.len()).sum();
    if items > MOST_ITEMS {
        let problem = format!("must have at most {MOST_ITEMS} products in all; there are {items}");
        return Err(sections_at.problem(problem).limit(MOST_ITEMS));
    }
    action.end().map(|()| Action::ProductList { catalog_id, sections })
}

fn item(at: &At<'_>) -> Read<ProductItem> {
    let mut item = at.object()?;
    let product_retailer_id = item.text("product_retailer_id", ANY)?;
    item.end().map(|()| ProductItem { product_retailer_id })
}
