//! Bills and their statuses: that they are whole and add up.

use serde_json::Value;

use super::Field;
use super::interactive::named;
use crate::graph::refusal::Refusal;

const STATUSES: [&str; 7] = [
    "pending",
    "processing",
    "partially-shipped",
    "partially_shipped",
    "shipped",
    "completed",
    "canceled",
];

pub(super) fn details(action: Field<'_>) -> Result<(), Refusal> {
    named(action, "review_and_pay")?;
    bill(action.at("parameters"))
}

/// What stands under `parameters`, or under `order_details` of a template's button.
pub(crate) fn bill(bill: Field<'_>) -> Result<(), Refusal> {
    bill.object()?;
    let is_brazil = bill.at("currency").one_of(&["BRL", "INR"])? == "BRL";
    reference(bill.at("reference_id"), if is_brazil { 60 } else { 35 })?;
    bill.at("type").one_of(&["digital-goods", "physical-goods"])?;
    if is_brazil {
        bill.at("payment_type").one_of(&["br"])?;
    } else if !bill.at("payment_configuration").is_given() {
        bill.at("payment_settings").list(1, 100)?;
    }
    let total = amount(bill.at("total_amount"))?;
    let order = bill.at("order");
    if is_brazil && !order.is_given() {
        return Ok(());
    }
    order.object()?;
    order.at("status").one_of(&["pending"])?;
    let mut items = 0.0;
    for item in order.at("items").list(1, 1_000)? {
        item.at("name").text(60)?;
        let price = amount(item.at("amount"))?;
        let sale = item.at("sale_amount");
        let price = if sale.is_given() { amount(sale)? } else { price };
        items += price * item.at("quantity").number(1.0, f64::MAX)?;
    }
    let subtotal = amount(order.at("subtotal"))?;
    if subtotal != items {
        return Err(order.at("subtotal").wrong("does not equal the sum of the items"));
    }
    let part = |name| match order.at(name).is_given() {
        true => amount(order.at(name)),
        false => Ok(0.0),
    };
    let sum = subtotal + amount(order.at("tax"))? + part("shipping")? - part("discount")?;
    match total == sum {
        true => Ok(()),
        false => Err(bill.at("total_amount").wrong("does not equal the sum of its parts")),
    }
}

pub(super) fn status(action: Field<'_>) -> Result<(), Refusal> {
    named(action, "review_order")?;
    told(action.at("parameters"))
}

/// What stands under `parameters`, or under `order_status` of a template.
pub(crate) fn told(status: Field<'_>) -> Result<(), Refusal> {
    status.object()?;
    reference(status.at("reference_id"), 60)?;
    let (order, payment) = (status.at("order"), status.at("payment"));
    if payment.is_given() {
        payment.at("status").one_of(&["pending", "captured", "failed"])?;
    }
    match order.is_given() || !payment.is_given() {
        true => {
            order.object()?;
            order.at("status").one_of(&STATUSES)?;
            order.at("description").optional_text(120).map(|_| ())
        }
        false => Ok(()),
    }
}

fn reference(reference: Field<'_>, most: usize) -> Result<(), Refusal> {
    let text = reference.text(most)?;
    match text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    {
        true => Ok(()),
        false => Err(reference.wrong("can have letters, digits, underscores, dashes and dots")),
    }
}

/// Hundredths.
fn amount(amount: Field<'_>) -> Result<f64, Refusal> {
    amount.object()?;
    amount.at("offset").number(100.0, 100.0)?;
    let value = amount.at("value");
    match value.value() {
        Value::Number(number) if number.is_u64() => value.number(0.0, f64::MAX),
        _ if value.is_given() => Err(value.wrong("must be a whole number that is not negative")),
        _ => Err(value.missing()),
    }
}
