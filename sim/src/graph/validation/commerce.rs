//! Products and catalogues.

use super::Field;
use super::interactive::named;
use crate::graph::refusal::Refusal;

const MOST_PRODUCTS: usize = 30;

pub(super) fn product(action: Field<'_>) -> Result<(), Refusal> {
    action.at("catalog_id").required()?;
    action.at("product_retailer_id").text(usize::MAX)?;
    Ok(())
}

/// Up to ten sections with up to thirty products in all.
pub(super) fn product_list(action: Field<'_>) -> Result<(), Refusal> {
    action.at("catalog_id").required()?;
    let sections = action.at("sections");
    let list = sections.list(1, 10)?;
    let mut products = 0;
    for section in &list {
        match list.len() {
            1 => _ = section.at("title").optional_text(24)?,
            _ => _ = section.at("title").text(24)?,
        }
        for item in section.at("product_items").list(1, MOST_PRODUCTS)? {
            item.at("product_retailer_id").text(usize::MAX)?;
            products += 1;
        }
    }
    match products <= MOST_PRODUCTS {
        true => Ok(()),
        false => Err(sections.wrong(format_args!("must have at most {MOST_PRODUCTS} products in all"))),
    }
}

pub(super) fn catalog(action: Field<'_>) -> Result<(), Refusal> {
    named(action, "catalog_message")?;
    let parameters = action.at("parameters");
    if parameters.is_given() {
        parameters
            .at("thumbnail_product_retailer_id")
            .optional_text(usize::MAX)?;
    }
    Ok(())
}
