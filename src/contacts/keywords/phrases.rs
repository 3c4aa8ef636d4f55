//! What people write, and what it has to be taken for: one phrase a line in `tests/fixtures/keywords/`.

use super::{KeywordMatcher, builtin_rules};

/// The phrases of a language: what each has to be taken for, and the phrase.
fn phrases(file: &'static str) -> Vec<(&'static str, &'static str)> {
    file.lines().map(|line| line.split_once('\t').expect("a tab")).collect()
}

fn check(language: &str, file: &'static str) {
    let (all, spoken) = (KeywordMatcher::new(builtin_rules()), builtin_rules().filter(|it| it.language == language));
    let spoken = KeywordMatcher::new(spoken);
    let phrases = phrases(file);
    let count = |sort: &str| phrases.iter().filter(|(expected, _)| *expected == sort).count();
    assert!(phrases.len() >= 200 && count("none") >= 60, "{language}: {} phrases", phrases.len());
    assert!(count("stop") >= 100 && count("start") >= 25 && count("help") >= 10, "{language}");
    let mut wrong = Vec::new();
    for (expected, phrase) in phrases {
        for matcher in [&all, &spoken] {
            let found = matcher.find(phrase, Some(language)).map_or("none", |rule| rule.action.as_str());
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
