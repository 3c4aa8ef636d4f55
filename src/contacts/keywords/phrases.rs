//! What people write, and what it has to be taken for: one phrase a line in `tests/fixtures/keywords/`.

use super::KeywordMatcher;

fn check(language: &'static str, file: &'static str) {
    let phrases: Vec<(&str, &str)> = file.lines().map(|line| line.split_once('\t').unwrap()).collect();
    let count = |sort: &str| phrases.iter().filter(|(expected, _)| *expected == sort).count();
    assert!(phrases.len() >= 200 && count("none") >= 60, "{language}");
    assert!(
        count("stop") >= 100 && count("start") >= 25 && count("help") >= 10,
        "{language}"
    );
    let matcher = KeywordMatcher::new(Vec::new());
    let mut wrong = Vec::new();
    for (expected, phrase) in phrases {
        for asked in [Some(language), None] {
            let found = matcher.find(phrase, || asked);
            let found = found.map_or("none", |rule| rule.action.as_str());
            if found != expected {
                wrong.push(format!("{phrase:?} is {found} and not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{language}:\n{}", wrong.join("\n"));
}

macro_rules! languages {
    ($($name:ident $language:literal)*) => {$(
        #[test]
        fn $name() {
            check($language, include_str!(concat!("../../../tests/fixtures/keywords/", $language, ".tsv")));
        }
    )*};
}

languages! {
    english "en"
    spanish "es"
    portuguese "pt"
    hindi "hi"
    arabic "ar"
    indonesian "id"
}
