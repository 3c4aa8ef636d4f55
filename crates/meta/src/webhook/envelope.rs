//! First pass over a body: entries and changes, with each value left as raw text. A malformed entry, change or value does not affect its
//! neighbours, so this fails only on text that is not JSON.

use std::cell::OnceCell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::MAX_ITEMS;
use super::json::{JsonTree, Members, ObjectKey, elements};

#[derive(Default)]
pub(super) struct WebhookBody<'a> {
    pub object: JsonTree<'a>,
    pub entry: Node<WebhookEntry<'a>>,
}

#[derive(Default)]
pub(super) struct WebhookEntry<'a> {
    pub id: JsonTree<'a>,
    pub time: JsonTree<'a>,
    pub changes: Node<WebhookChange<'a>>,
}

#[derive(Default)]
pub(super) struct WebhookChange<'a> {
    pub field: JsonTree<'a>,
    pub value: Option<&'a RawValue>,
}

/// A value where an object or a list of objects is expected.
#[derive(Default)]
pub(super) enum Node<T> {
    Object(T),
    /// At most [`MAX_ITEMS`] + 1 elements; `None` for an element that is not an object.
    List(Vec<Option<T>>),
    #[default]
    Other,
}

/// A list element; `None` unless it is an object.
struct Element<T>(Option<T>);

/// An object of which some members are read. `member` must consume the value of every key.
trait Keyed<'a>: Default {
    fn member<M: MapAccess<'a>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error>;
}

impl<'a> Keyed<'a> for WebhookBody<'a> {
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

impl<'a> Keyed<'a> for WebhookEntry<'a> {
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

impl<'a> Keyed<'a> for WebhookChange<'a> {
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
        deserializer.deserialize_any(AnyValue::<T, true>(PhantomData))
    }
}

impl<'de, T: Keyed<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = deserializer.deserialize_any(AnyValue::<T, false>(PhantomData))?;
        Ok(Self(match node {
            Node::Object(object) => Some(object),
            Node::List(_) | Node::Other => None,
        }))
    }
}

/// Visitor for any value; keeps lists only if `LISTS`.
struct AnyValue<T, const LISTS: bool>(PhantomData<T>);

impl<'de, T: Keyed<'de>, const LISTS: bool> Visitor<'de> for AnyValue<T, LISTS> {
    type Value = Node<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<T>, A::Error> {
        let mut object = T::default();
        while let Some(ObjectKey(key)) = map.next_key()? {
            object.member(&key, &mut map)?;
        }
        Ok(Node::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node<T>, A::Error> {
        let mut list = Vec::new();
        while LISTS && list.len() <= MAX_ITEMS {
            match seq.next_element()? {
                Some(Element(element)) => list.push(element),
                None => return Ok(Node::List(list)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
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

/// Raw texts of a list's elements, parsed once and only if one of them is malformed.
#[derive(Default)]
pub(super) struct RawList<'a>(OnceCell<Vec<&'a RawValue>>);

impl<'a> RawList<'a> {
    /// Returns the raw text of one element of the list that is the member `key` of this object.
    pub(super) fn get(&self, object: &'a str, key: &str, index: usize) -> Option<&'a str> {
        let read = || Members::read(object)?.get(key).and_then(elements);
        let texts = self.0.get_or_init(|| read().unwrap_or_default());
        texts.get(index).map(|text| text.get())
    }
}
