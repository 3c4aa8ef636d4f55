//! The numbering plans against their own examples and against the crate that carries them.

use mainstay_phone::{Region, canonical, normalize, region};
use phonenumber::{
    Metadata, Mode, PhoneNumber, Type,
    metadata::{DATABASE, Descriptor},
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Kinds of numbers that can be called from abroad.
const KINDS: &[Type] = &[
    Type::FixedLine,
    Type::Mobile,
    Type::TollFree,
    Type::PremiumRate,
    Type::SharedCost,
    Type::PersonalNumber,
    Type::Voip,
    Type::Pager,
    Type::Uan,
    Type::Voicemail,
];

/// Every example number of the data: the region's data and the national number.
fn examples() -> impl Iterator<Item = (&'static Metadata, &'static str)> {
    DATABASE.iter().flat_map(|data| {
        let example = |kind: &Type| data.descriptors().get(*kind)?.example();
        KINDS.iter().filter_map(example).map(move |national| (data, national))
    })
}

#[test]
fn every_example_number_is_valid_and_is_read_back() {
    let mut seen = 0;
    for (data, national) in examples() {
        let digits = format!("{}{national}", data.country_code());
        assert_eq!(
            canonical(&digits).as_deref(),
            Some(&*digits),
            "{} {national}",
            data.id()
        );
        assert_eq!(normalize(&format!("+{digits}"), None).as_deref(), Ok(&*digits));
        if let Some(home) = Region::parse(data.id()) {
            let found = normalize(national, Some(home));
            assert_eq!(found.as_deref(), Ok(&*digits), "{home} {national}");
            let dialled = format!("{}{national}", data.national_prefix().unwrap_or(""));
            assert_eq!(
                normalize(&dialled, Some(home)).as_deref(),
                Ok(&*digits),
                "{home} {dialled}"
            );
        }
        seen += 1;
    }
    assert!(seen > 1000, "{seen} examples");
}

#[test]
fn a_mobile_number_is_of_its_region() {
    // Territories that share all of their mobile numbers with a neighbour.
    let shared = [
        "AX FI", "IM GB", "BL GP", "MF GP", "CC AU", "CX AU", "EH MA", "SJ NO", "VA IT", "YT RE",
    ];
    for data in DATABASE.iter() {
        let Some(national) = data.descriptors().mobile().and_then(Descriptor::example) else {
            continue;
        };
        let found = region(&format!("{}{national}", data.country_code()));
        if found != Region::parse(data.id()) {
            let pair = format!("{} {}", data.id(), found.map(|it| it.to_string()).unwrap_or_default());
            assert!(shared.contains(&&*pair), "{pair}");
        }
    }
    assert_eq!(region("80012345678"), None, "a number of no country");
    assert_eq!(region("14165550123"), Region::parse("CA"));
    assert_eq!(region("5215512345678"), Region::parse("MX"), "as WhatsApp writes it");
}

/// The crate's own answer differs from libphonenumber's in three ways: it takes a number whose beginning is one (its patterns are not anchored
/// at the end), it removes two zeros behind a country code, and it takes the 8 of `+7 800 …` for what is dialled before a number within the
/// country. Ours differs in one: Brazil's old mobile numbers are WhatsApp ids.
#[test]
fn a_number_is_valid_if_the_crate_says_so_but_for_what_it_gets_wrong() {
    let (mut compared, mut differ) = (0, 0);
    for (data, national) in examples() {
        for (at, digit) in (0..national.len()).flat_map(|at| ["0", "7", ""].map(|digit| (at, digit))) {
            let digits = format!(
                "{}{}{digit}{}",
                data.country_code(),
                &national[..at],
                &national[at + 1..]
            );
            let theirs = phonenumber::parse(None, format!("+{digits}"))
                .ok()
                .filter(PhoneNumber::is_valid);
            let theirs = theirs.map(|it| it.format().mode(Mode::E164).to_string()[1..].to_owned());
            let ours = canonical(&digits);
            compared += 1;
            if ours == theirs {
                continue;
            }
            differ += 1;
            match (&ours, &theirs) {
                (Some(_), None) => assert!(
                    ["7", "370", "375", "55"].iter().any(|code| digits.starts_with(code)),
                    "{digits}"
                ),
                (None, Some(theirs)) => assert!(
                    theirs.len() + 2 == digits.len() || is_matched_in_part(data.country_code(), theirs),
                    "{digits}"
                ),
                _ => panic!("{digits}: {ours:?}, {theirs:?}"),
            }
        }
    }
    assert!(compared > 5_000 && differ * 50 < compared, "{differ} of {compared}");
}

/// Returns whether the patterns of a code match a beginning of a number at most.
fn is_matched_in_part(code: u16, digits: &str) -> bool {
    let national = &digits[code.to_string().len()..];
    let regions = DATABASE.by_code(&code).unwrap();
    let mut kinds = regions
        .iter()
        .flat_map(|data| KINDS.iter().filter_map(|kind| data.descriptors().get(*kind)));
    kinds.all(|kind| {
        kind.national_number()
            .find(national)
            .is_none_or(|found| found.len() < national.len())
    })
}

#[test]
fn threads_read_numbers_at_the_same_time() {
    let numbers: Vec<String> = examples()
        .map(|(data, national)| format!("{}{national}", data.country_code()))
        .collect();
    thread::scope(|scope| {
        for start in 0..64 {
            let numbers = &numbers;
            scope.spawn(move || {
                for digits in numbers.iter().skip(start * 11).step_by(7) {
                    assert_eq!(canonical(digits).as_deref(), Some(&**digits));
                }
            });
        }
    });
}

#[test]
#[ignore = "measures: cargo test --release -p mainstay-phone -- --ignored --nocapture"]
fn a_number_of_any_country_takes_microseconds() {
    let mobile = |data: &Metadata| {
        Some(format!(
            "{}{}",
            data.country_code(),
            data.descriptors().mobile()?.example()?
        ))
    };
    let mut numbers: Vec<String> = DATABASE.iter().filter_map(mobile).collect();
    numbers.sort();
    let numbers: Vec<&String> = numbers.iter().step_by(numbers.len() / 40).take(40).collect();
    let round = || {
        let begun = Instant::now();
        for digits in &numbers {
            assert!(canonical(digits).is_some());
            assert!(normalize(digits, None).is_ok());
        }
        begun.elapsed() / 80
    };
    let first = round();
    let warm = (0..1000).map(|_| round()).sum::<Duration>() / 1000;
    println!("40 countries in turn: {first:?} a number at first, {warm:?} warm");
    assert!(warm < Duration::from_micros(3), "{warm:?}");
}
