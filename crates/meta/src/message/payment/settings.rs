//! Payment methods of an order.

use super::{
    super::read::{Field, FieldResult, Object, UNLIMITED},
    CONFIGURATION, Country, exact_one_of,
};

const BRAZIL: &[&str] = &["pix_dynamic_code", "payment_link", "boleto", "offsite_card_pay"];
const INDIA: &[&str] = &["payment_gateway", "upi_intent_link", "payment_link"];
const PIX_KEYS: &[&str] = &["CPF", "CNPJ", "EMAIL", "PHONE", "EVP"];

pub(super) fn read(at: &Field<'_>, country: Country) -> FieldResult<()> {
    let kinds = match country {
        Country::Brazil => BRAZIL,
        Country::India => INDIA,
    };
    for at in at.list(1..=UNLIMITED)? {
        let mut setting = at.object()?;
        let kind = exact_one_of(&setting.required("type")?, kinds)?;
        method(kind, setting.required(kind)?.object()?)?;
        setting.deny_unknown()?;
    }
    Ok(())
}

/// Validates a payment method. Further members of a gateway are passed to Meta unchecked.
fn method(kind: &str, mut method: Object<'_>) -> FieldResult<()> {
    match kind {
        "pix_dynamic_code" => {
            for member in ["code", "merchant_name", "key"] {
                method.text(member, UNLIMITED)?;
            }
            exact_one_of(&method.required("key_type")?, PIX_KEYS)?;
        }
        "payment_link" => {
            for member in ["success_url", "cancel_url"] {
                method.optional(member).map(|at| at.url(UNLIMITED)).transpose()?;
            }
            method.required("uri")?.url(UNLIMITED)?;
        }
        "boleto" => drop(method.text("digitable_line", UNLIMITED)?),
        "offsite_card_pay" => {
            method.text("last_four_digits", 4)?;
            method.text("credential_id", UNLIMITED)?;
        }
        "upi_intent_link" => {
            let link = method.required("link")?;
            if !link.text(UNLIMITED)?.starts_with("upi://") {
                return Err(link.problem("must be a UPI intent, which begins with upi://"));
            }
        }
        _ => {
            method.text("type", UNLIMITED)?;
            method.text("configuration_name", CONFIGURATION)?;
            return Ok(());
        }
    }
    method.deny_unknown()
}
