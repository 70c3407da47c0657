//! The catalogue as it is shown and searched.

use super::*;
use commerce::catalog::{Description, ProductFact, ProductStatus, VariantDetails};
use kernel::{Column, ProductId};

const LANTERN: &str = "018f0000-0000-7000-8000-00000000a001";
const OTHER: &str = "018f0000-0000-7000-8000-00000000a002";

fn product(fact: ProductFact) -> Fact {
    of(LANTERN, fact)
}

fn of(product: &str, fact: ProductFact) -> Fact {
    Fact::Product(product.parse().unwrap(), fact)
}

fn added(code: &str, pence: i64) -> ProductFact {
    ProductFact::VariantAdded { sku: sku(code), price: gbp(pence), stock_kept: code != "POST" }
}

fn categorised(added: &[&str], removed: &[&str]) -> Fact {
    product(ProductFact::Categorised {
        added: added.iter().map(|name| (*name).into()).collect(),
        removed: removed.iter().map(|name| (*name).into()).collect(),
    })
}

fn lantern() -> Vec<Fact> {
    let description = Description {
        slug: Some("red-lantern".into()),
        description: Some("Glows in the dark.".into()),
        brand: Some("Hearth".into()),
        ..Description::default()
    };
    let details =
        VariantDetails { barcode: Some("4006381333931".into()), ..VariantDetails::default() };
    vec![
        product(ProductFact::Created { title: "Red LANTERN".into() }),
        product(ProductFact::Described(Box::new(description))),
        categorised(&["lights", "tin"], &[]),
        product(added("85123A", 255)),
        product(added("85123B", 355)),
        product(ProductFact::VariantDescribed { sku: sku("85123A"), details: Box::new(details) }),
        product(ProductFact::Priced { sku: sku("85123B"), price: gbp(400) }),
        product(ProductFact::Published),
    ]
}

#[test]
fn a_product_shows_what_is_said_of_it_and_its_variants() {
    let seen = shown::<Products>(&lantern())[LANTERN].clone();
    assert_eq!((seen.title.as_str(), seen.status), ("Red LANTERN", ProductStatus::Active));
    assert_eq!(seen.variants[0].details.barcode.as_deref(), Some("4006381333931"));
    assert_eq!((seen.variants[1].price, seen.version), (gbp(400), 8));
    let text = |text: &str| Some(Column::Text(text.into()));
    let columns = [text("red-lantern"), text("active"), text("red lantern"), text("Hearth")];
    assert_eq!(Products::columns(&seen), columns);
}

#[test]
fn a_sku_leads_to_its_product() {
    let mut facts = lantern();
    facts.push(product(added("POST", 300)));
    let seen = shown::<Variants>(&facts);
    let lantern: ProductId = LANTERN.parse().unwrap();
    assert_eq!((seen["85123B"].product, seen["85123B"].price), (Some(lantern), Some(gbp(400))));
    assert!(seen["POST"].stockless && !seen["85123A"].stockless);
    facts.push(of(OTHER, added("85123B", 1)));
    facts.push(product(ProductFact::VariantRemoved { sku: sku("85123B") }));
    facts.push(product(ProductFact::VariantRemoved { sku: sku("85123A") }));
    let seen = shown::<Variants>(&facts);
    assert_eq!(seen["85123B"].product, OTHER.parse().ok(), "it belongs to who came last");
    assert_eq!(seen["85123A"], Variant::default());
}

#[test]
fn a_category_lists_what_stands_in_it() {
    let mut facts = lantern();
    facts.push(categorised(&["gifts"], &["tin"]));
    let listed = |category: &str| {
        let seen = shown::<ProductsByCategory>(&facts);
        seen.values().filter(|listed| listed.category == category).count()
    };
    assert_eq!((listed("lights"), listed("gifts"), listed("tin")), (1, 1, 0));
}

#[test]
fn every_word_of_a_search_has_to_be_found() {
    let seen = shown::<Products>(&lantern())[LANTERN].clone();
    for found in ["lantern", " red  lant ", "hearth dark", "85123a", "tin lantern", ""] {
        assert!(ProductSearch::new(found).matches(&seen), "{found}");
    }
    for absent in ["green lantern", "5123", "x"] {
        assert!(!ProductSearch::new(absent).matches(&seen), "{absent}");
    }
    let titles = ProductSearch::new("Red l").titles();
    let (Column::Text(from), Column::Text(until)) = (&titles.start, &titles.end) else {
        panic!("titles are text");
    };
    let title = "red lantern";
    assert!(from.as_str() <= title && title < until.as_str());
}
