//! What kind of line a number belongs to.

use crate::plan;

/// The kind of line that a numbering plan gives a number to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    Mobile,
    Landline,
    /// The plan gives such numbers to both, or to services.
    Unknown,
}

/// Returns the kind of line of a valid number.
pub fn line(digits: &str) -> Line {
    let found = of(digits);
    let other = || crate::variants(digits).map(|other| of(&other));
    match found {
        Line::Unknown => other().find(|it| *it != Line::Unknown).unwrap_or(found),
        found => found,
    }
}

fn of(digits: &str) -> Line {
    let Some((plan, national)) = plan::split(digits) else {
        return Line::Unknown;
    };
    match (plan.has_mobile(national), plan.has_landline(national)) {
        (true, false) => Line::Mobile,
        (false, true) => Line::Landline,
        _ => Line::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_says_what_line_a_number_has() {
        for (digits, expected) in [
            ("4915123456789", Line::Mobile),
            ("4930123456", Line::Landline),
            ("919876543210", Line::Mobile),
            ("5511987654321", Line::Mobile),
            ("551187654321", Line::Mobile),
            ("551133334444", Line::Landline),
            ("5491155550101", Line::Mobile),
            // Landlines and mobile phones share the numbers of North America.
            ("14155552671", Line::Unknown),
            ("80012345678", Line::Unknown),
            ("999999999", Line::Unknown),
        ] {
            assert_eq!(line(digits), expected, "{digits}");
        }
    }
}
