//! Where somebody lives, and his e-mail address: for the vault only.

use crate::http::problem::{Flaw, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Letters of one field at most.
const LONGEST: usize = 200;

/// Where something goes. At least a name, a first line, a city and a country.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*$",
        example = "A. Shopper"
    )]
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub(crate) company: String,
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*$",
        example = "1 High St"
    )]
    pub(crate) line1: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub(crate) line2: String,
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*$",
        example = "Leeds"
    )]
    pub(crate) city: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 20, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", example = "LS1 1AA")]
    pub(crate) postal_code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub(crate) region: String,
    /// ISO 3166-1, two letters.
    #[schema(pattern = "^[A-Z]{2}$", example = "GB")]
    pub(crate) country: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 40, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub(crate) phone: String,
}

impl Address {
    /// What is wrong with it, below this pointer.
    pub(crate) fn flaws(&self, at: &str) -> Vec<Flaw> {
        let fields = [
            ("name", &self.name, 1, LONGEST),
            ("company", &self.company, 0, LONGEST),
            ("line1", &self.line1, 1, LONGEST),
            ("line2", &self.line2, 0, LONGEST),
            ("city", &self.city, 1, LONGEST),
            ("postal_code", &self.postal_code, 0, 20),
            ("region", &self.region, 0, LONGEST),
            ("phone", &self.phone, 0, 40),
        ];
        let mut flaws: Vec<Flaw> = fields
            .into_iter()
            .filter_map(|(name, text, shortest, longest)| {
                let fits = (shortest..=longest).contains(&text.chars().count());
                let clean = !text.chars().any(char::is_control);
                (!fits || !clean).then(|| {
                    let detail = format!("{shortest} to {longest} printable characters");
                    Flaw::new(format!("{at}/{name}"), detail)
                })
            })
            .collect();
        let code = self.country.as_bytes();
        if code.len() != 2 || !code.iter().all(u8::is_ascii_uppercase) {
            let detail = "two capital letters (ISO 3166-1), such as GB";
            flaws.push(Flaw::new(format!("{at}/country"), detail));
        }
        flaws
    }
}

/// What is wrong with an e-mail address: one `@`, something on both sides, no blanks, at most 254
/// characters (RFC 5321). Whether it exists only a mail can tell.
pub(crate) fn email_flaw(email: &str, pointer: &str) -> Option<Flaw> {
    let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = email.rsplit_once('@');
    let sides = parts.is_some_and(|(local, domain)| {
        !local.is_empty()
            && !local.contains('@')
            && !domain.is_empty()
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    let fits = email.len() <= 254 && plain && sides;
    (!fits).then(|| Flaw::new(pointer, "this is no e-mail address"))
}

/// Several flaws are one problem.
///
/// # Errors
/// 422 when there is any.
pub(crate) fn none_of(flaws: Vec<Flaw>) -> Result<(), Problem> {
    if flaws.is_empty() { Ok(()) } else { Err(Problem::invalid(flaws)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_a_name_a_line_a_city_and_a_country() {
        let empty = Address::default().flaws("/ship_to");
        let pointers: Vec<&str> = empty.iter().map(|flaw| flaw.pointer.as_str()).collect();
        let wanted = ["/ship_to/name", "/ship_to/line1", "/ship_to/city", "/ship_to/country"];
        assert_eq!(pointers, wanted);
    }

    #[test]
    fn an_email_address_has_two_sides() {
        assert_eq!(email_flaw("a@example.org", ""), None);
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@.b", &"x".repeat(300)] {
            assert!(email_flaw(bad, "").is_some(), "{bad}");
        }
    }
}
