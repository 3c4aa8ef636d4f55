use crate::{PhoneError, Region, canonical, normalize, region, variants};
use proptest::prelude::*;

fn check(text: &str, home: &str, expected: Result<&str, PhoneError>) {
    let found = normalize(text, Region::parse(home));
    assert_eq!(
        found.as_deref().map_err(|error| *error),
        expected,
        "{text:?} in {home:?}"
    );
}

#[test]
fn an_international_number_is_read_however_it_is_written() {
    for text in [
        "+4915123456789",
        "+49 (0)151 23456789",
        "+49 0151 23456789",
        "0049 151 234 567 89",
        "0049 (0) 151/23456789",
        "49 151 2345-6789",
        "49 (0)151.23456789",
        "(+49) 151 23456789",
        "+0049 151 23456789",
        "'+49 151 23456789",
        "'4915123456789",
        "\u{202a}+49 151 23456789\u{202c}",
        "\u{200e}+49\u{a0}151\u{200b}23456789",
        "\u{feff}+49 151 23456789\r\n",
        "＋４９ １５１ ２３４５６７８９",
        "+٤٩ ١٥١ ٢٣٤٥٦٧٨٩",
        "+४९ १५१ २३४५६७८९",
        "+49–151–23456789",
        "4915123456789.0",
    ] {
        check(text, "", Ok("4915123456789"));
        check(text, "DE", Ok("4915123456789"));
        if text.contains('+') {
            check(text, "IN", Ok("4915123456789"));
        }
    }
}

#[test]
fn a_national_number_is_of_the_default_country() {
    check("098765 43210", "IN", Ok("919876543210"));
    check("98765-43210", "IN", Ok("919876543210"));
    check("919876543210", "IN", Ok("919876543210"));
    check("0343 15 555 1212", "AR", Ok("5493435551212"));
    check("11 15 5555 0101", "AR", Ok("5491155550101"));
    check("06 698 12345", "IT", Ok("390669812345"));
    check("+39 (0)6 69812345", "", Ok("390669812345"));
    check("333 1234567", "IT", Ok("393331234567"));
    check("0151 23456789", "DE", Ok("4915123456789"));
    check("(0)151 23456789", "DE", Ok("4915123456789"));
    check("15123456789", "DE", Ok("4915123456789"));
    check("0812-3456-7890", "ID", Ok("6281234567890"));
    check("6281234567890", "ID", Ok("6281234567890"));
    check("8 (916) 123-45-67", "RU", Ok("79161234567"));
    check("(650) 253-0000", "US", Ok("16502530000"));
    check("1 650 253 0000", "US", Ok("16502530000"));
    check("(11) 98765-4321", "BR", Ok("5511987654321"));
    check("011 98765-4321", "BR", Ok("5511987654321"));
    check("0 31 11 98765-4321", "BR", Ok("5511987654321"));
    check("(11) 8765-4321", "BR", Ok("551187654321"));
    check("464 1234", "AG", Ok("12684641234"));
    check("0912 345 678", "TW", Ok("886912345678"));
    check("050 123 4567", "AE", Ok("971501234567"));
    check("06 20 123 4567", "HU", Ok("36201234567"));
}

#[test]
fn what_is_dialled_before_calls_abroad_is_removed() {
    check("011 49 151 23456789", "US", Ok("4915123456789"));
    check("0011 49 151 23456789", "AU", Ok("4915123456789"));
    check("0055 11 98765 4321", "BR", Ok("5511987654321"));
    check("8 10 49 151 23456789", "RU", Ok("4915123456789"));
    check("0091 98765 43210", "IN", Ok("919876543210"));
}

#[test]
fn what_whatsapp_writes_is_valid() {
    for digits in [
        "5215512345678",
        "525512345678",
        "551187654321",
        "5511987654321",
        "5491155550101",
        "541155550101",
    ] {
        check(digits, "", Ok(digits));
        assert!(variants(digits).all(|other| canonical(&other).as_deref() == Some(&*other)));
    }
}

#[test]
fn what_is_no_number_says_why() {
    use PhoneError::*;
    for text in ["9.19E+11", "9,19E+11", "9.19876543210E+11", "9E11", "'9.19e+11"] {
        check(text, "IN", Err(Scientific));
    }
    for text in ["098765 43210", "0151 23456789", "650 253 0000", "15112345678"] {
        check(text, "", Err(AmbiguousCountry));
    }
    for text in [
        "call me",
        "+49 151 ABC",
        "0151 23456789, 0151 23456780",
        "++49 151 23456789",
        "+49+15123456789",
        "151+23456789",
        "n/a",
    ] {
        check(text, "DE", Err(Characters));
    }
    for text in ["", " ", "+", "-", "+49", "12"] {
        check(text, "DE", Err(TooShort));
    }
    check("12345", "", Err(TooShort));
    check("+49 151 23456789 0151 23456789", "DE", Err(TooLong));
    check(&"1".repeat(10_000), "DE", Err(TooLong));
    check("+49 0000 0000", "DE", Err(Unassigned));
    check("98765432101", "IN", Err(Unassigned));
}

#[test]
fn a_region_is_two_letters_with_a_plan() {
    assert_eq!(Region::parse("in").map(|it| it.to_string()), Some("IN".into()));
    for text in ["", "I", "IND", "XX", "00", "é", "+1"] {
        assert_eq!(Region::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}|[+'0-9eE.,()]{0,30}", home in "[A-Z]{2}") {
        let _ = normalize(&text, Region::parse(&home));
        let _ = (canonical(&text), region(&text), variants(&text).count());
    }

    #[test]
    fn what_is_read_is_read_again_as_it_is(text in "[+'0-9 ().-]{6,20}", home in "(DE|IN|BR|US|AR|IT|MX|AU|RU|JP)") {
        if let Ok(digits) = normalize(&text, Region::parse(&home)) {
            prop_assert_eq!(normalize(&digits, None), Ok(digits.clone()));
            prop_assert_eq!(normalize(&format!("+{digits}"), Region::parse(&home)), Ok(digits));
        }
    }
}

#[test]
fn a_country_code_without_plus_is_read_as_one_where_the_number_could_be_both() {
    check("493012345108", "DE", Ok("493012345108"));
    check("4915123456789", "DE", Ok("4915123456789"));
    check("9198765432", "IN", Ok("919198765432"));
}
