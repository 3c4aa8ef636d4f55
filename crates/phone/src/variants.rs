//! Two ways to write one number, which history and WhatsApp have left in three countries.

/// Returns the other ways to write a number that may be the same person's. Both are in use as WhatsApp ids, so neither is rewritten as the other.
///
/// - Brazil: mobile numbers had eight digits after the area code and got a 9 in front (`55 AA 9XXXXXXXX`).
/// - Mexico: mobile numbers had a 1 after the country code until 2019 (`521…`).
/// - Argentina: mobile numbers have a 9 after the country code when called from abroad (`549…`).
pub fn variants(digits: &str) -> impl Iterator<Item = String> + use<> {
    other(digits).into_iter()
}

fn other(digits: &str) -> Option<String> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (code, national) = digits.split_at_checked(2)?;
    match (code, national.len()) {
        ("55", 10 | 11) => {
            let (area, local) = national.split_at(2);
            match local.strip_prefix('9') {
                Some(local) if local.len() == 8 => is_mobile(local).then(|| format!("55{area}{local}")),
                _ => (local.len() == 8 && is_mobile(local)).then(|| format!("55{area}9{local}")),
            }
        }
        ("52", 10) => Some(format!("521{national}")),
        ("52", 11) => national.strip_prefix('1').map(|rest| format!("52{rest}")),
        ("54", 10) => Some(format!("549{national}")),
        ("54", 11) => national.strip_prefix('9').map(|rest| format!("54{rest}")),
        _ => None,
    }
}

/// Returns whether a Brazilian number without area code and ninth digit is of the range of mobile numbers.
fn is_mobile(local: &str) -> bool {
    local.starts_with(['6', '7', '8', '9'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(digits: &str, expected: &[&str]) {
        assert_eq!(variants(digits).collect::<Vec<_>>(), expected, "{digits}");
        for other in expected {
            assert_eq!(variants(other).collect::<Vec<_>>(), [digits], "{other}");
        }
    }

    #[test]
    fn the_two_ways_to_write_a_number_lead_to_one_another() {
        check("5511987654321", &["551187654321"]);
        check("5521999998888", &["552199998888"]);
        check("5215512345678", &["525512345678"]);
        check("5491155550101", &["541155550101"]);
    }

    #[test]
    fn other_numbers_are_written_in_one_way() {
        for digits in [
            "551133334444", // a fixed line of Brazil
            "5511933334444",
            "919876543210",
            "4915123456789",
            "14155552671",
            "55",
            "",
            "55११987654321",
        ] {
            check(digits, &[]);
        }
    }
}
