//! From what people write to a number.

use crate::{
    PhoneError, Region,
    plan::{self, NumberingPlan, Rules},
    variants,
    written::Written,
};

/// Fewest and most digits of a number with its country code (ITU-T E.164 allows 15; no country has numbers with fewer than 7).
const SHORTEST: usize = 7;
const LONGEST: usize = 15;

/// Reads a phone number as people and spreadsheets write it, and returns its digits with the country code.
///
/// 1. With `+` or `00`, or what is dialled before calls abroad in the default country, it is international. A zero that is dialled within
///    the country only is removed: `+49 (0)151 …`, `+49 0151 …`.
/// 2. Otherwise, with a default country, it is a number of this country, with or without what is dialled before it there and with or without
///    the country code. Where several readings are valid, a mobile number is preferred, and then the reading with country code.
/// 3. Otherwise the digits have to be a valid international number as they are.
pub fn normalize(text: &str, default: Option<Region>) -> Result<String, PhoneError> {
    let written = Written::parse(text)?;
    let home = default.and_then(plan::of_region);
    if written.has_plus {
        let found = written
            .readings()
            .find_map(|digits| canonical(digits.strip_prefix("00").unwrap_or(&digits)));
        return found.ok_or_else(|| refusal(&written.digits, SHORTEST));
    }
    if written.digits.starts_with("00") {
        let found = written
            .readings()
            .find_map(|digits| canonical(digits.strip_prefix("00")?));
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let Some((plan, rules)) = home else {
        let found = written
            .readings()
            .find_map(|digits| is_valid(&digits).then_some(digits));
        return found.ok_or_else(|| match refusal(&written.digits, SHORTEST) {
            PhoneError::Unassigned => PhoneError::AmbiguousCountry,
            other => other,
        });
    };
    let found = written.readings().find_map(|digits| at_home(&digits, plan, rules));
    found.ok_or_else(|| refusal(&written.digits, 4))
}

/// Returns the digits of a valid number as they are dialled from abroad, without a zero behind the country code that is dialled within the
/// country only; `None` if they are not valid.
pub fn canonical(digits: &str) -> Option<String> {
    if is_valid(digits) {
        return Some(digits.to_owned());
    }
    let (plan, dialled) = plan::split(digits)?;
    let main = plan.regions.first()?;
    main.without_trunk(dialled).find_map(|national| full(plan, &national))
}

/// Reads digits that were written without `+` by somebody in a country.
fn at_home(digits: &str, plan: &NumberingPlan, rules: &Rules) -> Option<String> {
    let as_it_is = full(plan, digits);
    let dialled = rules.without_trunk(digits).find_map(|national| full(plan, &national));
    let international = digits.strip_prefix(&*plan.code).and_then(|_| canonical(digits));
    let readings: Vec<String> = [international, as_it_is, dialled].into_iter().flatten().collect();
    let is_mobile = |digits: &&String| plan.has_mobile(&digits[plan.code.len()..]);
    let found = readings.iter().find(is_mobile).or(readings.first()).cloned();
    found.or_else(|| canonical(rules.without_international_prefix(digits)?))
}

/// Returns a national number with its country code if it is valid.
fn full(plan: &NumberingPlan, national: &str) -> Option<String> {
    let digits = format!("{}{national}", plan.code);
    is_valid(&digits).then_some(digits)
}

/// Returns whether a numbering plan has the number, or its other way of writing, which WhatsApp uses where the plan has left it behind.
fn is_valid(digits: &str) -> bool {
    let has = |digits: &str| plan::split(digits).is_some_and(|(plan, national)| plan.has(national));
    digits.len() <= LONGEST && (has(digits) || variants(digits).any(|other| has(&other)))
}

/// Says what is wrong with digits that are no number.
fn refusal(digits: &str, shortest: usize) -> PhoneError {
    match digits.trim_start_matches("00").len() {
        length if length < shortest => PhoneError::TooShort,
        length if length > LONGEST => PhoneError::TooLong,
        _ => PhoneError::Unassigned,
    }
}
