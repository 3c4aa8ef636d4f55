//! What became of an order.

use super::{
    super::read::{At, Read},
    Country, reference, seconds, word,
};

/// Meta's pages write the third both ways.
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

/// Checks what stands under `parameters` of `review_order`, or under `order_status` of a template.
pub(in crate::meta::message) fn read(at: &At<'_>) -> Read<()> {
    let mut status = at.object()?;
    // The order knows its country; the longer of the two limits holds for both.
    reference(&status.must("reference_id")?, Country::Brazil)?;
    let (order, payment) = (status.maybe("order"), status.maybe("payment"));
    if order.is_none() && payment.is_none() {
        return Err(status.problem("must have order, with its status, or payment"));
    }
    if let Some(at) = order {
        let mut order = at.object()?;
        word(&order.must("status")?, STATUSES)?;
        order.maybe_text("description", DESCRIPTION)?;
        order.end()?;
    }
    if let Some(at) = payment {
        let mut payment = at.object()?;
        word(&payment.must("status")?, &["pending", "captured", "failed"])?;
        if let Some(at) = payment.maybe("timestamp")
            && seconds(at.value).is_none()
        {
            return Err(at.problem("must be a time in Unix seconds"));
        }
        payment.end()?;
    }
    status.end()
}
