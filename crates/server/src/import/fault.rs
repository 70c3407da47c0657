//! Why a row is not taken: a stable code for programs, a place and words for people.

use crate::http::problem::Problem;
use serde::Serialize;
use serde_json::Value as Json;
use std::borrow::Cow;

/// The codes that only an import has, each with what it means; all others are those of the API.
pub const CODES: &[(&str, &str)] = &[
    ("IMPORT_ROW_TOO_LONG", "the row, or the line, is longer than the limit"),
    ("IMPORT_NOT_UTF8", "the row is no UTF-8: save the file as UTF-8"),
    ("IMPORT_NOT_CSV", "a quote is never closed, or something stands behind a closing one"),
    ("IMPORT_WRONG_WIDTH", "the row has more or fewer values than the header has columns"),
    ("IMPORT_NOT_JSON", "the line is no JSON, or not all of it"),
    ("IMPORT_BAD_VALUE", "a value is missing, or is not what its column or field takes"),
    ("IMPORT_DUPLICATE_SKU", "the SKU stood in an earlier row of the same import"),
    ("IMPORT_NAME_MISSING", "a product that is not there yet needs a name"),
    ("IMPORT_PRICE_MISSING", "a variant that is not there yet needs a price"),
    ("IMPORT_STOCK_KEPT", "whether stock is kept of a variant cannot change any more"),
];

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// Stable, upper snake case: one of [`CODES`], or one of the API.
    pub code: Cow<'static, str>,
    /// The column of a CSV file, or a JSON pointer into the line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// In words.
    pub reason: String,
}

impl Fault {
    pub(super) fn new(code: &'static str, reason: impl Into<String>) -> Fault {
        Fault { code: code.into(), place: String::new(), reason: reason.into() }
    }

    /// A value that cannot be taken.
    pub(super) fn value(place: impl Into<String>, reason: impl Into<String>) -> Fault {
        Fault { code: "IMPORT_BAD_VALUE".into(), place: place.into(), reason: reason.into() }
    }

    pub(super) fn too_long(limit: usize) -> Fault {
        Fault::new("IMPORT_ROW_TOO_LONG", format!("a row has at most {limit} bytes"))
    }

    pub(super) fn not_text() -> Fault {
        Fault::new("IMPORT_NOT_UTF8", "this is no UTF-8: save the file as UTF-8")
    }

    /// Of something that the API would answer in this place.
    pub(super) fn of(problem: &Problem) -> Fault {
        let told = serde_json::to_value(problem).unwrap_or_default();
        let text = |pointer: &str| {
            told.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned()
        };
        let code = match text("/code").as_str() {
            "MALFORMED_REQUEST" => Cow::Borrowed("IMPORT_NOT_JSON"),
            "VALIDATION_ERROR" => Cow::Borrowed("IMPORT_BAD_VALUE"),
            other => Cow::Owned(other.to_owned()),
        };
        // It speaks of the body of a request and of its lines; here every line is a body.
        let reason = text("/detail").replacen("the body is", "this is", 1);
        let reason = reason.replace(" at line 1 column ", " at byte ");
        Fault { code, place: text("/errors/0/pointer"), reason }
    }

    /// The same, at this place.
    pub(super) fn at(self, place: impl Into<String>) -> Fault {
        Fault { place: place.into(), ..self }
    }
}
