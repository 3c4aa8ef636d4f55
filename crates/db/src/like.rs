/// Escapes a text for `LIKE … ESCAPE '!'`, so that it matches only itself. (The databases treat a backslash differently.)
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
