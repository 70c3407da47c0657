//! How documents are written briefly: what they weigh is what a view costs.

use kernel::{Column, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// True for what need not be written.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// True for what is so unless it is said otherwise.
pub(super) fn is_true(flag: &bool) -> bool {
    *flag
}

pub(super) fn yes() -> bool {
    true
}

/// A status as a column: the word that documents and answers have for it.
pub(super) fn word(status: &impl Serialize) -> Option<Column> {
    match serde_json::to_value(status) {
        Ok(serde_json::Value::String(word)) => Some(Column::Text(word)),
        _ => None,
    }
}

/// Adds what mostly stays alone, without room for more: so many documents are in memory.
pub(super) fn add<T>(list: &mut Vec<T>, more: T) {
    list.reserve_exact(1);
    list.push(more);
}

/// A time as a column.
pub(super) fn time(at: Option<Timestamp>) -> Option<Column> {
    at.map(|at| Column::Number(at.micros()))
}

/// A moment as microseconds since 1970: half as long as its text, and made in no time.
pub(super) mod micros {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp};

    pub(in crate::views) fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::micros).serialize(serializer)
    }

    pub(in crate::views) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_micros))
    }
}
