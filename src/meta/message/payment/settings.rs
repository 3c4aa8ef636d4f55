//! The ways to pay of a bill.

use super::{
    super::read::{ANY, At, Object, Read},
    CONFIGURATION, Country, word,
};

const BRAZIL: &[&str] = &["pix_dynamic_code", "payment_link", "boleto", "offsite_card_pay"];
const INDIA: &[&str] = &["payment_gateway", "upi_intent_link", "payment_link"];
const PIX_KEYS: &[&str] = &["CPF", "CNPJ", "EMAIL", "PHONE", "EVP"];

pub(super) fn read(at: &At<'_>, country: Country) -> Read<()> {
    let kinds = match country {
        Country::Brazil => BRAZIL,
        Country::India => INDIA,
    };
    for at in at.list(1..=ANY)? {
        let mut setting = at.object()?;
        let kind = word(&setting.must("type")?, kinds)?;
        way(kind, setting.must(kind)?.object()?)?;
        setting.end()?;
    }
    Ok(())
}

/// What a way to pay has to say. What a gateway takes beyond that is between it and Meta.
fn way(kind: &str, mut way: Object<'_>) -> Read<()> {
    match kind {
        "pix_dynamic_code" => {
            for member in ["code", "merchant_name", "key"] {
                way.text(member, ANY)?;
            }
            word(&way.must("key_type")?, PIX_KEYS)?;
        }
        "payment_link" => {
            for member in ["success_url", "cancel_url"] {
                way.maybe(member).map(|at| at.url(ANY)).transpose()?;
            }
            way.must("uri")?.url(ANY)?;
        }
        "boleto" => drop(way.text("digitable_line", ANY)?),
        "offsite_card_pay" => {
            way.text("last_four_digits", 4)?;
            way.text("credential_id", ANY)?;
        }
        "upi_intent_link" => {
            let link = way.must("link")?;
            if !link.text(ANY)?.starts_with("upi://") {
                return Err(link.problem("must be a UPI intent, which begins with upi://"));
            }
        }
        _ => {
            way.text("type", ANY)?;
            way.text("configuration_name", CONFIGURATION)?;
            return Ok(());
        }
    }
    way.end()
}
