//! What providers and carriers say, as commands. They say it in an answer or in a webhook, and it means
//! the same; what they write is cut to what a fact may hold, but never refused for what it says.

use commerce::payments::PaymentCommand;
use compact_str::CompactString;
use kernel::Money;

/// Bytes of a name or a code from outside.
const NAME: usize = 64;

/// More than anybody pays at once; what is larger is a mistake of the sender, and would not add up.
const LARGEST: i64 = 1_000_000_000_000_000;

/// What was said cannot be meant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Nonsense {
    /// A reference that cannot be asked about again.
    #[error("a reference is 1 to {NAME} printable characters without blanks")]
    Reference,
    /// Nothing, less than nothing, or more than there is.
    #[error("an amount is between 1 and {LARGEST} minor units")]
    Amount,
}

/// What the other side calls something. It is sent back as it came, so it is taken whole or not at all.
pub(crate) fn reference(text: &CompactString) -> Result<CompactString, Nonsense> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && (1..=NAME).contains(&text.len()) {
        Ok(text.clone())
    } else {
        Err(Nonsense::Reference)
    }
}

/// A reason as a code: no free text, which might be about somebody.
pub(crate) fn code(text: &str) -> CompactString {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    match text.chars().take(NAME).map(plain).collect::<CompactString>() {
        code if code.is_empty() => "unspecified".into(),
        code => code,
    }
}

/// An amount that adds up.
pub(crate) fn amount(amount: Money) -> Result<Money, Nonsense> {
    if (1..=LARGEST).contains(&amount.minor) { Ok(amount) } else { Err(Nonsense::Amount) }
}

/// It said yes.
pub(crate) fn authorised(
    authorisation: &CompactString,
    expires_at: Option<kernel::Timestamp>,
) -> Result<PaymentCommand, Nonsense> {
    Ok(PaymentCommand::Authorise { reference: reference(authorisation)?, expires_at })
}

/// It has given back this yes, or all.
pub(crate) fn voided(authorisation: Option<&CompactString>) -> Result<PaymentCommand, Nonsense> {
    Ok(match authorisation {
        Some(one) => PaymentCommand::VoidSurplusDone { reference: reference(one)? },
        None => PaymentCommand::VoidDone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Currency;

    #[test]
    fn a_reason_becomes_a_code_whatever_is_written() {
        assert_eq!(code("Insufficient funds"), "insufficient_funds");
        assert_eq!(code(""), "unspecified");
        assert_eq!(code(&"é".repeat(100)).len(), NAME);
    }

    #[test]
    fn a_reference_is_taken_whole_or_not_at_all() {
        assert_eq!(reference(&"auth-1".into()), Ok("auth-1".into()));
        for bad in ["", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(reference(&bad.into()), Err(Nonsense::Reference), "{bad}");
        }
    }

    #[test]
    fn an_amount_that_would_not_add_up_is_nonsense() {
        for minor in [0, -1, i64::MAX] {
            let money = Money::new(minor, Currency::GBP);
            assert_eq!(amount(money), Err(Nonsense::Amount));
        }
    }
}
