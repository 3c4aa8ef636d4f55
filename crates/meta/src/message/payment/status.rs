//! Status updates of an order.

use super::{
    super::read::{Field, FieldResult},
    Country, exact_one_of, reference, unix_seconds,
};

/// Meta's pages spell the third in two ways.
const STATUSES: &[&str] = &[
    "pending",
    "processing",
    "partially-shipped",
    "partially_shipped",
    "shipped",
    "completed",
    "canceled",
];
const DESCRIPTION: usize = 120;

/// Validates `parameters` of `review_order`, or `order_status` of a template.
pub(in crate::message) fn read(at: &Field<'_>) -> FieldResult<()> {
    let mut status = at.object()?;
    // The country is unknown here, so the longer limit applies.
    reference(&status.required("reference_id")?, Country::Brazil)?;
    let (order, payment) = (status.optional("order"), status.optional("payment"));
    if order.is_none() && payment.is_none() {
        return Err(status.problem("must have order, with its status, or payment"));
    }
    if let Some(at) = order {
        let mut order = at.object()?;
        exact_one_of(&order.required("status")?, STATUSES)?;
        order.optional_text("description", DESCRIPTION)?;
        order.deny_unknown()?;
    }
    if let Some(at) = payment {
        let mut payment = at.object()?;
        exact_one_of(&payment.required("status")?, &["pending", "captured", "failed"])?;
        if let Some(at) = payment.optional("timestamp")
            && unix_seconds(at.value).is_none()
        {
            return Err(at.problem("must be a time in Unix seconds"));
        }
        payment.deny_unknown()?;
    }
    status.deny_unknown()
}
