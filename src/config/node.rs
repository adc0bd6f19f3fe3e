//! TOML with the place of every key and value.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use toml::Spanned;

/// A value and where it stands.
#[derive(Debug)]
pub struct Node {
    /// The byte at which it begins.
    pub at: usize,
    /// What it is.
    pub value: Value,
}

/// A key with its value.
#[derive(Debug)]
pub struct Entry {
    /// The file.
    pub file: usize,
    /// The byte at which the key begins.
    pub at: usize,
    /// The key.
    pub name: String,
    /// The value.
    pub node: Node,
}

/// What can stand in a file.
#[derive(Debug)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Bool(bool),
    /// A list.
    Array(Vec<Node>),
    /// A table.
    Table(Vec<Entry>),
    /// Something that no key takes: a date, a broken number.
    Other,
}

/// Reads a text, or says at which byte it goes wrong, and how.
pub fn read(text: &str) -> Result<Node, (usize, String)> {
    match toml::from_str::<Spanned<Value>>(text) {
        Ok(node) => Ok(node.into()),
        Err(error) => {
            Err((error.span().map_or(0, |span| span.start), error.message().replace('\n', ", ")))
        }
    }
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Node {
        Node { at: spanned.span().start, value: spanned.into_inner() }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Value, E> {
        Ok(Value::Bool(yes))
    }

    fn visit_f64<E>(self, _number: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Value>>()? {
            nodes.push(item.into());
        }
        Ok(Value::Array(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let node = map.next_value::<Spanned<Value>>()?.into();
            entries.push(Entry { file: 0, at: key.span().start, name: key.into_inner(), node });
        }
        Ok(Value::Table(entries))
    }
}
