//! Importing a catalogue: what becomes of good rows and bad ones, the second time, and of the whole program.

mod program;

use engine::views::{Query, Reader};
use flows::views::{Product, Products, Stock, Stocks};
use kernel::{Column, Currency};
use proptest::prelude::*;
use serde_json::Value as Json;
use server::import::{
    File, Format, ImportError, ImportShop, Listener, Order, Reading, Refused, Report, import,
};
use std::{
    io::{self, Cursor, Read},
    path::Path,
    sync::atomic::AtomicBool,
};
use tempfile::{TempDir, tempdir};

/// What was told.
#[derive(Default)]
struct Heard {
    refused: Vec<Refused>,
    rows: u64,
}

impl Listener for Heard {
    fn read(&mut self, _: u64, rows: u64) {
        self.rows = rows;
    }

    fn refused(&mut self, refused: &Refused) -> io::Result<()> {
        self.refused.push(refused.clone());
        Ok(())
    }
}

fn folder() -> TempDir {
    tempdir().expect("there is room for a folder")
}

fn run(mut shop: ImportShop, format: Format, text: &[u8]) -> (Report, Vec<Refused>) {
    let (stop, mut heard) = (AtomicBool::new(false), Heard::default());
    let reading = Reading { currency: Currency::GBP, ignored: vec![] };
    let source = Box::new(Cursor::new(text.to_vec()));
    let file = File::open("file", format, source, &reading).expect("its header is right");
    let order = Order { files: vec![file], stop: &stop, listener: &mut heard };
    let report = import(&mut shop, order).expect("the shop is there");
    shop.close().expect("nothing is wrong with it");
    assert_eq!(heard.rows, report.rows, "whoever watches is told of every row");
    assert_eq!(heard.refused.len() as u64, report.refused);
    (report, heard.refused)
}

fn imported(data: &Path, format: Format, text: &[u8]) -> (Report, Vec<Refused>) {
    let limits = engine::Limits::default();
    run(ImportShop::open(data, limits).expect("nobody has the folder"), format, text)
}

fn csv(data: &Path, text: &str) -> Report {
    imported(data, Format::Csv, text.as_bytes()).0
}

fn lines(data: &Path, text: &str) -> Report {
    imported(data, Format::JsonLines, text.as_bytes()).0
}

/// Created, changed, unchanged, refused.
fn counts(report: &Report) -> [u64; 4] {
    assert!(report.complete);
    let Report { rows, created, changed, unchanged, refused, .. } = *report;
    assert_eq!(rows, created + changed + unchanged + refused, "every row is accounted for");
    [created, changed, unchanged, refused]
}

/// The journal's end; every view has come so far.
fn tip(data: &Path) -> u64 {
    let (tip, views) = server::view_tools::list(data).expect("there is a shop");
    let behind = views.iter().find(|view| view.stored.map(|stored| stored.0) != Some(tip));
    assert!(tip == 0 || behind.is_none(), "{behind:?}");
    tip
}

/// The types of all facts after a position.
fn facts_after(data: &Path, position: u64) -> Vec<String> {
    let mut out = Vec::new();
    let whole = server::journal_tools::Filter::default();
    server::journal_tools::export(data, &whole, &mut out).expect("it can be read");
    let text = String::from_utf8(out).expect("it is JSON");
    let facts = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("a fact"));
    let new = facts.filter(|fact| fact["position"].as_u64() > Some(position));
    new.map(|fact| fact["type"].as_str().expect("a type").to_owned()).collect()
}

fn views(data: &Path) -> Reader {
    Reader::open(&data.join("views.db")).expect("there are views")
}

fn product(data: &Path, slug: &str) -> Product {
    let query = Query::new().equal("slug", Column::Text(slug.to_owned()));
    let found = views(data).list::<Products>(&query).expect("the view is there");
    let mut rows = found.rows.into_iter();
    let (_, product) = rows.next().expect("there is such a product");
    assert!(rows.next().is_none(), "there is one");
    product
}

fn stock(data: &Path, sku: &str) -> Option<Stock> {
    views(data).get::<Stocks>(sku).expect("the view is there")
}

const MUGS: &str = "\
slug,name,status,sku,option1_name,option1_value,price,stock,location,weight_grams
mug,Mug,active,MUG-BLUE,colour,blue,12.50,120,A-01,180
mug,,,MUG-CREAM,,cream,12.50,0,,180
lantern,Lantern,draft,LANTERN,,,34.00,25,,
";

const BLANKET: &str = r#"{"slug": "blanket", "name": "Blanket", "status": "active", "brand": "Upfold", "variants": [{"sku": "S", "price": {"minor": 6900, "currency": "GBP"}, "options": {"size": "single"}, "stock": {"quantity": 30}}, {"sku": "D", "price": {"minor": 9900, "currency": "GBP"}, "options": {"size": "double"}}]}
"#;

#[test]
fn a_catalogue_comes_in_and_the_same_file_again_changes_nothing() {
    let data = folder();
    assert_eq!(counts(&csv(data.path(), MUGS)), [3, 0, 0, 0]);
    let mug = product(data.path(), "mug");
    let seen: Vec<_> = mug
        .variants
        .iter()
        .map(|mug| (mug.sku.as_str(), mug.price.minor, mug.details.options["colour"].as_str()))
        .collect();
    assert_eq!(seen, [("MUG-BLUE", 1250, "blue"), ("MUG-CREAM", 1250, "cream")]);
    assert_eq!(mug.status, commerce::catalog::ProductStatus::Active);
    let lantern = product(data.path(), "lantern");
    assert_eq!(lantern.status, commerce::catalog::ProductStatus::Draft);
    assert_eq!(stock(data.path(), "MUG-BLUE").map(|stock| stock.on_hand()), Some(120));
    assert_eq!(stock(data.path(), "MUG-CREAM"), None, "nothing is no stock");
    let before = tip(data.path());
    assert_eq!(counts(&csv(data.path(), MUGS)), [0, 0, 3, 0]);
    assert_eq!(tip(data.path()), before, "not one fact more");
}

#[test]
fn json_lines_are_products_as_the_api_takes_them() {
    let data = folder();
    assert_eq!(counts(&lines(data.path(), BLANKET)), [1, 0, 0, 0]);
    let blanket = product(data.path(), "blanket");
    assert_eq!(blanket.description.brand.as_deref(), Some("Upfold"));
    assert_eq!(blanket.variants.len(), 2);
    assert_eq!(stock(data.path(), "S").map(|stock| stock.on_hand()), Some(30));
    let before = tip(data.path());
    assert_eq!(counts(&lines(data.path(), BLANKET)), [0, 0, 1, 0]);
    // CSV speaks of the same products.
    let same = "slug,sku,price,option.size\nblanket,S,69,single\n";
    assert_eq!(counts(&csv(data.path(), same)), [0, 0, 1, 0]);
    assert_eq!(tip(data.path()), before);
    // An empty text takes away what was said.
    assert_eq!(counts(&lines(data.path(), r#"{"slug": "blanket", "brand": ""}"#)), [0, 1, 0, 0]);
    assert_eq!(product(data.path(), "blanket").description.brand, None);
}

#[test]
fn what_is_otherwise_in_the_file_changes_and_nothing_else() {
    let data = folder();
    csv(data.path(), MUGS);
    for (old, new, facts) in [
        ("34.00", "35.00", &["catalog/priced@1"][..]),
        ("Lantern", "Storm lantern", &["catalog/retitled@1"]),
        ("draft", "active", &["catalog/published@1"]),
        ("blue,12.50,120,A-01,180", "blue,12.50,120,A-01,200", &["catalog/variant_described@1"]),
        ("mug,Mug,active", "mug,Mug,inactive", &["catalog/withdrawn@1"]),
    ] {
        let before = tip(data.path());
        let changed = csv(data.path(), &MUGS.replace(old, new));
        assert_eq!(counts(&changed), [0, 1, 2, 0], "{new}");
        assert_eq!(facts_after(data.path(), before), facts, "{new}");
        csv(data.path(), MUGS);
    }
    // Another variant of a product that is there; what a file leaves out stays.
    let before = tip(data.path());
    let more = "slug,sku,price,option.colour\nmug,MUG-RED,13,red\n";
    assert_eq!(counts(&csv(data.path(), more)), [1, 0, 0, 0]);
    let added = ["catalog/variant_added@1", "catalog/variant_described@1"];
    assert_eq!(facts_after(data.path(), before), added);
    assert_eq!(product(data.path(), "mug").variants.len(), 3);
}

#[test]
fn the_first_stock_is_received_once_and_never_again() {
    let data = folder();
    csv(data.path(), "sku,name,price,stock\nA,Apple,1,10\nB,Pear,1,\n");
    let again = "sku,name,price,stock\nA,Apple,1,99\nB,Pear,1,7\n";
    assert_eq!(counts(&csv(data.path(), again)), [0, 1, 1, 0]);
    let units = |sku| stock(data.path(), sku).map(|stock| stock.on_hand());
    assert_eq!((units("A"), units("B")), (Some(10), Some(7)));
    // All of it is gone: an import does not bring it back.
    adjust(data.path(), "A", -10);
    assert_eq!(counts(&csv(data.path(), again)), [0, 0, 2, 0]);
    assert_eq!(units("A"), Some(0));
}

fn adjust(data: &Path, sku: &str, change: i64) {
    let start = "2026-11-20T10:00:00Z".parse().expect("it is a time");
    let shop = server::shop::RunningShop::open(data, start).expect("nobody has the folder");
    let adjust = warehouse::inventory::StockCommand::Adjust {
        site: flows::routing::home(),
        change,
        reason: warehouse::inventory::AdjustReason::Loss,
        location: None,
        lot: None,
    };
    let command = flows::Command::Stock(sku.parse().expect("a SKU"), adjust);
    let id = kernel::CommandId::derive("test", sku);
    let asked = shop.engine.ask(engine::Ask::by_system(id, command)).expect("it runs");
    asked.expect("what is lost is never refused");
    shop.settle().expect("nothing is under way");
    shop.stop().expect("nothing is wrong with it");
}

/// A row, and what is wrong with it.
const BAD_ROWS: &[(&str, &str)] = &[
    ("one,two", "IMPORT_WRONG_WIDTH"),
    ("x,X,a b,1,,,,", "IMPORT_BAD_VALUE"),
    ("x,X,,1,,,,", "IMPORT_BAD_VALUE"),
    ("x,X,...,1,,,,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,1.999,,,,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,-1,,,,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,99999999999999999999,,,,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,9999999999999,,,,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,1,EUR,,,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,1,,1000001,,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,1,,-5,,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,1,,5,MOON,", "IMPORT_BAD_VALUE"),
    ("x,X,BAD,1,,,,4006381333932", "PRODUCT_BAD_BARCODE"),
    ("X Y,X,BAD2,1,,,,", "PRODUCT_BAD_SLUG"),
    ("x,,BAD3,1,,,,", "IMPORT_NAME_MISSING"),
    ("x,X,BAD4,,,,,", "IMPORT_PRICE_MISSING"),
    ("good,Good,GOOD,1,,,,", "IMPORT_DUPLICATE_SKU"),
    ("x,\"X,BAD,1,,,,", "IMPORT_NOT_CSV"),
];

#[test]
fn each_bad_row_is_told_with_its_line_and_the_good_ones_are_taken() {
    let data = folder();
    let header = "slug,name,sku,price,currency,stock,site,barcode";
    let mut text = format!("{header}\ngood,Good,GOOD,1.00,gbp,3,MAIN,\n").into_bytes();
    for (row, _) in BAD_ROWS {
        text.extend(row.as_bytes());
        text.push(b'\n');
    }
    text.extend(b"y,\xff\xfe,BAD9,1,,,,\n");
    text.extend(b"last,Last,LAST,2,,,,");
    let (report, refused) = imported(data.path(), Format::Csv, &text);
    let wanted: Vec<(u64, &str)> =
        (3..).zip(BAD_ROWS.iter().map(|(_, code)| *code).chain(["IMPORT_NOT_UTF8"])).collect();
    let found: Vec<(u64, &str)> =
        refused.iter().map(|refused| (refused.line, &*refused.fault.code)).collect();
    assert_eq!(found, wanted);
    assert_eq!(counts(&report), [2, 0, 0, wanted.len() as u64]);
    assert!(refused.iter().all(|refused| !refused.fault.reason.is_empty()));
    let made = ["catalog/created@1", "catalog/described@1", "catalog/variant_added@1"];
    let facts = [&made[..], &made, &["inventory/received@1"]].concat();
    let mut found = facts_after(data.path(), 0);
    found.sort_unstable();
    let mut facts: Vec<String> = facts.into_iter().map(str::to_owned).collect();
    facts.sort_unstable();
    assert_eq!(found, facts, "bad rows leave nothing behind");
}

#[test]
fn each_bad_line_of_json_is_told_with_where_in_it() {
    let data = folder();
    let good =
        r#"{"name": "A", "variants": [{"sku": "A", "price": {"minor": 1, "currency": "GBP"}}]}"#;
    let bad = [
        (r#"{"name": "A", "variants": ["#.to_owned(), "IMPORT_NOT_JSON", ""),
        (good.replace("}}]}", "}}]} more"), "IMPORT_NOT_JSON", ""),
        (good.replace("\"name\": \"A\"", "\"name\": 7"), "IMPORT_BAD_VALUE", "/name"),
        (good.replace("name", "nick"), "IMPORT_BAD_VALUE", "/nick"),
        (
            good.replace("\"minor\": 1", "\"minor\": 1e30"),
            "IMPORT_BAD_VALUE",
            "/variants/0/price/minor",
        ),
        (good.replace("GBP", "EUR"), "IMPORT_BAD_VALUE", "/variants/0/price"),
        (good.replace("\"sku\": \"A\"", "\"sku\": \"a b\""), "IMPORT_BAD_VALUE", "/variants/0/sku"),
        ("[]".to_owned(), "IMPORT_BAD_VALUE", ""),
        (r#"{"name": "nobody"}"#.to_owned(), "IMPORT_BAD_VALUE", ""),
        (format!("{{\"slug\": \"{}\"", "x".repeat(2 << 20)), "IMPORT_ROW_TOO_LONG", ""),
        (
            good.replace(
                "{\"sku\"",
                "{\"stock_kept\": false, \"stock\": {\"quantity\": 1}, \"sku\"",
            )
            .replace("\"A\"", "\"C\""),
            "STOCK_NOT_KEPT",
            "/variants/0/stock",
        ),
        (r#"{"slug": "gone"}"#.to_owned(), "IMPORT_NAME_MISSING", ""),
    ];
    let text: Vec<String> =
        bad.iter().map(|(line, ..)| line.clone()).chain([good.into()]).collect();
    let (report, refused) = imported(data.path(), Format::JsonLines, text.join("\n").as_bytes());
    let found: Vec<_> = refused
        .iter()
        .map(|refused| (refused.line, &*refused.fault.code, refused.fault.place.as_str()))
        .collect();
    let wanted: Vec<_> = (1..).zip(&bad).map(|(line, (_, code, at))| (line, *code, *at)).collect();
    assert_eq!(found, wanted, "{refused:#?}");
    assert_eq!(counts(&report), [1, 0, 0, bad.len() as u64]);
}

#[test]
fn a_sku_belongs_to_one_product() {
    let data = folder();
    csv(data.path(), MUGS);
    let before = tip(data.path());
    let other = "slug,name,sku,price\nother,Other,LANTERN,1\n,Lantern,LANTERN-2,1\n";
    let (report, refused) = imported(data.path(), Format::Csv, other.as_bytes());
    assert_eq!(counts(&report), [1, 0, 0, 1]);
    assert_eq!(refused[0].fault.code, "PRODUCT_SKU_EXISTS");
    assert_eq!(facts_after(data.path(), before).len(), 2, "only the other row's");
    // Without a slug it is the product that the SKU belongs to.
    assert_eq!(counts(&csv(data.path(), "sku,name\nLANTERN,Old lantern\n")), [0, 1, 0, 0]);
    assert_eq!(product(data.path(), "lantern").title, "Old lantern");
}

#[test]
fn a_dry_run_tells_the_same_and_does_nothing() {
    let data = folder();
    let inner = data.path().join("shop");
    let shop = ImportShop::open_for_dry_run(&inner).expect("there is room elsewhere");
    let (tried, _) = run(shop, Format::Csv, MUGS.as_bytes());
    assert!(tried.dry_run && !inner.exists());
    assert_eq!(counts(&tried), counts(&csv(&inner, MUGS)));
    let before = tip(&inner);
    let other = MUGS.replace("34.00", "35.00") + "mug,,,MUG-RED,colour,blue,1,,,\n";
    let shop = ImportShop::open_for_dry_run(&inner).expect("nobody has the folder");
    let (tried, refused) = run(shop, Format::Csv, other.as_bytes());
    assert_eq!((counts(&tried), tip(&inner)), ([0, 1, 2, 1], before));
    assert_eq!(counts(&csv(&inner, &other)), [0, 1, 2, 1]);
    assert_eq!(refused[0].fault.code, "PRODUCT_SAME_OPTIONS");
}

/// Gives half of a file, and then an error.
struct Breaks(Cursor<Vec<u8>>);

impl Read for Breaks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the cable is out")),
            some => Ok(some),
        }
    }
}

#[test]
fn what_was_read_before_a_file_broke_off_is_kept() {
    let data = folder();
    let reading = Reading { currency: Currency::GBP, ignored: vec![] };
    let source = Box::new(io::BufReader::new(Breaks(Cursor::new(MUGS.into()))));
    let file = File::open("file", Format::Csv, source, &reading).expect("its header is right");
    let (stop, mut heard) = (AtomicBool::new(false), Heard::default());
    let mut shop = ImportShop::open(data.path(), engine::Limits::default()).expect("it is new");
    let order = Order { files: vec![file], stop: &stop, listener: &mut heard };
    let error = import(&mut shop, order).expect_err("it breaks off");
    assert!(matches!(error, ImportError::Unreadable { .. }), "{error}");
    shop.close().expect("nothing is wrong with it");
    assert_eq!(counts(&csv(data.path(), MUGS)), [0, 0, 3, 0]);
}

#[test]
fn thousands_of_rows_in_any_order_become_products_with_all_their_variants() {
    let data = folder();
    let mut text = "slug,name,sku,price,option.size,stock\n".to_owned();
    // Rows of a product are far apart, so that every batch meets products of those before it.
    for size in 0..4 {
        for n in 0..500 {
            text += &format!("p-{n},Product {n},P{n}-{size},{n}.50,{size},{}\n", size * n);
        }
    }
    assert_eq!(counts(&csv(data.path(), &text)), [2000, 0, 0, 0]);
    assert_eq!(product(data.path(), "p-499").variants.len(), 4);
    assert_eq!(stock(data.path(), "P499-3").map(|stock| stock.on_hand()), Some(1497));
    let before = tip(data.path());
    assert_eq!(counts(&csv(data.path(), &text)), [0, 0, 2000, 0]);
    assert_eq!(tip(data.path()), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is broken in a file: every row is accounted for, and what is taken is taken once.
    #[test]
    fn a_file_with_broken_bytes_comes_in_as_far_as_it_is_right_and_once(
        blows in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12)
    ) {
        let rows = (0..40).map(|n| format!("product-{n:03},Product {n},SKU-{n:03},{n}.25,{n},x\n"));
        let header = "slug,name,sku,price,stock,option.size\n";
        let mut rows = rows.collect::<String>().into_bytes();
        for (at, byte) in blows {
            let at = at.index(rows.len());
            rows[at] = byte;
        }
        let text = [header.as_bytes(), &rows].concat();
        let data = folder();
        let (first, refused) = imported(data.path(), Format::Csv, &text);
        let before = tip(data.path());
        let (second, again) = imported(data.path(), Format::Csv, &text);
        counts(&first);
        prop_assert_eq!(counts(&second)[0], 0, "nothing is created twice");
        prop_assert_eq!(refused, again);
        if counts(&second)[1] == 0 {
            prop_assert_eq!(tip(data.path()), before);
        }
        let lines = imported(data.path(), Format::JsonLines, &text).0;
        prop_assert_eq!(counts(&lines)[..3].to_vec(), vec![0, 0, 0], "this is no JSON");
        prop_assert_eq!(tip(data.path()), tip(data.path()).max(before));
    }
}
