//! Reads JSON as it is meant: an object is written as an object, and no text holds a NUL.
//!
//! Left alone, `serde` also takes a list of a record's fields in their order for the record, which no
//! document mentions; and a NUL that is accepted here is the end of the text somewhere else.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};
use std::fmt;

/// Up to here floating point counts one by one: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A deserializer, or a part of one, that is strict all the way down.
pub(crate) struct Strict<T>(pub(crate) T);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Strict(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(Strict(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Strict(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Strict(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, Strict(visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.0.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.0.visit_i64(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.0.visit_u64(value)
    }

    /// `12.0` is a whole number (JSON Schema), as long as it is exact.
    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        let whole = value.fract() == 0.0 && value.abs() < EXACT;
        match whole {
            true if value >= 0.0 => self.0.visit_u64(value as u64),
            true => self.0.visit_i64(value as i64),
            false => self.0.visit_f64(value),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        without_nul(text)?;
        self.0.visit_str(text)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        without_nul(text)?;
        self.0.visit_borrowed_str(text)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<V::Value, E> {
        without_nul(&text)?;
        self.0.visit_string(text)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Strict(inner))
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Strict(inner))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Strict(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Strict(fields))
    }

    /// Choices are words: there is nothing below them to be strict about.
    fn visit_enum<A: EnumAccess<'de>>(self, choice: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(choice)
    }
}

fn without_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') { Err(E::custom("a text holds no NUL character")) } else { Ok(()) }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Strict(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(inner))
    }
}

/// Anything that is read, as strictly.
///
/// # Errors
/// What the deserializer says.
pub(crate) fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    inner: D,
) -> Result<T, serde_path_to_error::Error<D::Error>> {
    serde_path_to_error::deserialize(Strict(inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        sku: String,
        units: Option<u32>,
        #[serde(default)]
        more: Vec<Line>,
        #[serde(default)]
        names: BTreeMap<String, String>,
        #[serde(default)]
        size: Option<[u32; 3]>,
    }

    fn parsed(text: &str) -> Result<Line, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        read(&mut json).map_err(|error| format!("{}: {}", error.path(), error.inner()))
    }

    #[test]
    fn what_is_right_is_read_as_ever() {
        let text = r#"{"sku": "A", "units": null, "more": [{"sku": "B", "units": 2}],
            "names": {"a": "b"}, "size": [1, 2, 3]}"#;
        assert_eq!(parsed(text), serde_json::from_str(text).map_err(|error| error.to_string()));
    }

    #[test]
    fn a_list_is_no_object_however_deep() {
        assert!(parsed(r#"["A", 1, [], {}, null]"#).is_err());
        let deep = parsed(r#"{"sku": "A", "more": [["B", 1, [], {}, null]]}"#);
        assert!(deep.expect_err("a list").starts_with("more[0]: "), "where it is");
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        assert_eq!(parsed(r#"{"sku": "A", "units": 12.0}"#).map(|line| line.units), Ok(Some(12)));
        for none in ["12.5", "-1.0", "1e17", "1e400"] {
            assert!(parsed(&format!(r#"{{"sku": "A", "units": {none}}}"#)).is_err(), "{none}");
        }
    }

    #[test]
    fn a_nul_is_in_no_text_and_no_name() {
        assert!(parsed(r#"{"sku": "A\u0000"}"#).is_err());
        assert!(parsed(r#"{"sku": "A", "names": {"a": "\u0000"}}"#).is_err());
        assert!(parsed(r#"{"sku": "A", "names": {"\u0000": "a"}}"#).is_err());
    }
}
