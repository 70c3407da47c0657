//! Given, when, then.

use super::{texts::ATTRIBUTES, *};
use compact_str::CompactString;
use kernel::{Currency, Money, Sku, spec::given};
use std::collections::BTreeSet;

fn pence(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn sku() -> Sku {
    "85123A".parse().unwrap()
}

fn created() -> ProductFact {
    ProductFact::Created { title: "Lantern".into() }
}

fn added() -> ProductFact {
    ProductFact::VariantAdded { sku: sku(), price: pence(255), stock_kept: true }
}

#[test]
fn a_product_begins_unseen_and_needs_a_variant_to_be_published() {
    let create = ProductCommand::create("Lantern");
    given::<Product>([]).when(create.clone()).then([created()]);
    given::<Product>([created()]).when(create).then_nothing_happened();
    let publish = ProductCommand::Publish;
    given::<Product>([created()]).when(publish.clone()).refused(ProductRefusal::NothingToSell);
    given::<Product>([created(), added()]).when(publish).then([ProductFact::Published]);
    let bad = ProductCommand::create("");
    given::<Product>([]).when(bad).refused(ProductRefusal::BadTitle);
}

#[test]
fn a_variant_has_one_price_which_may_change() {
    let add = |minor| ProductCommand::add_variant(sku(), pence(minor), true);
    given::<Product>([created()]).when(add(255)).then([added()]);
    given::<Product>([created(), added()]).when(add(255)).then_nothing_happened();
    let known = ProductRefusal::KnownVariant { sku: sku() };
    given::<Product>([created(), added()]).when(add(1)).refused(known);
    given::<Product>([created()]).when(add(-1)).refused(ProductRefusal::BadPrice);
    let price = ProductCommand::Price { sku: sku(), price: pence(300) };
    let priced = ProductFact::Priced { sku: sku(), price: pence(300) };
    given::<Product>([created(), added()]).when(price).then([priced]);
}

#[test]
fn a_product_is_created_once_and_may_be_called_otherwise() {
    let create = |title: &str| ProductCommand::create(title);
    given::<Product>([created()]).when(create("Lamp")).refused(ProductRefusal::AlreadyCreated);
    let retitle = |title: &str| ProductCommand::Retitle { title: title.into() };
    let retitled = ProductFact::Retitled { title: "Lamp".into() };
    given::<Product>([created()]).when(retitle("Lamp")).then([retitled]);
    given::<Product>([created()]).when(retitle("Lantern")).then_nothing_happened();
    given::<Product>([created()]).when(retitle("")).refused(ProductRefusal::BadTitle);
    given::<Product>([]).when(retitle("Lamp")).refused(ProductRefusal::Unknown);
}

#[test]
fn a_product_has_so_many_variants_and_no_more() {
    let nth = |n: usize| ProductFact::VariantAdded {
        sku: format!("V{n}").parse().unwrap(),
        price: pence(1),
        stock_kept: true,
    };
    let full = given::<Product>([created()].into_iter().chain((0..VARIANTS).map(nth)));
    let add = ProductCommand::add_variant(sku(), pence(1), true);
    full.when(add).refused(ProductRefusal::TooManyVariants);
}

#[test]
fn a_variant_that_is_removed_is_known_no_more() {
    let remove = || ProductCommand::RemoveVariant { sku: sku() };
    let removed = ProductFact::VariantRemoved { sku: sku() };
    given::<Product>([created(), added()]).when(remove()).then([removed.clone()]);
    let gone = || given::<Product>([created(), added(), removed.clone()]);
    gone().when(remove()).then_nothing_happened();
    let price = ProductCommand::Price { sku: sku(), price: pence(1) };
    gone().when(price).refused(ProductRefusal::UnknownVariant { sku: sku() });
}

#[test]
fn what_is_withdrawn_may_be_published_again() {
    let seen = || given::<Product>([created(), added(), ProductFact::Published]);
    seen().when(ProductCommand::Publish).then_nothing_happened();
    seen().when(ProductCommand::Withdraw).then([ProductFact::Withdrawn]);
    let facts = || [created(), added(), ProductFact::Published, ProductFact::Withdrawn];
    given::<Product>(facts()).when(ProductCommand::Withdraw).then_nothing_happened();
    given::<Product>(facts()).when(ProductCommand::Publish).then([ProductFact::Published]);
    let price = ProductCommand::Price { sku: sku(), price: pence(-1) };
    given::<Product>([created(), added()]).when(price).refused(ProductRefusal::BadPrice);
}

#[test]
fn what_is_discontinued_never_comes_back() {
    let gone = || given::<Product>([created(), added(), ProductFact::Discontinued]);
    gone().when(ProductCommand::Publish).refused(ProductRefusal::Discontinued);
    gone().when(ProductCommand::Discontinue).then_nothing_happened();
}

fn text(text: &str) -> Option<CompactString> {
    Some(text.into())
}

fn describe(description: Description) -> ProductCommand {
    let description = Box::new(description);
    ProductCommand::Describe { title: None, description, categories: None }
}

fn described(description: Description) -> ProductFact {
    ProductFact::Described(Box::new(description))
}

fn in_categories<const N: usize>(categories: [&str; N]) -> ProductCommand {
    let categories = Some(categories.into_iter().map(CompactString::from).collect());
    ProductCommand::Describe { title: None, description: Box::default(), categories }
}

fn details(options: &[(&str, &str)]) -> VariantDetails {
    let options = options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    VariantDetails { options, ..VariantDetails::default() }
}

fn variant(code: &str, details: VariantDetails) -> NewVariant {
    NewVariant { sku: code.parse().unwrap(), price: pence(255), stock_kept: true, details }
}

#[test]
fn a_product_may_begin_with_all_that_is_known_of_it() {
    let description = Description { slug: text("lantern"), ..Description::default() };
    let red = details(&[("colour", "red")]);
    let create = ProductCommand::Create {
        title: "Lantern".into(),
        description: Box::new(description.clone()),
        categories: ["lights".into()].into(),
        variants: vec![variant("85123A", red.clone()), variant("85123B", details(&[]))],
    };
    let other = ProductFact::VariantAdded {
        sku: "85123B".parse().unwrap(),
        price: pence(255),
        stock_kept: true,
    };
    given::<Product>([]).when(create).then([
        created(),
        described(description),
        ProductFact::Categorised { added: vec!["lights".into()], removed: vec![] },
        added(),
        ProductFact::VariantDescribed { sku: sku(), details: Box::new(red) },
        other,
    ]);
}

#[test]
fn only_what_is_said_anew_becomes_a_fact() {
    let both = Description {
        brand: text("Hearth"),
        tax_class: text("reduced"),
        attributes: Some([("material".into(), "tin".into())].into()),
        ..Description::default()
    };
    let known = || given::<Product>([created(), described(both.clone())]);
    known().when(describe(both.clone())).then_nothing_happened();
    let other = Description { brand: text("Home"), tax_class: text("reduced"), ..both.clone() };
    let news = Description { brand: text("Home"), ..Description::default() };
    known().when(describe(other)).then([described(news)]);
    let unsaid = Description { brand: text(""), ..Description::default() };
    known().when(describe(unsaid.clone())).then([described(unsaid.clone())]);
    let gone = [created(), described(both.clone()), described(unsaid.clone())];
    given::<Product>(gone).when(describe(unsaid)).then_nothing_happened();
    let title = text("Lamp");
    let retitle = ProductCommand::Describe { title, description: Box::default(), categories: None };
    known().when(retitle).then([ProductFact::Retitled { title: "Lamp".into() }]);
}

#[test]
fn a_product_stands_in_the_categories_that_were_named_last() {
    let categorised = |added: &[&str], removed: &[&str]| ProductFact::Categorised {
        added: added.iter().map(|name| (*name).into()).collect(),
        removed: removed.iter().map(|name| (*name).into()).collect(),
    };
    let known = || given::<Product>([created(), categorised(&["lights", "tin"], &[])]);
    known().when(in_categories(["tin", "lights"])).then_nothing_happened();
    known().when(in_categories(["tin", "gifts"])).then([categorised(&["gifts"], &["lights"])]);
    known().when(in_categories([])).then([categorised(&[], &["lights", "tin"])]);
    known().when(in_categories(["Gifts!"])).refused(ProductRefusal::BadCategory);
    let many: BTreeSet<CompactString> = (0..21).map(|n| format!("c{n}").into()).collect();
    let (title, description) = (None, Box::default());
    let many = ProductCommand::Describe { title, description, categories: Some(many) };
    known().when(many).refused(ProductRefusal::TooManyCategories);
}

#[test]
fn texts_that_are_too_long_or_mistyped_are_refused() {
    let long = |bytes: usize| Some(CompactString::from("x".repeat(bytes)));
    let attributes = |count: usize, value: &str| {
        Some((0..count).map(|n| (format!("a{n}").into(), value.into())).collect())
    };
    let none = Description::default;
    for (bad, refusal) in [
        (Description { slug: text("A B"), ..none() }, ProductRefusal::BadSlug),
        (Description { slug: text(""), ..none() }, ProductRefusal::BadSlug),
        (Description { description: long(10_001), ..none() }, ProductRefusal::LongDescription),
        (Description { brand: long(101), ..none() }, ProductRefusal::LongBrand),
        (Description { tax_class: text("7 %"), ..none() }, ProductRefusal::BadTaxClass),
        (Description { attributes: attributes(1, ""), ..none() }, ProductRefusal::BadAttribute),
        (
            Description { attributes: attributes(ATTRIBUTES + 1, "v"), ..none() },
            ProductRefusal::TooManyAttributes,
        ),
    ] {
        given::<Product>([created()]).when(describe(bad)).refused(refusal);
    }
    let good = Description { description: long(10_000), ..none() };
    given::<Product>([created()]).when(describe(good.clone())).then([described(good)]);
}

#[test]
fn what_is_known_of_a_variant_is_checked() {
    let none = VariantDetails::default;
    let six: Vec<(String, &str)> = (0..6).map(|n| (format!("o{n}"), "v")).collect();
    let six: Vec<(&str, &str)> = six.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    for (bad, refusal) in [
        (details(&six), ProductRefusal::TooManyOptions),
        (details(&[("size", "")]), ProductRefusal::BadOption),
        (VariantDetails { barcode: text("4006381333932"), ..none() }, ProductRefusal::BadBarcode),
        (VariantDetails { weight_grams: Some(0), ..none() }, ProductRefusal::BadWeight),
        (
            VariantDetails { dimensions_mm: Some([1, 2, 0]), ..none() },
            ProductRefusal::BadDimensions,
        ),
    ] {
        let tell = ProductCommand::DescribeVariant { sku: sku(), details: Box::new(bad.clone()) };
        given::<Product>([created(), added()]).when(tell).refused(refusal.clone());
        let add = ProductCommand::AddVariant(Box::new(variant("85123B", bad)));
        given::<Product>([created()]).when(add).refused(refusal);
    }
    let good = VariantDetails { barcode: text("4006381333931"), ..none() };
    let tell = ProductCommand::DescribeVariant { sku: sku(), details: Box::new(good.clone()) };
    let told = ProductFact::VariantDescribed { sku: sku(), details: Box::new(good) };
    given::<Product>([created(), added()]).when(tell.clone()).then([told.clone()]);
    given::<Product>([created(), added(), told]).when(tell.clone()).then_nothing_happened();
    let unknown = ProductRefusal::UnknownVariant { sku: sku() };
    given::<Product>([created()]).when(tell).refused(unknown);
}

#[test]
fn no_two_variants_have_the_same_options() {
    let large = details(&[("size", "L")]);
    let told = ProductFact::VariantDescribed { sku: sku(), details: Box::new(large.clone()) };
    let known = || given::<Product>([created(), added(), told.clone()]);
    let same = ProductCommand::AddVariant(Box::new(variant("85123B", large.clone())));
    known().when(same).refused(ProductRefusal::SameOptions { sku: sku() });
    let again = ProductCommand::AddVariant(Box::new(variant("85123A", large)));
    known().when(again).then_nothing_happened();
}

#[test]
fn the_status_tells_draft_from_what_was_taken_away() {
    use ProductFact::{Discontinued, Published, Withdrawn};
    let status = |facts: Vec<ProductFact>| given::<Product>(facts).state().status();
    assert_eq!(status(vec![created(), added()]), ProductStatus::Draft);
    assert_eq!(status(vec![created(), added(), Published]), ProductStatus::Active);
    let away = vec![created(), added(), Published, Withdrawn];
    assert_eq!(status(away.clone()), ProductStatus::Inactive);
    assert_eq!(status([away.clone(), vec![Published]].concat()), ProductStatus::Active);
    assert_eq!(status([away, vec![Discontinued]].concat()), ProductStatus::Discontinued);
}
