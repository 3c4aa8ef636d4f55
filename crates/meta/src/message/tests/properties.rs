use proptest::prelude::*;
use serde_json::{Value, json};

use super::{parse, samples};
use crate::message::MediaRef;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z<>é]{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Anything anywhere in a valid payload is either taken, and then goes out as it came in, or refused by a name within it.
    #[test]
    fn whatever_is_put_anywhere_is_taken_whole_or_refused_by_name(which in 0_usize..24, place in any::<prop::sample::Index>(), odd in any_json()) {
        let all = samples();
        let (kind, mut payload) = all[which % all.len()].clone();
        let pointers = places(&payload);
        let pointer: &String = place.get(&pointers);
        *payload.pointer_mut(pointer).unwrap() = odd;
        match parse(kind, &payload) {
            Ok(mut message) => {
                if message.media().iter().all(|(_, file)| !matches!(file, MediaRef::Stored(_))) {
                    prop_assert_eq!(without_nulls(serde_json::to_value(&message).unwrap()), without_nulls(payload));
                }
            }
            Err(invalid) => prop_assert!(invalid.field.starts_with(kind), "{}", invalid),
        }
    }
}

/// JSON pointers to every value in a value.
fn places(value: &Value) -> Vec<String> {
    let nested: Vec<String> = match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| places(value).into_iter().map(move |it| format!("/{name}{it}")))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .flat_map(|(at, value)| places(value).into_iter().map(move |it| format!("/{at}{it}")))
            .collect(),
        _ => Vec::new(),
    };
    std::iter::once(String::new()).chain(nested).collect()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members
                .into_iter()
                .filter(|(_, value)| !value.is_null() && *value != json!([]));
            kept.map(|(name, value)| (name, without_nulls(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Array(list) => list.into_iter().map(without_nulls).collect::<Vec<_>>().into(),
        other => other,
    }
}
