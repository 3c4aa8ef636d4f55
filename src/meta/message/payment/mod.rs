//! Bills and what becomes of them: `order_details` and `order_status`, as interactive messages and in templates.
//!
//! Sources: Meta's pages "Orders" (Brazil), "Receive payments" (India) and "Send order details template message", 2025 and 2026. Where the
//! two countries differ, the currency tells which one it is. What is checked is passed on as it was given.

mod order;
mod settings;
mod status;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub(super) use status::read as status;

use super::{
    Invalid,
    read::{ANY, At, Object, Read},
};

/// How long an order has to be open at least, in seconds.
pub const LEAST_EXPIRY: i64 = 300;
/// The longest reference: Meta lets Brazil have more than India.
const LONGEST_REFERENCE: usize = 60;
const LONGEST_REFERENCE_IN_INDIA: usize = 35;
const CONFIGURATION: usize = 60;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Country {
    Brazil,
    India,
}

/// Checks what stands under `parameters` of `review_and_pay`, or under `order_details` of a template's button.
pub(super) fn details(at: &At<'_>) -> Read<()> {
    let mut details = at.object()?;
    let country = match word(&details.must("currency")?, &["BRL", "INR"])? {
        "BRL" => Country::Brazil,
        _ => Country::India,
    };
    reference(&details.must("reference_id")?, country)?;
    let goods = word(&details.must("type")?, &["digital-goods", "physical-goods"])?;
    paid(&mut details, country)?;
    let total_at = details.must("total_amount")?;
    let total = order::amount(&total_at)?;
    if total == 0 {
        return Err(Invalid::new(format!("{}.value", total_at.path), "must be more than 0"));
    }
    let addresses = [details.maybe("beneficiaries"), details.maybe("shipping_info")];
    // Brazil may ask for a sum without saying what it is for.
    let order = match details.maybe("order") {
        None if country == Country::Brazil => None,
        Some(at) => Some(order::read(&at)?),
        None => return Err(Invalid::new(format!("{}.order", at.path), "is missing")),
    };
    if let Some(order) = &order {
        order.comes_to(total, &total_at)?;
        if goods == "physical-goods" {
            shipped(order, country, &addresses, at)?;
        }
    }
    beneficiaries(addresses[0].as_ref())?;
    details.end()
}

/// Goods that are sent somewhere name what that costs, and in India to whom they go.
fn shipped(order: &order::Order, country: Country, addresses: &[Option<At<'_>>], at: &At<'_>) -> Read<()> {
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

fn beneficiaries(at: Option<&At<'_>>) -> Read<()> {
    let Some(at) = at else { return Ok(()) };
    for at in at.list(1..=ANY)? {
        let mut to = at.object()?;
        to.text("name", 200)?;
        to.text("address_line1", 100)?;
        to.maybe_text("address_line2", 100)?;
        for member in ["city", "state", "country"] {
            to.text(member, ANY)?;
        }
        let code = to.must("postal_code")?;
        let digits = code.text(6)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(code.problem("must have six digits"));
        }
        to.end()?;
    }
    Ok(())
}

/// By which ways it can be paid.
fn paid(details: &mut Object<'_>, country: Country) -> Read<()> {
    let (kind, settings) = (details.maybe("payment_type"), details.maybe("payment_settings"));
    let configuration = details.maybe("payment_configuration");
    match country {
        Country::Brazil => {
            let kind = kind.map_or_else(|| details.must("payment_type"), Ok)?;
            word(&kind, &["br"])?;
        }
        Country::India => {
            kind.map(|at| word(&at, &["upi"])).transpose()?;
            if settings.is_none() && configuration.is_none() {
                return Err(details.problem("must have payment_settings, or the name of a payment_configuration"));
            }
        }
    }
    configuration.map(|at| at.text(CONFIGURATION)).transpose()?;
    settings.map_or(Ok(()), |at| settings::read(&at, country))
}

fn reference(at: &At<'_>, country: Country) -> Read<()> {
    let text = at.text(match country {
        Country::Brazil => LONGEST_REFERENCE,
        Country::India => LONGEST_REFERENCE_IN_INDIA,
    })?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match text.bytes().all(fits) {
        true => Ok(()),
        false => Err(at.problem("must be of letters a to z, digits, underscores, dashes and dots")),
    }
}

/// One of these words exactly: what is checked here is passed on as it is.
fn word(at: &At<'_>, words: &[&'static str]) -> Read<&'static str> {
    let found = words.iter().find(|word| at.value == **word);
    found.copied().ok_or_else(|| match words {
        [only] => at.problem(format!("must be {only}")),
        several => at.problem(format!("must be one of {}", several.join(", "))),
    })
}

/// Unix seconds, as a number or as a text of digits: Meta's pages have both.
fn seconds(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str()?.parse().ok())
        .filter(|it| *it > 0)
}

/// Whether the order under `details` can still be paid in five minutes; `path` is where it stands.
///
/// # Errors
/// It expires too soon, or has expired.
pub(super) fn lasts(details: &Value, path: impl FnOnce() -> String, now: DateTime<Utc>) -> Read<()> {
    let Some(at) = seconds(&details["order"]["expiration"]["timestamp"]) else {
        return Ok(());
    };
    if at - now.timestamp() >= LEAST_EXPIRY {
        return Ok(());
    }
    let problem = format!("must be at least {LEAST_EXPIRY} seconds from now");
    Err(Invalid::new(path() + ".order.expiration.timestamp", problem).limit(LEAST_EXPIRY as usize))
}
