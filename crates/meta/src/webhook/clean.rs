//! Sanitises a body before it is parsed.
//!
//! JSON can express what neither a Rust `String`, nor PostgreSQL's `TEXT` and `JSONB`, nor SQLite's JSON functions can hold. One such
//! character in one message would fail the whole batch it is stored with, so it is rewritten here, once, and everything taken from the body
//! (typed fields and `raw` texts alike) is safe:
//!
//! - bytes that are not UTF-8 become U+FFFD;
//! - `\u0000` is removed;
//! - an unpaired surrogate (`\ud800` alone) becomes `\ufffd`;
//! - a number that no 64-bit integer or float holds becomes a string of the same characters;
//! - a value nested deeper than [`MAX_DEPTH`] becomes a string of its JSON text.
//!
//! Everything else keeps its bytes; an ordinary body is borrowed, not copied. The signed bytes are stored separately, unchanged.

use std::borrow::Cow;

/// Maximum nesting. serde_json stops at 128 and readers may wrap what they get; Meta uses about 15.
pub(super) const MAX_DEPTH: usize = 100;

/// Maximum length of a decimal; its exponent is limited to ±400. Beyond that it is no measurement.
const MAX_DECIMAL_CHARS: usize = 64;

pub(super) fn clean(body: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(body) {
        Cow::Borrowed(text) => clean_text(text),
        Cow::Owned(text) => Cow::Owned(clean_text(&text).into_owned()),
    }
}

/// Sanitises JSON text. Text that is not JSON stays text that is not JSON; never panics.
pub(super) fn clean_text(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut copy = CleanCopy {
        text,
        done: 0,
        out: String::new(),
    };
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = clean_string(&mut copy, at + 1),
            b'{' | b'[' if depth == MAX_DEPTH => {
                let end = end_of_nest(bytes, at);
                // A bare NUL is invalid JSON, but quoting would turn it into a valid escape.
                let nest = text[at..end].replace('\0', "");
                copy.replace(at, end, &serde_json::Value::from(nest).to_string());
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let end = end_of_number(bytes, at);
                let number = &text[at..end];
                if !is_keepable(number) {
                    copy.replace(at, end, &format!("\"{number}\""));
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    copy.finish()
}

/// The output so far, copied only once something is replaced.
struct CleanCopy<'a> {
    text: &'a str,
    done: usize,
    out: String,
}

impl<'a> CleanCopy<'a> {
    fn replace(&mut self, start: usize, end: usize, with: &str) {
        self.out.push_str(&self.text[self.done..start]);
        self.out.push_str(with);
        self.done = end;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.done == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.done..]);
        Cow::Owned(self.out)
    }
}

/// Sanitises a string from behind its opening quote. Returns the position behind the closing one.
fn clean_string(copy: &mut CleanCopy<'_>, mut at: usize) -> usize {
    let bytes = copy.text.as_bytes();
    loop {
        match bytes.get(at) {
            None => return at,
            Some(b'"') => return at + 1,
            Some(b'\\') => match escaped_unit(bytes, at) {
                // A `\u` without four digits: no JSON. Removing an escape behind it could complete it.
                None if bytes.get(at + 1) == Some(&b'u') => return bytes.len(),
                None => at += 2,
                Some(0) => {
                    copy.replace(at, at + 6, "");
                    at += 6;
                }
                Some(0xD800..0xDC00) if matches!(escaped_unit(bytes, at + 6), Some(0xDC00..0xE000)) => at += 12,
                Some(0xD800..0xE000) => {
                    copy.replace(at, at + 6, "\\ufffd");
                    at += 6;
                }
                Some(_) => at += 6,
            },
            Some(_) => at += 1,
        }
    }
}

/// Parses the `\uXXXX` at this position into its UTF-16 code unit.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    digits
        .iter()
        .try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}

/// Returns the position behind the bracket that closes the one at `at`, or the end of the text.
fn end_of_nest(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    let mut in_string = false;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => at += 1,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

fn end_of_number(bytes: &[u8], at: usize) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    at + bytes[at..].iter().take_while(|byte| is_part(byte)).count()
}

/// Returns whether the number fits. Text that is not a number is kept for the parser to reject.
fn is_keepable(number: &str) -> bool {
    if number.len() <= 18 && !number.contains(['e', 'E']) {
        return true;
    }
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let Ok(float) = number.parse::<f64>() else { return true };
    let exponent = number
        .split_once(['e', 'E'])
        .map_or(Ok(0), |(_, exponent)| exponent.parse::<i32>());
    float.is_finite() && number.len() <= MAX_DECIMAL_CHARS && exponent.is_ok_and(|it| it.abs() <= 400)
}
