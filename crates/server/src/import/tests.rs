//! That files of any bytes are read without a panic, that the manual is current, and that the shapes of
//! the API are those of an import.

use super::*;
use kernel::Currency;
use proptest::{collection::vec, prelude::*};
use serde_json::Value as Json;
use std::{fs, io::Cursor, path::PathBuf};

fn reading() -> Reading {
    Reading { currency: Currency::GBP, ignored: vec![] }
}

fn document(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(path)
}

/// Lines and codes of what is refused, and how many rows are right.
fn read(format: Format, text: Vec<u8>) -> Result<(usize, Vec<(u64, String)>), ImportError> {
    let mut file = File::open("file", format, Box::new(Cursor::new(text)), &reading())?;
    let (mut right, mut refused) = (0, Vec::new());
    while let Some((line, row)) = file.next()? {
        match row {
            Ok(_) => right += 1,
            Err(fault) => refused.push((line, fault.code.into_owned())),
        }
    }
    Ok((right, refused))
}

#[test]
fn the_manual_tells_of_every_column_and_every_code() {
    let (path, current) = (document("import.md"), manual());
    if std::env::var_os("CARTAGE_BLESS").is_some() {
        fs::write(&path, &current).expect("the manual can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == current, "docs/import.md is old: CARTAGE_BLESS=1 writes it");
}

#[test]
fn every_field_of_a_product_of_the_api_can_be_imported() {
    let api = fs::read_to_string(document("openapi.json")).expect("it is there");
    let api: Json = serde_json::from_str(&api).expect("it is JSON");
    let example = |schema: &str| {
        let fields = api["components"]["schemas"][schema]["properties"].as_object();
        let fields = fields.expect("a schema with fields").keys().map(|name| {
            let value = match name.as_str() {
                "price" => serde_json::json!({ "minor": 100, "currency": "GBP" }),
                "quantity" | "weight_grams" => 7.into(),
                "dimensions_mm" => serde_json::json!([1, 2, 3]),
                "stock_kept" => true.into(),
                "site" => "MAIN".into(),
                "categories" | "variants" => serde_json::json!([]),
                "attributes" | "options" => serde_json::json!({ "a": "b" }),
                _ => "4006381333931".into(),
            };
            (name.clone(), value)
        });
        Json::Object(fields.collect())
    };
    let (mut product, mut variant) = (example("NewProduct"), example("VariantBody"));
    variant["stock"] = example("StockReceipt");
    product["status"] = "active".into();
    product["variants"] = Json::Array(vec![variant]);
    let found = read(Format::JsonLines, product.to_string().into_bytes());
    assert_eq!(found.expect("it can be read"), (1, vec![]), "{product}");
}

#[test]
fn a_product_of_too_many_variants_is_refused_before_anybody_looks_at_them() {
    let variant = |n| format!("{{\"sku\": \"V{n}\"}}");
    let variants: Vec<String> = (0..251).map(variant).collect();
    let line = format!("{{\"name\": \"A\", \"variants\": [{}]}}", variants.join(","));
    let (_, refused) = read(Format::JsonLines, line.into_bytes()).expect("it can be read");
    assert_eq!(refused, [(1, "PRODUCT_TOO_MANY_VARIANTS".to_owned())]);
}

/// Bytes that are likely to mean something.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let telling = prop::sample::select(b"\",\n\r;|{}[]:\\ az09.-\0\xff\xc3\xef".to_vec());
    vec(prop_oneof![4 => telling, 1 => any::<u8>()], 0..400)
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic_and_no_row_gets_lost(text in bytes(), begin in 0..3_usize) {
        let begin = ["", "sku,name,price\n", "sku,slug,option1_name,option1_value\n"][begin];
        let csv = [begin.as_bytes(), &text, b"\nA-1,B,1\n"].concat();
        // A header of any bytes may mean nothing; what is told then is no panic.
        if let Ok((right, refused)) = read(Format::Csv, csv) {
            prop_assert!(right + refused.len() > 0, "a row was there");
        }
        let lines = [&text[..], b"\n{\"name\": \"B\", \"variants\": [{\"sku\": \"A\"}]}\n"].concat();
        let (right, refused) = read(Format::JsonLines, lines).expect("lines need no header");
        prop_assert!(right >= 1, "a line that is right is never refused for one before it");
        prop_assert!(refused.iter().all(|(_, code)| code.contains('_')));
    }

    #[test]
    fn a_row_that_is_right_is_read_whatever_stands_before_it(text in bytes()) {
        let text: Vec<u8> = text.into_iter().filter(|byte| *byte != b'"').collect();
        let csv = [b"sku,price\n", &text[..], b"\nGOOD,1.50\n"].concat();
        let (right, _) = read(Format::Csv, csv).expect("its header is right");
        prop_assert!(right >= 1);
    }
}
