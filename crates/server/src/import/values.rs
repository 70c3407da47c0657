//! The values of one CSV row: from the text of its cells to what they say.

use super::{
    columns::{Field, OPTIONS},
    entry::{Entry, Opening, VariantEntry, site_of},
    fault::Fault,
};
use crate::http::shapes::{self, plain_text, quantity_of};
use commerce::catalog::Description;
use compact_str::CompactString;
use kernel::{Currency, Money};
use std::{collections::BTreeMap, str::FromStr};

type Texts = BTreeMap<CompactString, CompactString>;

/// The cells of a row that are not empty, each with the heading of its column.
pub(super) struct Cells<'a>(Vec<(&'a Field, (&'a str, &'a str))>);

impl<'a> Cells<'a> {
    pub(super) fn of(cells: impl Iterator<Item = (&'a Field, (&'a str, &'a str))>) -> Cells<'a> {
        Cells(cells.collect())
    }

    /// Heading and text of a cell.
    fn get(&self, field: &Field) -> Option<(&'a str, &'a str)> {
        self.0.iter().find(|(here, _)| *here == field).map(|(_, cell)| *cell)
    }

    pub(super) fn text(&self, field: &Field) -> Option<&'a str> {
        self.get(field).map(|(_, text)| text)
    }

    fn compact(&self, field: &Field) -> Option<CompactString> {
        self.text(field).map(Into::into)
    }

    /// Reads a cell, if there is one.
    fn read<T>(
        &self,
        field: &Field,
        read: impl FnOnce(&str, &str) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.get(field).map(|(heading, text)| read(text, heading)).transpose()
    }

    /// All that the row says; options that it does not name are called as in `names`.
    pub(super) fn entry(
        &mut self,
        currency: Currency,
        names: &[Option<CompactString>; OPTIONS],
    ) -> Result<Entry, Fault> {
        let attributes: Texts = self.named(|field| match field {
            Field::Attribute(name) => Some(name),
            _ => None,
        });
        let said = Description {
            slug: None,
            description: self.compact(&Field::Description),
            brand: self.compact(&Field::Brand),
            attributes: (!attributes.is_empty()).then_some(attributes),
            tax_class: self.compact(&Field::TaxClass),
        };
        let categories = self.text(&Field::Categories).map(|text| {
            let names = text.split([',', ';', '|']).map(str::trim);
            names.filter(|name| !name.is_empty()).map(CompactString::from).collect()
        });
        Ok(Entry {
            slug: self.compact(&Field::Slug),
            name: self.compact(&Field::Name),
            said,
            categories,
            visible: self.read(&Field::Status, visible)?,
            variants: vec![self.variant(currency, names)?],
        })
    }

    fn variant(
        &self,
        currency: Currency,
        names: &[Option<CompactString>; OPTIONS],
    ) -> Result<VariantEntry, Fault> {
        let sku = self.read(&Field::Sku, |text, heading| {
            text.parse().map_err(|error: kernel::BadSku| Fault::value(heading, error.to_string()))
        })?;
        let options = self.options(names)?;
        Ok(VariantEntry {
            sku: sku.ok_or_else(|| Fault::value("sku", "a row needs a SKU"))?,
            price: self.price(currency)?,
            stock_kept: self.read(&Field::StockKept, yes_or_no)?,
            options: (!options.is_empty()).then_some(options),
            barcode: self.compact(&Field::Barcode),
            weight_grams: self.read(&Field::WeightGrams, whole)?,
            dimensions_mm: self.dimensions()?,
            opening: self.opening()?,
        })
    }

    fn named(&self, name: impl Fn(&Field) -> Option<&CompactString>) -> Texts {
        let cells = self.0.iter();
        cells
            .filter_map(|(field, (_, text))| Some((name(field)?.clone(), (*text).into())))
            .collect()
    }

    fn options(&self, names: &[Option<CompactString>; OPTIONS]) -> Result<Texts, Fault> {
        let mut options = self.named(|field| match field {
            Field::Option(name) => Some(name),
            _ => None,
        });
        for (nth, name) in names.iter().enumerate() {
            let Some((heading, value)) = self.get(&Field::OptionValue(nth)) else { continue };
            let name = name.clone().ok_or_else(|| {
                let nth = nth + 1;
                Fault::value(heading, format!("nothing says how option {nth} is called"))
            })?;
            if options.insert(name.clone(), value.into()).is_some() {
                return Err(Fault::value(heading, format!("the option {name:?} has two values")));
            }
        }
        Ok(options)
    }

    fn price(&self, currency: Currency) -> Result<Option<Money>, Fault> {
        let of_row = self.read(&Field::Currency, |text, heading| match text {
            _ if text.eq_ignore_ascii_case(currency.code()) => Ok(()),
            _ => Err(Fault::value(heading, format!("this shop sells in {}", currency.code()))),
        });
        of_row?;
        self.read(&Field::Price, |text, heading| {
            let minor = minor_units(text, currency).ok_or_else(|| {
                Fault::value(heading, format!("{} is no price: write 19.99", short(text)))
            })?;
            let checked = shapes::Money { minor, currency }.checked(currency, heading);
            checked.map_err(|problem| Fault::of(&problem))
        })
    }

    fn dimensions(&self) -> Result<Option<[u32; 3]>, Fault> {
        let side = |nth| self.read(&Field::Side(nth), whole);
        match (side(0)?, side(1)?, side(2)?) {
            (None, None, None) => Ok(None),
            (Some(length), Some(width), Some(height)) => Ok(Some([length, width, height])),
            _ => Err(Fault::value("length_mm", "length, width and height: all of them or none")),
        }
    }

    fn opening(&self) -> Result<Option<Opening>, Fault> {
        let site = self.get(&Field::Site);
        let site =
            site_of(site.map(|(_, text)| text), site.map_or("site", |(heading, _)| heading))?;
        let location = self.read(&Field::Location, |text, heading| {
            plain_text(text, heading).map_err(|problem| Fault::of(&problem))
        })?;
        let units = self.read(&Field::Stock, whole::<u64>)?.filter(|units| *units > 0);
        let place = self.get(&Field::Stock).map_or("stock", |(heading, _)| heading);
        let quantity = units.map(|units| quantity_of(units, place)).transpose();
        let quantity = quantity.map_err(|problem| Fault::of(&problem))?;
        let opening = |quantity| Opening { site, quantity, location, lot: None, reference: None };
        Ok(quantity.map(opening))
    }
}

/// So much of a text as can be repeated.
fn short(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

fn whole<T: FromStr>(text: &str, heading: &str) -> Result<T, Fault> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| Fault::value(heading, format!("{} is no number of these", short(text))))
}

fn yes_or_no(text: &str, heading: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(Fault::value(heading, format!("{}: write true or false", short(text)))),
    }
}

fn visible(text: &str, heading: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "active" => Ok(true),
        "draft" | "inactive" => Ok(false),
        _ => yes_or_no(text, heading)
            .map_err(|_| Fault::value(heading, format!("{}: write active or draft", short(text)))),
    }
}

/// `19.99` in minor units; no more decimals than the currency has.
fn minor_units(text: &str, currency: Currency) -> Option<i64> {
    let digits = usize::from(currency.exponent().unwrap_or(0));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > digits {
        return None;
    }
    let whole = whole.parse::<i64>().ok()?.checked_mul(10_i64.checked_pow(digits as u32)?)?;
    let part = format!("{part:0<digits$}");
    whole.checked_add(if part.is_empty() { 0 } else { part.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_to_the_penny_or_not_at_all() {
        let of = |text| minor_units(text, Currency::GBP);
        assert_eq!(
            ["19.99", "19.9", "19", "0.05", "007"].map(of),
            [Some(1999), Some(1990), Some(1900), Some(5), Some(700)]
        );
        for bad in ["", ".5", "-1", "1,5", "1.999", "1e3", "£1", "1 000", "99999999999999999999"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(minor_units("1999", Currency::JPY), Some(1999));
        assert_eq!(minor_units("1999.5", Currency::JPY), None);
    }

    #[test]
    fn a_number_is_digits_and_fits() {
        assert_eq!(whole::<u32>("0012", "x").ok(), Some(12));
        for bad in ["+1", "-1", "1.0", "", "4294967296", "１"] {
            assert!(whole::<u32>(bad, "x").is_err(), "{bad}");
        }
    }
}
