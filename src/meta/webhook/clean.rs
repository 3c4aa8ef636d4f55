//! Makes a body safe to read and to keep, before anything looks at it.
//!
//! JSON can say things that neither a Rust `String`, nor PostgreSQL's `TEXT` and `JSONB`, nor SQLite's JSON functions
//! can hold. One such character in one message would fail the whole batch it is stored with, so it is rewritten here,
//! once, and everything taken from the body (typed fields and `raw` texts alike) is safe:
//!
//! - bytes that are not UTF-8 become U+FFFD;
//! - `\u0000` is removed;
//! - half a surrogate pair (`\ud800` alone) becomes `\ufffd`;
//! - a number that no 64-bit integer or float holds becomes a string of the same characters;
//! - what is nested deeper than [`DEEPEST`] becomes a string of its JSON text.
//!
//! Everything else keeps its bytes; an ordinary body is borrowed, not copied. The bytes Meta signed are stored
//! elsewhere, unchanged.

use std::borrow::Cow;

/// Deepest nesting kept. serde_json stops at 128 and a reader may wrap what we hand out; Meta uses about 15.
pub(super) const DEEPEST: usize = 100;

/// Decimals longer than this, or with larger exponents than 400, are not measurements of anything.
const LONGEST_DECIMAL: usize = 64;

pub(super) fn clean(body: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(body) {
        Cow::Borrowed(text) => clean_text(text),
        Cow::Owned(text) => Cow::Owned(clean_text(&text).into_owned()),
    }
}

/// Text that is not JSON comes back as some other text that is not JSON, or comes back whole: never a panic.
pub(super) fn clean_text(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut copy = Copy {
        text,
        done: 0,
        out: String::new(),
    };
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = clean_string(&mut copy, at + 1),
            b'{' | b'[' if depth == DEEPEST => {
                let end = end_of_nest(bytes, at);
                // A bare NUL is not JSON, but quoting would make it an escape that is.
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

/// The text so far, copied only once something had to be replaced.
struct Copy<'a> {
    text: &'a str,
    done: usize,
    out: String,
}

impl<'a> Copy<'a> {
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

/// From behind the opening quote to behind the closing one.
fn clean_string(copy: &mut Copy<'_>, mut at: usize) -> usize {
    let bytes = copy.text.as_bytes();
    loop {
        match bytes.get(at) {
            None => return at,
            Some(b'"') => return at + 1,
            Some(b'\\') => match escaped_unit(bytes, at) {
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

/// The UTF-16 unit that `\uXXXX` at this place stands for.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    digits
        .iter()
        .try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}

/// Behind the bracket that closes the one at `at`, or the end of the text.
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

/// What is not a number at all is kept too: the parser is the one to refuse it.
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
    float.is_finite() && number.len() <= LONGEST_DECIMAL && exponent.is_ok_and(|it| it.abs() <= 400)
}
