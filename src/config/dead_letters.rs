//! The ladder of dead letters.

use chrono::TimeDelta;

use super::{ConfigError, Environment, parse::number};
use crate::queue::dead_letters::{Ladder, MAX_REVIVALS};

const LADDER: &str = "MAINSTAY_DEAD_LETTER_LADDER";
/// Longest rung.
const LONGEST: TimeDelta = TimeDelta::days(30);

/// Reads how often dead jobs are revived, and after which times.
pub(super) fn ladder(environment: &Environment) -> Result<Ladder, ConfigError> {
    const CURE: &str = "list 1 to 6 waiting times of 1 s to 30 days, at least as many as MAINSTAY_DEAD_LETTER_RETRIES, such as 1m,5m,30m";
    let retries = number(
        "MAINSTAY_DEAD_LETTER_RETRIES",
        &environment.dead_letter_retries,
        0..=MAX_REVIVALS,
    )?;
    let listed = environment.dead_letter_ladder.split(',').map(str::trim);
    let rungs: Option<Vec<TimeDelta>> = listed.map(rung).collect();
    let rungs = rungs.ok_or_else(|| ConfigError::new(LADDER, "not a list of waiting times", CURE))?;
    if rungs.len() < retries || rungs.len() > MAX_REVIVALS {
        return Err(ConfigError::new(LADDER, format!("has {} rungs", rungs.len()), CURE));
    }
    Ok(Ladder::new(rungs.into_iter().take(retries).collect()))
}

/// Parses a waiting time, such as `30m`.
fn rung(text: &str) -> Option<TimeDelta> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u32 = digits.parse().ok()?;
    let unit = match unit {
        "s" => TimeDelta::seconds(1),
        "m" => TimeDelta::minutes(1),
        "h" => TimeDelta::hours(1),
        _ => return None,
    };
    let rung = unit * i32::try_from(count).ok()?;
    (rung > TimeDelta::zero() && rung <= LONGEST).then_some(rung)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(retries: &str, ladder: &str) -> Result<Ladder, String> {
        let mut environment = <Environment as clap::Parser>::try_parse_from(std::iter::empty::<&str>()).unwrap();
        environment.dead_letter_retries = retries.to_owned();
        environment.dead_letter_ladder = ladder.to_owned();
        super::ladder(&environment).map_err(|error| error.to_string())
    }

    #[test]
    fn as_many_rungs_are_used_as_there_are_retries() {
        let ladder = read("3", "1m,5m,30m,2h,12h,24h").unwrap();
        assert_eq!(ladder.revivals(), 3);
        let died = chrono::DateTime::UNIX_EPOCH;
        assert_eq!(ladder.next(2, died), Some(died + TimeDelta::minutes(30)));
        assert_eq!(ladder.next(3, died), None);
        assert_eq!(read("0", "1s").unwrap().revivals(), 0);
        assert_eq!(read("2", "90s, 2h").unwrap().revivals(), 2);
    }

    #[test]
    fn a_ladder_that_cannot_be_names_its_variable() {
        for (retries, ladder) in [
            ("3", "1m,5m"),
            ("1", ""),
            ("1", "1d"),
            ("1", "0m"),
            ("1", "721h"),
            ("1", "1m,1m,1m,1m,1m,1m,1m"),
        ] {
            let error = read(retries, ladder).unwrap_err();
            assert!(error.starts_with("MAINSTAY_DEAD_LETTER_LADDER"), "{error}");
        }
        let error = read("7", "1m").unwrap_err();
        assert!(error.starts_with("MAINSTAY_DEAD_LETTER_RETRIES"), "{error}");
    }
}
