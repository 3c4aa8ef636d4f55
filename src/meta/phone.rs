/// A phone number as it is kept and shown everywhere: its digits, with the country code; `None` if it has none. Graph displays
/// `+1 631-555-5555`, webhooks `16315555555`.
pub fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}
