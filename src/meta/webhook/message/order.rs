//! A basket from the catalogue.

use crate::meta::webhook::json::Json;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub catalog_id: Option<String>,
    /// What the person added.
    pub text: Option<String>,
    pub items: Vec<OrderItem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderItem {
    pub product_retailer_id: Option<String>,
    pub quantity: Option<i64>,
    /// Per piece, a decimal as sent: money is not for floats.
    pub item_price: Option<String>,
    pub currency: Option<String>,
}

impl Order {
    pub(super) fn read(block: &Json<'_>) -> Option<Order> {
        let items: Vec<_> = block.get("product_items").list().iter().map(OrderItem::read).collect();
        let order = Order {
            catalog_id: block.get("catalog_id").id(),
            text: block.get("text").text(),
            items,
        };
        (order.catalog_id.is_some() || !order.items.is_empty()).then_some(order)
    }
}

impl OrderItem {
    fn read(item: &Json<'_>) -> OrderItem {
        OrderItem {
            product_retailer_id: item.get("product_retailer_id").text(),
            quantity: item.get("quantity").int(),
            item_price: item.get("item_price").text(),
            currency: item.get("currency").text(),
        }
    }
}
