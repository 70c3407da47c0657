//! One value of a row at a time: prices to the penny, dates, codes, whole numbers.

use super::flaw::Flaw;
use jiff::{civil::DateTime, tz::Offset};
use kernel::{Quantity, Sku, Timestamp};
use std::borrow::Cow;

/// An invoice number is no longer than this.
pub(super) const INVOICE_BYTES_MAX: usize = 32;
/// A customer's number is no longer than this.
const CUSTOMER_BYTES_MAX: usize = 64;
/// Ten million pounds for one piece; with a million pieces a line stays far within 64 bits.
const PRICE_MINOR_MAX: i64 = 1_000_000_000;

/// What kind of number an invoice has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// All digits.
    Sale,
    /// Begins with `C`.
    Credit,
    /// Begins with `A`.
    Adjustment,
}

/// What a piece costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Price {
    /// To the penny, half up (away from zero).
    pub(super) minor: i64,
    /// Exactly 0 as written: 0.001 is not free though it rounds to nothing.
    pub(super) free: bool,
}

/// A calendar day (its first moment) or a date and time, both in UTC; `None` when it is neither.
pub fn day_or_moment(text: &str) -> Option<Timestamp> {
    // Jiff reads `2010-12-01`, `2010-12-01 08:26` and `2010-12-01T08:26:00`.
    let time = Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?;
    Some(Timestamp::from_micros(time.as_microsecond()))
}

pub(super) fn time(text: &str) -> Result<Timestamp, Flaw> {
    day_or_moment(text).ok_or_else(|| Flaw::Time(Flaw::quote(text)))
}

pub(super) fn kind(invoice: &str) -> Result<Kind, Flaw> {
    let digits = !invoice.is_empty() && invoice.bytes().all(|byte| byte.is_ascii_digit());
    match invoice.bytes().next() {
        _ if invoice.len() > INVOICE_BYTES_MAX => Err(Flaw::Invoice(Flaw::quote(invoice))),
        Some(_) if digits => Ok(Kind::Sale),
        Some(b'C') => Ok(Kind::Credit),
        Some(b'A') => Ok(Kind::Adjustment),
        _ => Err(Flaw::Invoice(Flaw::quote(invoice))),
    }
}

/// The code as written, a space as `-`.
pub(super) fn sku(code: &str) -> Result<Sku, Flaw> {
    let plain = if code.contains(' ') { Cow::Owned(code.replace(' ', "-")) } else { code.into() };
    plain.parse().map_err(|_| Flaw::Code(Flaw::quote(code)))
}

/// What lies on a shelf has a code of five digits and perhaps a letter; so do two ranges of goods
/// that this trade names otherwise. All else is postage, charges, vouchers, somebody's manual entry.
pub(super) fn keeps_stock(sku: &Sku) -> bool {
    let code = sku.as_str();
    let five_digits = code.len() >= 5 && code.bytes().take(5).all(|byte| byte.is_ascii_digit());
    five_digits || code.starts_with("DCGS") || code == "PADS"
}

/// Not 0, and no more than a million either way.
pub(super) fn quantity(text: &str) -> Result<i64, Flaw> {
    let most = i64::from(Quantity::MAX);
    let whole = without_point_zero(text).parse::<i64>().ok();
    let some = whole.filter(|units| *units != 0 && (-most..=most).contains(units));
    some.ok_or_else(|| Flaw::Quantity(Flaw::quote(text)))
}

/// Nobody where it is blank.
pub(super) fn customer(text: &str) -> Result<Option<&str>, Flaw> {
    match without_point_zero(text) {
        "" => Ok(None),
        name if name.len() <= CUSTOMER_BYTES_MAX => Ok(Some(name)),
        name => Err(Flaw::Customer(Flaw::quote(name))),
    }
}

pub(super) fn country(text: &str) -> Result<&str, Flaw> {
    let fits = (2..=60).contains(&text.chars().count());
    if fits { Ok(text) } else { Err(Flaw::Country(Flaw::quote(text))) }
}

/// Digits with at most one point among them, perhaps a minus before; exact, whatever their number.
pub(super) fn price(text: &str) -> Result<Price, Flaw> {
    read_price(text).ok_or_else(|| Flaw::Price(Flaw::quote(text)))
}

fn read_price(text: &str) -> Option<Price> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (pounds, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if digits.len() == usize::from(digits.contains('.')) || !all_digits(pounds) || !all_digits(rest)
    {
        return None;
    }
    let digit = |at: usize| rest.as_bytes().get(at).map_or(0, |byte| i64::from(byte - b'0'));
    let pounds = if pounds.is_empty() { 0 } else { pounds.parse::<i64>().ok()? };
    let up = i64::from(digit(2) >= 5);
    let minor = pounds.checked_mul(100)?.checked_add(digit(0) * 10 + digit(1) + up)?;
    let free = minor == 0 && rest.bytes().all(|byte| byte == b'0');
    let signed = if negative { -minor } else { minor };
    (minor <= PRICE_MINOR_MAX).then_some(Price { minor: signed, free })
}

/// Programs that take a column for decimals write `17850.0` for 17850.
fn without_point_zero(text: &str) -> &str {
    match text.strip_suffix(".0") {
        Some(whole) if whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => whole,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str) -> Option<(i64, bool)> {
        read_price(text).map(|price| (price.minor, price.free))
    }

    #[test]
    fn a_price_is_taken_to_the_penny_half_up() {
        assert_eq!(minor("2.55"), Some((255, false)));
        assert_eq!(minor("2.5"), Some((250, false)));
        assert_eq!(minor("1.994"), Some((199, false)));
        assert_eq!(minor("1.995"), Some((200, false)));
        assert_eq!(minor("1.99499999999999999999999"), Some((199, false)));
        assert_eq!(minor("-11062.06"), Some((-1_106_206, false)));
        assert_eq!(minor("7"), Some((700, false)));
        assert_eq!(minor(".5"), Some((50, false)));
    }

    #[test]
    fn less_than_half_a_penny_is_not_free() {
        assert_eq!(minor("0.001"), Some((0, false)));
        assert_eq!(minor("0.0"), Some((0, true)));
        assert_eq!(minor("0"), Some((0, true)));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for bad in ["", ".", "-", "1,5", "1e3", "+1", "1.2.3", "NaN", "10000000.01", "1 "] {
            assert_eq!(minor(bad), None, "{bad}");
        }
        assert_eq!(minor("99999999999999999999"), None);
    }

    #[test]
    fn a_date_may_have_a_time_and_is_in_utc() {
        let moment = |text| day_or_moment(text).map(|at| at.to_string());
        let at_eight = Some("2010-12-01T08:26:00.000000Z".to_owned());
        assert_eq!(moment("2010-12-01 08:26:00"), at_eight);
        assert_eq!(moment("2010-12-01T08:26"), at_eight);
        assert_eq!(moment("2010-12-01"), Some("2010-12-01T00:00:00.000000Z".to_owned()));
        for bad in ["", "2010-02-30", "12/1/2010 8:26", "2010-12-01 25:00:00"] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn goods_have_codes_of_five_digits_except_two_ranges() {
        for (code, kept) in
            [("85123A", true), ("DCGS0055", true), ("PADS", true), ("POST", false), ("1234", false)]
        {
            assert_eq!(keeps_stock(&sku(code).unwrap()), kept, "{code}");
        }
        assert!(!keeps_stock(&sku("gift_0001_40").unwrap()));
        assert_eq!(sku("BANK CHARGES").unwrap().as_str(), "BANK-CHARGES");
    }

    #[test]
    fn a_quantity_is_a_whole_number_within_a_million() {
        assert_eq!(quantity("-80995"), Ok(-80_995));
        assert_eq!(quantity("6.0"), Ok(6));
        for bad in ["0", "", "1.5", "1000001", "-1000001", "six"] {
            assert!(quantity(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_blank_customer_is_nobody() {
        assert_eq!(customer("17850.0"), Ok(Some("17850")));
        assert_eq!(customer("ann.0"), Ok(Some("ann.0")));
        assert_eq!(customer(""), Ok(None));
    }
}
