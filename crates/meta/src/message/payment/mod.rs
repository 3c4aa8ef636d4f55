//! Orders to pay and their status: `order_details` and `order_status`, as interactive messages and in templates.
//!
//! Sources: Meta's pages "Orders" (Brazil), "Receive payments" (India) and "Send order details template message", 2025 and 2026. Where the
//! two countries differ, the currency decides. Validated values are passed on as given.

mod order;
mod settings;
mod status;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub(super) use status::read as status;

use super::{
    Invalid,
    read::{Field, FieldResult, Object, UNLIMITED},
};

/// Minimum time for which an order has to be payable.
pub const MIN_EXPIRY_SECONDS: i64 = 300;
/// Maximum length of a reference in Brazil; India allows less.
const MAX_REFERENCE: usize = 60;
const MAX_REFERENCE_IN_INDIA: usize = 35;
const CONFIGURATION: usize = 60;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Country {
    Brazil,
    India,
}

/// Validates `parameters` of `review_and_pay`, or `order_details` of a template's button.
pub(super) fn details(at: &Field<'_>) -> FieldResult<()> {
    let mut details = at.object()?;
    let country = match exact_one_of(&details.required("currency")?, &["BRL", "INR"])? {
        "BRL" => Country::Brazil,
        _ => Country::India,
    };
    reference(&details.required("reference_id")?, country)?;
    let goods = exact_one_of(&details.required("type")?, &["digital-goods", "physical-goods"])?;
    payment_methods(&mut details, country)?;
    let total_at = details.required("total_amount")?;
    let total = order::amount(&total_at)?;
    if total == 0 {
        return Err(Invalid::new(format!("{}.value", total_at.path), "must be more than 0"));
    }
    let addresses = [details.optional("beneficiaries"), details.optional("shipping_info")];
    // Brazil allows an amount without its items.
    let order = match details.optional("order") {
        None if country == Country::Brazil => None,
        Some(at) => Some(order::read(&at)?),
        None => return Err(Invalid::new(format!("{}.order", at.path), "is missing")),
    };
    if let Some(order) = &order {
        order.check_total(total, &total_at)?;
        if goods == "physical-goods" {
            check_shipping(order, country, &addresses, at)?;
        }
    }
    beneficiaries(addresses[0].as_ref())?;
    details.deny_unknown()
}

/// Checks that physical goods state the shipping cost and, in India, a beneficiary.
fn check_shipping(
    order: &order::OrderTotals,
    country: Country,
    addresses: &[Option<Field<'_>>],
    at: &Field<'_>,
) -> FieldResult<()> {
    let Some(shipping) = order.shipping else {
        let field = format!("{}.order.shipping", at.path);
        return Err(Invalid::new(
            field,
            "is missing: physical goods need it; its value may be 0",
        ));
    };
    if country == Country::India && shipping > 0 && addresses.iter().all(Option::is_none) {
        let field = format!("{}.beneficiaries", at.path);
        return Err(Invalid::new(
            field,
            "is missing: goods that are shipped need whom they go to",
        ));
    }
    Ok(())
}

fn beneficiaries(at: Option<&Field<'_>>) -> FieldResult<()> {
    let Some(at) = at else { return Ok(()) };
    for at in at.list(1..=UNLIMITED)? {
        let mut to = at.object()?;
        to.text("name", 200)?;
        to.text("address_line1", 100)?;
        to.optional_text("address_line2", 100)?;
        for member in ["city", "state", "country"] {
            to.text(member, UNLIMITED)?;
        }
        let code = to.required("postal_code")?;
        let digits = code.text(6)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(code.problem("must have six digits"));
        }
        to.deny_unknown()?;
    }
    Ok(())
}

/// Validates the payment methods.
fn payment_methods(details: &mut Object<'_>, country: Country) -> FieldResult<()> {
    let (kind, settings) = (details.optional("payment_type"), details.optional("payment_settings"));
    let configuration = details.optional("payment_configuration");
    match country {
        Country::Brazil => {
            let kind = kind.map_or_else(|| details.required("payment_type"), Ok)?;
            exact_one_of(&kind, &["br"])?;
        }
        Country::India => {
            kind.map(|at| exact_one_of(&at, &["upi"])).transpose()?;
            if settings.is_none() && configuration.is_none() {
                return Err(details.problem("must have payment_settings, or the name of a payment_configuration"));
            }
        }
    }
    configuration.map(|at| at.text(CONFIGURATION)).transpose()?;
    settings.map_or(Ok(()), |at| settings::read(&at, country))
}

fn reference(at: &Field<'_>, country: Country) -> FieldResult<()> {
    let text = at.text(match country {
        Country::Brazil => MAX_REFERENCE,
        Country::India => MAX_REFERENCE_IN_INDIA,
    })?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match text.bytes().all(fits) {
        true => Ok(()),
        false => Err(at.problem("must be of letters a to z, digits, underscores, dashes and dots")),
    }
}

/// Reads exactly one of these values, in their case, because the value is passed on as given.
fn exact_one_of(at: &Field<'_>, allowed: &[&'static str]) -> FieldResult<&'static str> {
    let found = allowed.iter().find(|word| at.value == **word);
    found.copied().ok_or_else(|| match allowed {
        [only] => at.problem(format!("must be {only}")),
        several => at.problem(format!("must be one of {}", several.join(", "))),
    })
}

/// Parses Unix seconds, as number or digits: Meta's pages have both.
fn unix_seconds(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str()?.parse().ok())
        .filter(|it| *it > 0)
}

/// Checks that the order in `details` can still be paid in five minutes; `path` is its place in the request.
///
/// # Errors
/// The order expires too soon, or has expired.
pub(super) fn check_expiry(details: &Value, path: impl FnOnce() -> String, now: DateTime<Utc>) -> FieldResult<()> {
    let Some(at) = unix_seconds(&details["order"]["expiration"]["timestamp"]) else {
        return Ok(());
    };
    if at - now.timestamp() >= MIN_EXPIRY_SECONDS {
        return Ok(());
    }
    let problem = format!("must be at least {MIN_EXPIRY_SECONDS} seconds from now");
    Err(Invalid::new(path() + ".order.expiration.timestamp", problem).limit(MIN_EXPIRY_SECONDS as usize))
}
