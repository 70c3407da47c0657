//! The columns of a CSV file: how they are called, and what stands in them.

use super::{entry::Entry, fault::Fault, values};
use compact_str::CompactString;
use kernel::Currency;

/// Options of a variant that a file may have columns for.
pub(super) const OPTIONS: usize = 5;
/// Columns of a file.
pub const COLUMNS_MAX: usize = 200;

/// A column as the manual explains it.
#[derive(Debug)]
pub struct Column {
    /// Its name, as the API calls it.
    pub name: &'static str,
    /// What it is called elsewhere; capitals, blanks and signs do not matter.
    pub others: &'static [&'static str],
    /// What stands in it.
    pub about: &'static str,
    pub(super) field: Field,
}

/// What a column tells.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Sku,
    Slug,
    Name,
    Description,
    Brand,
    Categories,
    TaxClass,
    Status,
    Price,
    Currency,
    OptionName(usize),
    OptionValue(usize),
    Option(CompactString),
    Attribute(CompactString),
    Barcode,
    WeightGrams,
    Side(usize),
    StockKept,
    Stock,
    Site,
    Location,
    /// Somebody said so.
    Ignored,
}

const fn column(
    name: &'static str,
    others: &'static [&'static str],
    field: Field,
    about: &'static str,
) -> Column {
    Column { name, others, about, field }
}

/// Every column with a name of its own, in the order of the manual.
pub const COLUMNS: &[Column] = &[
    column(
        "sku",
        &["Variant SKU"],
        Field::Sku,
        "the variant; the only column that a file must have",
    ),
    column(
        "slug",
        &["Handle", "Product Handle", "URL handle"],
        Field::Slug,
        "the product, by its name in addresses: 1–100 of `a-z`, `0-9`, `-`. Rows of one product have the same. Without it a SKU that is new is a product of its own",
    ),
    column(
        "name",
        &["Title", "Product Title"],
        Field::Name,
        "what the product is called, up to 200 bytes; a product that is not there yet needs one",
    ),
    column(
        "description",
        &["Body (HTML)", "Body", "Product Description"],
        Field::Description,
        "in sentences, up to 10,000 bytes; kept as it is written",
    ),
    column("brand", &["Vendor"], Field::Brand, "up to 100 bytes"),
    column(
        "categories",
        &["Category"],
        Field::Categories,
        "where the product stands: up to 20 of `a-z`, `0-9`, `-`, with commas, semicolons or bars between them",
    ),
    column("tax_class", &["Tax Code"], Field::TaxClass, "up to 100 of `a-z`, `0-9`, `-`"),
    column(
        "status",
        &["Published", "Publish", "Product Status"],
        Field::Status,
        "`active` (or `true`, `yes`, `1`): everyone may see and buy it; `draft` or `inactive` (or `false`, `no`, `0`): nobody may. A new product begins as a draft",
    ),
    column(
        "price",
        &["Variant Price"],
        Field::Price,
        "what one costs, as `19.99`, without a sign for thousands; a variant that is not there yet needs one",
    ),
    column(
        "currency",
        &["Variant Currency"],
        Field::Currency,
        "the shop's own (setting `shop.currency`), which it is when the cell is empty",
    ),
    column(
        "option1_name",
        &["Variant Option 1 Name"],
        Field::OptionName(0),
        "in what the variants of a product differ, as `size`; up to `option5_name`. When empty, as in the row before of the same product",
    ),
    column(
        "option1_value",
        &["Variant Option 1 Value"],
        Field::OptionValue(0),
        "how this one differs, as `L`; up to `option5_value`",
    ),
    column(
        "barcode",
        &["Variant Barcode", "GTIN", "EAN", "UPC"],
        Field::Barcode,
        "GTIN of 8, 12, 13 or 14 digits, the last of which is checked",
    ),
    column("weight_grams", &["Variant Grams", "Grams"], Field::WeightGrams, "1 to 1,000,000"),
    column("length_mm", &[], Field::Side(0), "1 to 10,000; all three of them or none"),
    column("width_mm", &[], Field::Side(1), "as `length_mm`"),
    column("height_mm", &[], Field::Side(2), "as `length_mm`"),
    column(
        "stock_kept",
        &["Variant Manage Inventory"],
        Field::StockKept,
        "`true` or `false` (postage and the like); `true` when the cell is empty. It cannot change later",
    ),
    column(
        "stock",
        &["Variant Inventory Qty", "Variant Inventory Quantity", "Quantity"],
        Field::Stock,
        "the first stock, up to 1,000,000 units: received when the shop has never counted any of the SKU, and else passed over",
    ),
    column("site", &[], Field::Site, "where the stock lies; the only site when the cell is empty"),
    column(
        "location",
        &["Bin"],
        Field::Location,
        "in which bin it lies: up to 64 of `A-Z a-z 0-9 . _ / -`",
    ),
];

/// What is wrong with a first line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HeaderError {
    /// Not a row of text.
    #[error("the first line must name the columns: {0}")]
    NoRow(String),
    /// Without it nothing is known of a row.
    #[error(
        "the first line must name the columns, and none of them is `sku`; there are: {}",
        allowed()
    )]
    NoSku,
    /// Nobody knows what it means.
    #[error(
        "there is no column {name:?}: name it otherwise, or pass it over with --ignore; there are: {}",
        allowed()
    )]
    Unknown {
        /// As it stands there.
        name: String,
    },
    /// Two with one meaning.
    #[error("{first:?} and {second:?} are the same column: pass one over with --ignore")]
    Twice {
        /// The first.
        first: String,
        /// The other.
        second: String,
    },
    /// More than anybody looks through.
    #[error("a file has at most {COLUMNS_MAX} columns")]
    TooMany,
}

fn allowed() -> String {
    let mut names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    names.extend(["option.NAME", "attribute.NAME"]);
    names.join(", ")
}

/// Without capitals, blanks and signs.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

fn field_of(heading: &str) -> Option<Field> {
    let named = |prefix: &str| {
        let begins = heading.get(..prefix.len())?.eq_ignore_ascii_case(prefix);
        let name = heading[prefix.len()..].trim();
        (begins && !name.is_empty()).then(|| CompactString::from(name))
    };
    if let Some(name) = named("option.") {
        return Some(Field::Option(name));
    }
    if let Some(name) = named("attribute.") {
        return Some(Field::Attribute(name));
    }
    let heading = plain(heading);
    // The others of these are called as the first is.
    for (nth, digit) in ('1'..='9').take(OPTIONS).enumerate() {
        for begin in ["option", "variantoption"] {
            match heading.strip_prefix(begin).and_then(|rest| rest.strip_prefix(digit)) {
                Some("name") => return Some(Field::OptionName(nth)),
                Some("value") => return Some(Field::OptionValue(nth)),
                _ => {}
            }
        }
    }
    let is_it = |column: &&Column| {
        plain(column.name) == heading || column.others.iter().any(|other| plain(other) == heading)
    };
    COLUMNS.iter().find(is_it).map(|column| column.field.clone())
}

/// What stands where in the rows of one file.
#[derive(Debug)]
pub(super) struct Header {
    fields: Vec<(Field, String)>,
    currency: Currency,
    /// The product of the row before, and how its options are called.
    before: (String, [Option<CompactString>; OPTIONS]),
}

impl Header {
    /// Reads the first row.
    pub(super) fn read(
        names: Vec<String>,
        ignored: &[String],
        currency: Currency,
    ) -> Result<Header, HeaderError> {
        if names.len() > COLUMNS_MAX {
            return Err(HeaderError::TooMany);
        }
        let mut fields: Vec<(Field, String)> = Vec::with_capacity(names.len());
        for name in names {
            let field = match field_of(&name) {
                _ if ignored.iter().any(|ignored| plain(ignored) == plain(&name)) => Field::Ignored,
                Some(field) => field,
                None => return Err(HeaderError::Unknown { name }),
            };
            let same = |(other, _): &&(Field, String)| *other == field && field != Field::Ignored;
            if let Some((_, first)) = fields.iter().find(same) {
                return Err(HeaderError::Twice { first: first.clone(), second: name });
            }
            fields.push((field, name));
        }
        match fields.iter().any(|(field, _)| *field == Field::Sku) {
            true => Ok(Header { fields, currency, before: Default::default() }),
            false => Err(HeaderError::NoSku),
        }
    }

    /// What a row says.
    pub(super) fn entry(&mut self, row: &[String]) -> Result<Entry, Fault> {
        if row.len() != self.fields.len() {
            let (found, wanted) = (row.len(), self.fields.len());
            let reason = format!("{found} values, and the header has {wanted} columns");
            return Err(Fault::new("IMPORT_WRONG_WIDTH", reason));
        }
        let cells = self.fields.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let mut cells =
            values::Cells::of(cells.map(|((field, name), cell)| (field, (&**name, &**cell))));
        let slug = cells.text(&Field::Slug).unwrap_or_default().to_owned();
        if slug != self.before.0 || slug.is_empty() {
            self.before = (slug, Default::default());
        }
        for (nth, known) in self.before.1.iter_mut().enumerate() {
            if let Some(name) = cells.text(&Field::OptionName(nth)) {
                *known = Some(name.into());
            }
        }
        cells.entry(self.currency, &self.before.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &str) -> Result<Header, HeaderError> {
        Header::read(
            names.split('|').map(str::to_owned).collect(),
            &["Image Src".into()],
            Currency::GBP,
        )
    }

    #[test]
    fn columns_go_by_the_names_that_people_know() {
        let known = "Handle|Title|Body (HTML)|Vendor|Variant SKU|Option1 Name|Option1 Value|\
                     Variant Price|Variant Inventory Qty|image_src|Published|Option.Colour";
        let header = header(known).expect("all are known");
        let wanted = [
            Field::Slug,
            Field::Name,
            Field::Description,
            Field::Brand,
            Field::Sku,
            Field::OptionName(0),
            Field::OptionValue(0),
            Field::Price,
            Field::Stock,
            Field::Ignored,
            Field::Status,
            Field::Option("Colour".into()),
        ];
        assert!(header.fields.iter().map(|(field, _)| field).eq(&wanted));
    }

    #[test]
    fn every_name_in_the_table_means_its_own_column_and_no_other() {
        for column in COLUMNS {
            for name in column.others.iter().chain([&column.name]) {
                assert_eq!(field_of(name).as_ref(), Some(&column.field), "{name}");
            }
        }
    }

    #[test]
    fn a_column_that_nobody_knows_or_that_stands_twice_is_told() {
        let unknown = header("sku|colour of roof").expect_err("nobody knows it").to_string();
        assert!(unknown.contains("\"colour of roof\"") && unknown.contains("weight_grams"));
        assert!(matches!(header("name|price"), Err(HeaderError::NoSku)));
        assert!(matches!(header("sku|ean|barcode"), Err(HeaderError::Twice { .. })));
        assert!(header("sku|Image Src|Image Src").is_ok());
        let many = vec!["Image Src"; COLUMNS_MAX + 1].join("|");
        assert!(matches!(header(&many), Err(HeaderError::TooMany)));
    }
}
