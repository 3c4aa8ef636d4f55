/// The text as a pattern that matches only itself, for `LIKE … ESCAPE '!'`. (A backslash would be read differently by the two
/// databases.)
pub fn like_literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::like_literal;

    #[test]
    fn wildcards_stand_for_themselves() {
        assert_eq!(like_literal("100% of_it!"), "100!% of!_it!!");
    }
}
