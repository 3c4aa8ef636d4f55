//! What is paid for, and that it adds up.

use super::{
    super::{
        Invalid,
        read::{ANY, At, Object, Read},
    },
    seconds, word,
};

const NAME: usize = 60;
const DESCRIPTION: usize = 60;
const EXPIRATION: usize = 120;
/// The most items where one has a picture of its own.
const MOST_WITH_PICTURES: usize = 10;

/// Sums of an order, in hundredths of the currency.
pub(super) struct Order {
    subtotal: i64,
    tax: i64,
    pub shipping: Option<i64>,
    discount: Option<i64>,
}

impl Order {
    /// That the total is the sum of the parts.
    pub fn comes_to(&self, total: i64, at: &At<'_>) -> Read<()> {
        let sum = i128::from(self.subtotal) + i128::from(self.tax) + i128::from(self.shipping.unwrap_or(0))
            - i128::from(self.discount.unwrap_or(0));
        adds_up(sum, total, "subtotal + tax + shipping - discount", at)
    }
}

pub(super) fn read(at: &At<'_>) -> Read<Order> {
    let mut order = at.object()?;
    word(&order.must("status")?, &["pending"])?;
    order.maybe("type").map(|at| word(&at, &["quick_pay"])).transpose()?;
    let catalog = order.maybe_text("catalog_id", ANY)?;
    order.maybe("expiration").map(|at| expiration(&at)).transpose()?;
    let items = items(&order.must("items")?, catalog.is_some())?;
    let subtotal_at = order.must("subtotal")?;
    let read = Order {
        subtotal: amount(&subtotal_at)?,
        tax: described(&order.must("tax")?)?,
        shipping: order.maybe("shipping").map(|at| described(&at)).transpose()?,
        discount: order.maybe("discount").map(|at| described(&at)).transpose()?,
    };
    adds_up(
        items,
        read.subtotal,
        "the sum of the items, each its sale_amount or amount times its quantity",
        &subtotal_at,
    )?;
    order.end().map(|()| read)
}

fn adds_up(sum: i128, given: i64, what: &str, at: &At<'_>) -> Read<()> {
    match sum == i128::from(given) {
        true => Ok(()),
        false => Err(Invalid::new(
            format!("{}.value", at.path),
            format!("must be {sum}, which is {what}; this is {given}"),
        )),
    }
}

/// What the items come to.
fn items(at: &At<'_>, has_catalog: bool) -> Read<i128> {
    let places = at.list(1..=ANY)?;
    let (mut sum, mut pictures) = (0_i128, false);
    for at in &places {
        let mut item = at.object()?;
        let retailer_id = item.maybe_text("retailer_id", ANY)?;
        item.text("name", NAME)?;
        let price = amount(&item.must("amount")?)?;
        let sale = item.maybe("sale_amount").map(|at| amount(&at)).transpose()?;
        let quantity = item.must("quantity")?.whole(1..=i64::MAX)?;
        if let Some(image) = item.maybe("image") {
            if has_catalog || retailer_id.is_some() {
                return Err(image.problem("must be left out where the item is of a catalog: its picture is there"));
            }
            let mut picture = image.object()?;
            picture.must("link")?.url(ANY)?;
            picture.end()?;
            pictures = true;
        }
        for member in ["country_of_origin", "importer_name"] {
            item.maybe_text(member, ANY)?;
        }
        if let Some(importer) = item.maybe("importer_address") {
            importer.object()?;
        }
        item.end()?;
        sum = sum.saturating_add(i128::from(sale.unwrap_or(price)) * i128::from(quantity));
    }
    if pictures && places.len() > MOST_WITH_PICTURES {
        let problem = format!(
            "must have at most {MOST_WITH_PICTURES} where one has an image; this has {}",
            places.len()
        );
        return Err(at.problem(problem).limit(MOST_WITH_PICTURES));
    }
    Ok(sum)
}

/// Hundredths of the currency.
pub(super) fn amount(at: &At<'_>) -> Read<i64> {
    let mut amount = at.object()?;
    let value = value(&mut amount)?;
    amount.end().map(|()| value)
}

/// The same with words.
fn described(at: &At<'_>) -> Read<i64> {
    let mut amount = at.object()?;
    let value = value(&mut amount)?;
    amount.maybe_text("description", DESCRIPTION)?;
    amount.maybe_text("discount_program_name", DESCRIPTION)?;
    amount.end().map(|()| value)
}

fn value(amount: &mut Object<'_>) -> Read<i64> {
    let offset = amount.must("offset")?;
    if offset.value != 100 && offset.value != "100" {
        return Err(offset.problem("must be 100"));
    }
    let value = amount.must("value")?;
    value.value.as_i64().filter(|it| *it >= 0).ok_or_else(|| {
        value.problem("must be a whole number of hundredths that is not negative, such as 1234 for 12.34")
    })
}

fn expiration(at: &At<'_>) -> Read<()> {
    let mut expiration = at.object()?;
    let time = expiration.must("timestamp")?;
    if seconds(time.value).is_none() {
        return Err(time.problem("must be a time in Unix seconds"));
    }
    expiration.maybe_text("description", EXPIRATION)?;
    expiration.end()
}
