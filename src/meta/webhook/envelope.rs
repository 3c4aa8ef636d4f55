//! The first pass: entries and changes, each change's value left as text. One odd entry, change or value never costs
//! its neighbours, so nothing here can fail except on text that is not JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json::{Json, Key, Members, elements};

#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub object: Json<'a>,
    pub entry: Node<Entry<'a>>,
}

#[derive(Default)]
pub(super) struct Entry<'a> {
    pub id: Json<'a>,
    pub time: Json<'a>,
    pub changes: Node<Change<'a>>,
}

#[derive(Default)]
pub(super) struct Change<'a> {
    pub field: Json<'a>,
    pub value: Option<&'a RawValue>,
}

/// What stands where an object or a list of objects is expected.
#[derive(Default)]
pub(super) enum Node<T> {
    Object(T),
    List(Vec<Node<T>>),
    #[default]
    Other,
}

/// An object of which some members matter. Must consume the value of every key it is shown.
trait Keyed<'a>: Default {
    fn member<M: MapAccess<'a>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error>;
}

impl<'a> Keyed<'a> for Envelope<'a> {
    fn member<M: MapAccess<'a>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "object" => self.object = map.next_value()?,
            "entry" => self.entry = map.next_value()?,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'a> Keyed<'a> for Entry<'a> {
    fn member<M: MapAccess<'a>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "id" => self.id = map.next_value()?,
            "time" => self.time = map.next_value()?,
            "changes" => self.changes = map.next_value()?,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'a> Keyed<'a> for Change<'a> {
    fn member<M: MapAccess<'a>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "field" => self.field = map.next_value()?,
            "value" => self.value = Some(map.next_value()?),
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de, T: Keyed<'de>> Deserialize<'de> for Node<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode(PhantomData))
    }
}

struct AnyNode<T>(PhantomData<T>);

impl<'de, T: Keyed<'de>> Visitor<'de> for AnyNode<T> {
    type Value = Node<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<T>, A::Error> {
        let mut object = T::default();
        while let Some(Key(key)) = map.next_key()? {
            object.member(&key, &mut map)?;
        }
        Ok(Node::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = seq.next_element()? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_unit<E>(self) -> Result<Node<T>, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node<T>, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node<T>, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node<T>, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node<T>, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node<T>, E> {
        Ok(Node::Other)
    }
}

/// The text of the value a JSON pointer names. Slow: only for the odd places that become `Unknown`.
pub(super) fn text_at<'a>(body: &'a str, pointer: &str) -> Option<&'a str> {
    pointer
        .split('/')
        .skip(1)
        .try_fold(body, |text, step| match Members::read(text) {
            Some(members) => members.get(step),
            None => elements(text)?
                .get(step.parse::<usize>().ok()?)
                .map(|element| element.get()),
        })
}
