//! Time and memory grow as the body does, whatever the body holds.

use rustix::time::{ClockId, clock_gettime};

use super::super::{MAX_ITEMS, UnknownReason, parse};
use super::reason;
use super::shapes::{SHAPES, Shape, batch, same, value};

/// Processor time of this thread that it takes, in seconds: the least of three.
fn seconds(body: &str) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let once = || {
        let begun = now();
        drop(parse(body.as_bytes()));
        now() - begun
    };
    (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// About how many bytes what was read holds, and how many items.
fn weight(body: &str) -> (usize, usize) {
    parse(body.as_bytes()).map_or((0, 0), |webhook| (format!("{webhook:?}").len(), webhook.items.len()))
}

#[test]
fn four_times_the_body_takes_about_four_times_the_time() {
    for (name, shape) in SHAPES {
        let (small, large) = (shape(1_500), shape(6_000));
        let growth = large.len() as f64 / small.len() as f64;
        let (before, after) = (seconds(&small), seconds(&large));
        // A square would be sixteen times. What takes less than five milliseconds is not worth a ratio.
        assert!(
            after < 0.005 || after / before < growth * 2.5,
            "{name}: {before:.4} s for {} bytes, {after:.4} s for {}",
            small.len(),
            large.len()
        );
    }
}

#[test]
fn what_is_read_is_as_long_as_the_body_and_a_little_for_each_item() {
    const OF_AN_ITEM: usize = 4_000;
    for (name, shape) in SHAPES {
        let body = shape(6_000);
        let (weight, items) = weight(&body);
        assert!(
            weight < body.len() * 16 + items * OF_AN_ITEM,
            "{name}: {weight} bytes and {items} items of {}",
            body.len()
        );
    }
}

#[test]
fn a_body_has_so_many_items_and_one_that_says_where_the_rest_is() {
    let every: [Shape; 6] = [
        |n| format!(r#"{{"entry":[{}]}}"#, same("1", n)),
        |n| format!(r#"{{"entry":[{{"changes":[{}]}}]}}"#, same("1", n)),
        |n| format!(r#"{{"entry":[{}]}}"#, same(r#"{"changes":[1,2]}"#, n)),
        |n| batch("messages", &same("1", n)),
        |n| value("history", &format!(r#""history":[{}]"#, same("{}", n))),
        |n| batch("mystery", &same("1", n)),
    ];
    for shape in every {
        let items = parse(shape(MAX_ITEMS + 50).as_bytes()).expect("a webhook").items;
        let unrecognised_only = items.len() == 1;
        assert!(items.len() == MAX_ITEMS + 1 || unrecognised_only, "{}", items.len());
        if !unrecognised_only {
            assert_eq!(reason(&items[MAX_ITEMS]), UnknownReason::TooManyItems);
        }
    }
    let all = parse(batch("messages", &same("1", MAX_ITEMS)).as_bytes())
        .expect("a webhook")
        .items;
    assert_eq!(all.len(), MAX_ITEMS, "the last one that fits is no overflow");
    assert_ne!(reason(&all[MAX_ITEMS - 1]), UnknownReason::TooManyItems);
}
