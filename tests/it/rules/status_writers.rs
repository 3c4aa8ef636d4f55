//! Who writes the status of messages. Each notes the messages in `MovedStatuses` first, or writes one whose campaign is counted beside it: a
//! writer that is not on this list would leave the counters of campaigns behind.

use crate::architecture::sources;

/// Files and how many statements in them write statuses of messages.
const WRITERS: &[(&str, usize)] = &[
    // Filling the database of a benchmark.
    ("cli/bench/prefill.rs", 1),
    // A call begins; its end.
    ("messaging/store/sends/attempts.rs", 2),
    ("messaging/store/sends/cancel.rs", 1),
    // Queued again. The other locks: it writes the status that is there.
    ("messaging/store/sends/held.rs", 2),
    // New ones; a page of a campaign counts its own.
    ("messaging/store/sends/insert.rs", 1),
    ("messaging/store/sends/prove.rs", 1),
    // What Meta tells: received messages, and statuses.
    ("records/messages/apply.rs", 2),
];

#[test]
fn the_writers_of_statuses_are_known() {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (path, text) in sources() {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let updates = flat.split("UPDATE messages ").skip(1).filter(|rest| {
            let set = rest.split(" WHERE ").next().unwrap_or_default();
            set.contains("status = ")
        });
        let count = updates.count() + flat.matches("INSERT INTO messages (").count();
        if count > 0 {
            found.push((path.to_string_lossy().into_owned(), count));
        }
    }
    found.sort();
    let known: Vec<(String, usize)> = WRITERS
        .iter()
        .map(|(path, count)| ((*path).to_owned(), *count))
        .collect();
    assert_eq!(
        found, known,
        "a new writer calls MovedStatuses::note first, and is added here"
    );
}
