//! Reads data of unknown shape without letting it grow: aliases of YAML repeat what they name, and a file of a megabyte could fill any memory.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Value};

/// So many values are read of one text once its aliases are written out; long texts count for more.
const MOST: usize = 2_000_000;
/// So many bytes of a text count like one more value.
const BYTES: usize = 16;

/// Reads one document of YAML.
///
/// # Errors
/// Returns the error of the reader, or one that says that the aliases make too much of it.
pub fn yaml(document: serde_yaml::Deserializer<'_>) -> Result<Value, serde_yaml::Error> {
    let left = Cell::new(MOST);
    Bounded { left: &left }.deserialize(document)
}

/// Reads one value, as long as something is left.
#[derive(Clone, Copy)]
struct Bounded<'a> {
    left: &'a Cell<usize>,
}

impl Bounded<'_> {
    fn take<E: Error>(self, bytes: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(1 + bytes / BYTES);
        self.left.set(left.ok_or_else(|| E::custom("its anchors and aliases make more of it than is read"))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.take(0).map(|()| Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.take(0).map(|()| value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.take(0).map(|()| value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.take(0).map(|()| value.into())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        self.take(0).map(|()| value.to_string().into())
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        self.take(0).map(|()| value.to_string().into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.take(0).map(|()| serde_json::Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.take(value.len()).map(|()| value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let mut map = Map::new();
        while let Some(key) = access.next_key_seed(self)? {
            let key = if let Value::String(text) = key { text } else { key.to_string() };
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate entry with key {key:?}")));
            }
            map.insert(key, access.next_value_seed(self)?);
        }
        Ok(Value::Object(map))
    }

    /// Takes a value with a tag for the value.
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let (_, tagged) = access.variant::<String>()?;
        tagged.newtype_variant_seed(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        yaml(serde_yaml::Deserializer::from_str(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_what_they_are() {
        let text = "a: [1, 2.5, true, ~, \"1\"]\n1: x\n2024-01-01: y\nb: !Ref z\nc: &c {d: e}\nf: *c\n";
        let expect = json!({"a": [1, 2.5, true, null, "1"], "1": "x", "2024-01-01": "y", "b": "z", "c": {"d": "e"}, "f": {"d": "e"}});
        assert_eq!(read(text), Ok(expect));
        assert!(read("a: 1\na: 2\n").unwrap_err().contains("duplicate entry with key \"a\""));
        assert!(read("[a").is_err());
    }

    #[test]
    fn aliases_can_not_fill_the_memory() {
        let list = |item: &str, count: usize| vec![item; count].join(", ");
        let by_number = format!("a: &a [{}]\nb: [{}]\n", list("1", 10_000), list("*a", 10_000));
        let by_length = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), list("*a", 100_000));
        let by_depth =
            (1..9).fold("a0: &a0 [x]\n".to_owned(), |text, at| format!("{text}a{at}: &a{at} [{}]\n", list(&format!("*a{}", at - 1), 30)));
        for bomb in [by_number, by_length, by_depth] {
            // Depth alone is what the reader itself counts.
            let error = read(&bomb).unwrap_err();
            assert!(error.contains("than is read") || error.contains("repetition limit"), "{error}: {}", &bomb[..40]);
        }
        assert!(read(&format!("a: &a [{}]\nb: [{}]\n", list("1", 100), list("*a", 100))).is_ok());
    }
}
