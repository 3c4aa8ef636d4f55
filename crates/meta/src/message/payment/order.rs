//! Items and sums of an order, which must add up.

use super::{
    super::{
        Invalid,
        read::{Field, FieldResult, Object, UNLIMITED},
    },
    exact_one_of, unix_seconds,
};

const NAME: usize = 60;
const DESCRIPTION: usize = 60;
const EXPIRATION: usize = 120;
/// Maximum number of items if any has its own image.
const MAX_WITH_PICTURES: usize = 10;

/// Sums of an order, in hundredths of the currency.
pub(super) struct OrderTotals {
    subtotal: i64,
    tax: i64,
    pub shipping: Option<i64>,
    discount: Option<i64>,
}

impl OrderTotals {
    /// Checks that the total is the sum of its parts.
    pub fn check_total(&self, total: i64, at: &Field<'_>) -> FieldResult<()> {
        let sum = i128::from(self.subtotal) + i128::from(self.tax) + i128::from(self.shipping.unwrap_or(0))
            - i128::from(self.discount.unwrap_or(0));
        check_sum(sum, total, "subtotal + tax + shipping - discount", at)
    }
}

pub(super) fn read(at: &Field<'_>) -> FieldResult<OrderTotals> {
    let mut order = at.object()?;
    exact_one_of(&order.required("status")?, &["pending"])?;
    order
        .optional("type")
        .map(|at| exact_one_of(&at, &["quick_pay"]))
        .transpose()?;
    let catalog = order.optional_text("catalog_id", UNLIMITED)?;
    order.optional("expiration").map(|at| expiration(&at)).transpose()?;
    let items = items(&order.required("items")?, catalog.is_some())?;
    let subtotal_at = order.required("subtotal")?;
    let read = OrderTotals {
        subtotal: amount(&subtotal_at)?,
        tax: amount_with_description(&order.required("tax")?)?,
        shipping: order
            .optional("shipping")
            .map(|at| amount_with_description(&at))
            .transpose()?,
        discount: order
            .optional("discount")
            .map(|at| amount_with_description(&at))
            .transpose()?,
    };
    check_sum(
        items,
        read.subtotal,
        "the sum of the items, each its sale_amount or amount times its quantity",
        &subtotal_at,
    )?;
    order.deny_unknown().map(|()| read)
}

fn check_sum(sum: i128, given: i64, what: &str, at: &Field<'_>) -> FieldResult<()> {
    match sum == i128::from(given) {
        true => Ok(()),
        false => Err(Invalid::new(
            format!("{}.value", at.path),
            format!("must be {sum}, which is {what}; this is {given}"),
        )),
    }
}

/// Validates the items. Returns their sum.
fn items(at: &Field<'_>, has_catalog: bool) -> FieldResult<i128> {
    let item_list = at.list(1..=UNLIMITED)?;
    let (mut sum, mut pictures) = (0_i128, false);
    for at in &item_list {
        let mut item = at.object()?;
        let retailer_id = item.optional_text("retailer_id", UNLIMITED)?;
        item.text("name", NAME)?;
        let price = amount(&item.required("amount")?)?;
        let sale = item.optional("sale_amount").map(|at| amount(&at)).transpose()?;
        let quantity = item.required("quantity")?.integer(1..=i64::MAX)?;
        if let Some(image) = item.optional("image") {
            if has_catalog || retailer_id.is_some() {
                return Err(image.problem("must be left out where the item is of a catalog: its picture is there"));
            }
            let mut picture = image.object()?;
            picture.required("link")?.url(UNLIMITED)?;
            picture.deny_unknown()?;
            pictures = true;
        }
        for member in ["country_of_origin", "importer_name"] {
            item.optional_text(member, UNLIMITED)?;
        }
        if let Some(importer) = item.optional("importer_address") {
            importer.object()?;
        }
        item.deny_unknown()?;
        sum = sum.saturating_add(i128::from(sale.unwrap_or(price)) * i128::from(quantity));
    }
    if pictures && item_list.len() > MAX_WITH_PICTURES {
        let problem = format!(
            "must have at most {MAX_WITH_PICTURES} where one has an image; this has {}",
            item_list.len()
        );
        return Err(at.problem(problem).limit(MAX_WITH_PICTURES));
    }
    Ok(sum)
}

/// Reads an amount in hundredths of the currency.
pub(super) fn amount(at: &Field<'_>) -> FieldResult<i64> {
    let mut amount = at.object()?;
    let value = value(&mut amount)?;
    amount.deny_unknown().map(|()| value)
}

/// Reads an amount with a description.
fn amount_with_description(at: &Field<'_>) -> FieldResult<i64> {
    let mut amount = at.object()?;
    let value = value(&mut amount)?;
    amount.optional_text("description", DESCRIPTION)?;
    amount.optional_text("discount_program_name", DESCRIPTION)?;
    amount.deny_unknown().map(|()| value)
}

fn value(amount: &mut Object<'_>) -> FieldResult<i64> {
    let offset = amount.required("offset")?;
    if offset.value != 100 && offset.value != "100" {
        return Err(offset.problem("must be 100"));
    }
    let value = amount.required("value")?;
    value.value.as_i64().filter(|it| *it >= 0).ok_or_else(|| {
        value.problem("must be a whole number of hundredths that is not negative, such as 1234 for 12.34")
    })
}

fn expiration(at: &Field<'_>) -> FieldResult<()> {
    let mut expiration = at.object()?;
    let time = expiration.required("timestamp")?;
    if unix_seconds(time.value).is_none() {
        return Err(time.problem("must be a time in Unix seconds"));
    }
    expiration.optional_text("description", EXPIRATION)?;
    expiration.deny_unknown()
}
