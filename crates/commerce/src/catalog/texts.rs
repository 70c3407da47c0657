//! Which texts and numbers a product may carry, and which not.

use super::{Description, ProductRefusal, VariantDetails};
use compact_str::CompactString;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a title, a slug, a brand, a category, a tax class.
const TITLE: usize = 200;
const NAME: usize = 100;
/// Bytes of a description.
const DESCRIPTION: usize = 10_000;
/// Categories of a product.
const CATEGORIES: usize = 20;
/// Attributes of a product, and bytes of one's name and value.
pub(super) const ATTRIBUTES: usize = 50;
const ATTRIBUTE: usize = 500;
/// Options of a variant.
const OPTIONS: usize = 5;
/// A tonne, and ten metres.
const WEIGHT_GRAMS: u32 = 1_000_000;
const LENGTH_MM: u32 = 10_000;

type Checked = Result<(), ProductRefusal>;

pub(super) fn title(title: &CompactString) -> Checked {
    if (1..=TITLE).contains(&title.len()) { Ok(()) } else { Err(ProductRefusal::BadTitle) }
}

pub(super) fn description(new: &Description) -> Checked {
    let Description { slug, description, brand, attributes, tax_class } = new;
    if slug.as_ref().is_some_and(|slug| !is_slug(slug)) {
        return Err(ProductRefusal::BadSlug);
    }
    if description.as_ref().is_some_and(|text| text.len() > DESCRIPTION) {
        return Err(ProductRefusal::LongDescription);
    }
    if brand.as_ref().is_some_and(|brand| brand.len() > NAME) {
        return Err(ProductRefusal::LongBrand);
    }
    if tax_class.as_ref().is_some_and(|class| !class.is_empty() && !is_slug(class)) {
        return Err(ProductRefusal::BadTaxClass);
    }
    match attributes {
        Some(attributes) if attributes.len() > ATTRIBUTES => Err(ProductRefusal::TooManyAttributes),
        Some(attributes) => pairs(attributes, ProductRefusal::BadAttribute),
        None => Ok(()),
    }
}

pub(super) fn categories(categories: &BTreeSet<CompactString>) -> Checked {
    match categories.iter().find(|category| !is_slug(category)) {
        _ if categories.len() > CATEGORIES => Err(ProductRefusal::TooManyCategories),
        Some(_) => Err(ProductRefusal::BadCategory),
        None => Ok(()),
    }
}

pub(super) fn details(details: &VariantDetails) -> Checked {
    let VariantDetails { options, barcode, weight_grams, dimensions_mm } = details;
    if options.len() > OPTIONS {
        return Err(ProductRefusal::TooManyOptions);
    }
    pairs(options, ProductRefusal::BadOption)?;
    if barcode.as_ref().is_some_and(|barcode| !is_gtin(barcode)) {
        return Err(ProductRefusal::BadBarcode);
    }
    if weight_grams.is_some_and(|grams| !(1..=WEIGHT_GRAMS).contains(&grams)) {
        return Err(ProductRefusal::BadWeight);
    }
    let lengths = dimensions_mm.iter().flatten();
    match lengths.into_iter().find(|length| !(1..=LENGTH_MM).contains(*length)) {
        Some(_) => Err(ProductRefusal::BadDimensions),
        None => Ok(()),
    }
}

fn pairs(pairs: &BTreeMap<CompactString, CompactString>, refusal: ProductRefusal) -> Checked {
    let good = |(name, value): (&CompactString, &CompactString)| {
        (1..=NAME).contains(&name.len()) && (1..=ATTRIBUTE).contains(&value.len())
    };
    if pairs.iter().all(good) { Ok(()) } else { Err(refusal) }
}

fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME).contains(&text.len()) && text.bytes().all(plain)
}

/// GS1 General Specifications, 7.9: from the right, digits count three times and once by turns, and
/// all together are a multiple of ten.
fn is_gtin(text: &str) -> bool {
    let digits = || text.bytes().rev().map(|byte| char::from(byte).to_digit(10));
    let weighed = digits().zip([1, 3].into_iter().cycle());
    let sum: Option<u32> = weighed.map(|(digit, weight)| Some(digit? * weight)).sum();
    matches!(text.len(), 8 | 12 | 13 | 14) && sum.is_some_and(|sum| sum % 10 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_of_a_barcode_checks_the_others() {
        for good in ["96385074", "036000291452", "4006381333931", "10614141000415"] {
            assert!(is_gtin(good), "{good}");
        }
        for bad in ["", "0", "4006381333932", "400638133393", "400638133393X", "４0063813339"] {
            assert!(!is_gtin(bad), "{bad}");
        }
    }

    #[test]
    fn a_slug_is_short_and_plain() {
        assert!(is_slug("t-light-holder-2") && is_slug(&"a".repeat(NAME)));
        for bad in ["", "T-light", "a b", "ü", &"a".repeat(NAME + 1)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
