/// Normalises a phone number to its digits with the country code, the form in which it is stored and shown; `None` without digits. Graph
/// displays `+1 631-555-5555`, webhooks `16315555555`.
pub fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}
