//! The language that a customer most likely reads, by the country of their number.

use crate::phone;

/// Countries by language, for the languages of the built-in rules. In a country that is not listed the first rule decides.
const COUNTRIES: &[(&str, &[&str])] = &[
    (
        "es",
        &[
            "AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "ES", "GQ", "GT", "HN", "MX", "NI", "PA", "PE", "PY", "SV",
            "UY", "VE",
        ],
    ),
    ("pt", &["AO", "BR", "CV", "GW", "MZ", "PT", "ST", "TL"]),
    (
        "ar",
        &[
            "AE", "BH", "DZ", "EG", "IQ", "JO", "KW", "LB", "LY", "MA", "MR", "OM", "PS", "QA", "SA", "SD", "SY", "TN",
            "YE",
        ],
    ),
    ("id", &["ID"]),
];

/// Returns the language of the country of a number; `None` where it decides nothing.
pub(crate) fn likely_language(number: &str) -> Option<&'static str> {
    let region = phone::region(number)?;
    let speaks = |(_, countries): &&(&str, &[&str])| countries.contains(&region.as_str());
    COUNTRIES.iter().find(speaks).map(|(language, _)| *language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_a_language_where_its_country_has_one() {
        for (number, language) in [
            ("5511987654321", Some("pt")),
            ("5215512345678", Some("es")),
            ("966501234567", Some("ar")),
            ("6281234567890", Some("id")),
            ("919876543210", None),
            ("4915123456789", None),
            ("", None),
        ] {
            assert_eq!(likely_language(number), language, "{number}");
        }
    }
}
