//! Planned times in twelve zones over two years, against what the clocks on the wall show.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use mainstay::schedule::plan::CronPlan;

/// Zones whose clocks are set at night, at midnight, in the evening, by half an hour, by two hours, around Ramadan, or never.
const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "America/Nuuk",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Antarctica/Troll",
    "Asia/Kolkata",
];

fn years() -> (NaiveDate, NaiveDate) {
    let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    (day(2026), day(2028))
}

fn local(zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&zone).naive_local()
}

/// The first instant at which the clocks show this time or a later one.
fn first_instant(zone: Tz, planned: NaiveDateTime) -> DateTime<Utc> {
    let offset = planned - local(zone, planned.and_utc());
    let begin = planned.and_utc() + offset - TimeDelta::hours(4);
    let minutes = (0..).map(|minute| begin + TimeDelta::minutes(minute));
    assert!(local(zone, begin) < planned);
    let mut after = minutes.skip_while(|at| local(zone, *at) < planned);
    after.next().unwrap()
}

/// The instants in the two years at which the clocks of a zone are set.
fn transitions(zone: Tz) -> Vec<DateTime<Utc>> {
    let (from, to) = years();
    let hour = |n: i64| from.and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::hours(n);
    let offset = |at: DateTime<Utc>| local(zone, at) - at.naive_utc();
    let hours = (to - from).num_hours();
    (1..hours)
        .filter(|n| offset(hour(*n)) != offset(hour(n - 1)))
        .map(hour)
        .collect()
}

#[test]
fn a_fixed_time_is_due_once_a_day_also_where_the_clocks_skip_or_repeat_it() {
    let (from, to) = years();
    let mut moved = 0;
    for name in ZONES {
        let zone: Tz = name.parse().unwrap();
        for (hour, minute) in [(0, 15), (2, 30), (23, 30)] {
            let plan = CronPlan::parse(&format!("{minute} {hour} * * *"), name).unwrap();
            let mut at = first_instant(zone, from.and_hms_opt(hour, minute, 0).unwrap()) - TimeDelta::minutes(1);
            let mut day = from;
            while day < to {
                let planned = day.and_hms_opt(hour, minute, 0).unwrap();
                at = plan.next(at).unwrap();
                assert_eq!(at, first_instant(zone, planned), "{name} {planned}");
                moved += i32::from(zone.from_local_datetime(&planned).single().is_none());
                day = day + Days::new(1);
            }
        }
    }
    assert!(moved > 30, "{moved} times were skipped or repeated");
}

#[test]
fn an_interval_follows_the_clocks_on_the_wall() {
    let mut set = 0;
    for name in ZONES {
        let zone: Tz = name.parse().unwrap();
        let plan = CronPlan::parse("*/15 * * * *", name).unwrap();
        for transition in transitions(zone) {
            set += 1;
            let (mut at, end) = (transition - TimeDelta::days(1), transition + TimeDelta::days(1));
            let minutes = (1..).map(|minute| transition - TimeDelta::days(1) + TimeDelta::minutes(minute));
            let fits = |at: &DateTime<Utc>| local(zone, *at).minute().is_multiple_of(15);
            for expected in minutes.take_while(|at| *at <= end).filter(fits) {
                at = plan.next(at).unwrap();
                assert_eq!(at, expected, "{name} {transition}");
            }
        }
    }
    assert!(set > 40, "{set} transitions were found");
}

#[test]
fn a_weekly_time_that_the_clocks_skip_is_due_on_the_next_day_if_they_skip_the_rest_of_its_own() {
    // In Nuuk the clocks are set from 23:00 on Saturday to 00:00 on Sunday.
    let plan = CronPlan::parse("30 23 * * SAT", "America/Nuuk").unwrap();
    let before = Utc.with_ymd_and_hms(2027, 3, 26, 0, 0, 0).unwrap();
    let sunday = Utc.with_ymd_and_hms(2027, 3, 28, 1, 0, 0).unwrap();
    assert_eq!(plan.next(before).unwrap(), sunday);
}

#[test]
fn patterns_and_zones_that_cannot_be_are_refused() {
    for (cron, zone) in [
        ("", "UTC"),
        ("* * *", "UTC"),
        ("61 * * * *", "UTC"),
        ("* * * * *", "Europe/Atlantis"),
    ] {
        assert!(CronPlan::parse(cron, zone).is_err(), "{cron} {zone}");
    }
    let never = CronPlan::parse("0 0 30 2 *", "UTC").unwrap();
    assert!(never.next(DateTime::UNIX_EPOCH).is_err());
}

#[test]
fn of_missed_times_the_newest_is_due_and_the_others_are_counted() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let plan = CronPlan::parse("*/10 * * * *", "UTC").unwrap();
    let planned = at("2026-11-30T10:00:00Z");
    assert_eq!(plan.due(planned, at("2026-11-30T09:59:59Z")).unwrap(), None);
    let due = plan.due(planned, at("2026-11-30T10:00:00Z")).unwrap().unwrap();
    assert_eq!(
        (due.planned, due.skipped, due.next),
        (planned, 0, at("2026-11-30T10:10:00Z"))
    );
    let due = plan.due(planned, at("2026-11-30T11:05:00Z")).unwrap().unwrap();
    let expected = (at("2026-11-30T11:00:00Z"), 6, at("2026-11-30T11:10:00Z"));
    assert_eq!((due.planned, due.skipped, due.next), expected);
    // A year later: more than are counted, and the newest all the same.
    let due = plan.due(planned, at("2027-11-30T11:05:00Z")).unwrap().unwrap();
    let expected = (at("2027-11-30T11:00:00Z"), 10_001, at("2027-11-30T11:10:00Z"));
    assert_eq!((due.planned, due.skipped, due.next), expected);
}
