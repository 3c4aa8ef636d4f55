//! What a message costs, as the `pricing` of its statuses says.

use super::admission::Case;
use crate::graph::limits::Limits;
use crate::graph::people::Person;
use crate::graph::templates::Category;
use crate::graph::time::{Moment, SECOND};

/// 1 October 2026: from then on service messages cost, but for so many a month, and utility templates cost in open windows.
const SERVICE_COSTS: Moment = 1_790_812_800 * SECOND;

/// `pricing.type`.
pub(super) fn price(
    case: &Case<'_>,
    category: Category,
    is_open: bool,
    limits: &mut Limits,
    now: Moment,
) -> &'static str {
    let free = match case.recipient.person {
        Person::Group(_) => "free_group_customer_service",
        _ => "free_customer_service",
    };
    let is_free = match category {
        Category::Authentication | Category::Marketing => false,
        Category::Utility => is_open && now < SERVICE_COSTS,
        Category::Service => now < SERVICE_COSTS || limits.is_free_service(now, case.rules.free_service_messages),
    };
    if is_free { free } else { "regular" }
}
