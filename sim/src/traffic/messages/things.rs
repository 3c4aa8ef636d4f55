//! Places, people's cards and orders.

use serde_json::{Map, Value, json};

use super::Scene;
use crate::traffic::line::object;
use crate::traffic::shape::Shape;

impl Scene<'_> {
    pub(super) fn thing(&mut self, shape: Shape, words: Option<&str>) -> Map<String, Value> {
        match shape {
            Shape::Location => self.location(),
            Shape::Order => self.order(words),
            Shape::SharedContact => self.own_card(),
            _ => self.someones_card(),
        }
    }

    fn location(&mut self) -> Map<String, Value> {
        let mut place = json!({
            "latitude": f64::from(self.chance.between(-55_000_000..=70_000_000)) / 1e6,
            "longitude": f64::from(self.chance.between(-180_000_000..=180_000_000)) / 1e6,
        });
        if self.chance.happens(0.5) {
            place["name"] = json!("Café Übermorgen");
            place["address"] = json!("Rúa do Vilar 9/2, Santiago");
            place["url"] = json!("https://cafe.example/über?a=1");
        }
        object(json!({"location": place}))
    }

    fn order(&mut self, words: Option<&str>) -> Map<String, Value> {
        // Old senders write numbers as strings.
        let strings = self.chance.happens(0.2);
        let items: Vec<Value> = (0..self.chance.between(1..=3))
            .map(|_| {
                let (quantity, cents) = (self.chance.between(1..=5), self.chance.between(100..=9_999));
                let price = f64::from(cents) / 100.0;
                json!({
                    "product_retailer_id": format!("lamp-{}", self.chance.between(1..=40)),
                    "quantity": if strings { json!(quantity.to_string()) } else { json!(quantity) },
                    "item_price": if strings { json!(price.to_string()) } else { json!(price) },
                    "currency": "EUR",
                })
            })
            .collect();
        let mut order = json!({"catalog_id": self.chance.digits(15), "product_items": items});
        if words.is_some() || self.chance.happens(0.5) {
            order["text"] = json!(self.words(words));
        }
        object(json!({"order": order}))
    }

    /// The customer's own number, given because the business asked for it.
    fn own_card(&mut self) -> Map<String, Value> {
        let (name, wa_id) = (&self.customer.name, &self.customer.wa_id);
        object(json!({"contacts": [{
            "name": {"formatted_name": name, "first_name": name},
            "phones": [{"phone": format!("+{wa_id}"), "wa_id": wa_id, "type": "CELL"}],
            "vcard": format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nTEL;waid={wa_id}:+{wa_id}\r\nEND:VCARD"),
            "origin": "contact_request",
        }]}))
    }

    fn someones_card(&mut self) -> Map<String, Value> {
        let number = format!("1212555{}", self.chance.digits(4));
        let mut card = json!({
            "name": {"formatted_name": "Dr. Ágnes Kővári", "first_name": "Ágnes", "last_name": "Kővári", "prefix": "Dr."},
            "phones": [{"phone": format!("+{number}"), "type": "WORK"}],
        });
        if self.chance.happens(0.6) {
            card["phones"][0]["wa_id"] = json!(number);
        }
        if self.chance.happens(0.4) {
            card["org"] = json!({"company": "Kővári & Lányai", "title": "owner"});
            card["emails"] = json!([{"email": "agnes@kovari.example", "type": "WORK"}]);
            card["addresses"] =
                json!([{"street": "Fő utca 3/b", "city": "Győr", "country_code": "hu", "type": "WORK"}]);
            card["urls"] = json!([{"url": "https://kovari.example/", "type": "WORK"}]);
            card["birthday"] = json!("1979-03-08");
            card["origin"] = json!("other");
        }
        object(json!({"contacts": [card]}))
    }
}
