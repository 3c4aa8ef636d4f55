//! What `mainstay queue` takes.

use super::*;

#[test]
fn jobs_are_named_by_their_ids_or_all_that_are_dead() {
    let parse = |line: &str| Cli::try_parse_from(line.split(' ')).map(drop);
    let id = "raw_0198aaaabbbb7ccc8dddeeeeffff0001";
    assert!(parse(&format!("mainstay queue retry inbound {id} {id}")).is_ok());
    assert!(parse("mainstay queue retry inbound --dead").is_ok());
    for wrong in [
        "mainstay queue retry inbound".to_owned(),
        format!("mainstay queue discard inbound {id} --dead"),
        "mainstay queue discard inbound raw_1".to_owned(),
        "mainstay queue list nothing".to_owned(),
        "mainstay queue list inbound --state asleep".to_owned(),
    ] {
        assert!(parse(&wrong).is_err(), "{wrong}");
    }
}
