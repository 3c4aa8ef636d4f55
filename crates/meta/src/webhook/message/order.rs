//! Orders from a catalog.

use crate::webhook::json::JsonTree;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderContent {
    pub catalog_id: Option<String>,
    /// The user's comment.
    pub text: Option<String>,
    pub items: Vec<OrderItem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderItem {
    pub product_retailer_id: Option<String>,
    pub quantity: Option<i64>,
    /// Price per piece, a decimal as sent (not a float, which would lose digits).
    pub item_price: Option<String>,
    pub currency: Option<String>,
}

impl OrderContent {
    pub(super) fn read(block: &JsonTree<'_>) -> Option<OrderContent> {
        let items: Vec<_> = block.get("product_items").list().iter().map(OrderItem::read).collect();
        let order = OrderContent {
            catalog_id: block.get("catalog_id").id(),
            text: block.get("text").text(),
            items,
        };
        (order.catalog_id.is_some() || !order.items.is_empty()).then_some(order)
    }
}

impl OrderItem {
    fn read(item: &JsonTree<'_>) -> OrderItem {
        OrderItem {
            product_retailer_id: item.get("product_retailer_id").text(),
            quantity: item.get("quantity").int(),
            item_price: item.get("item_price").text(),
            currency: item.get("currency").text(),
        }
    }
}
