//! What each kind of row means, and what the year of trade in `examples/online-retail` adds up to.

use super::*;
use std::{io::Cursor, io::Write, path::PathBuf};

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/// A row of 1 December 2010.
fn row(invoice: &str, code: &str, quantity: i64, price: &str, customer: &str) -> String {
    row_at("2010-12-01 08:26:00", invoice, code, &format!("{quantity},{price},{customer}"))
}

/// `rest` is quantity, price and customer.
fn row_at(at: &str, invoice: &str, code: &str, rest: &str) -> String {
    let (quantity, price_and_customer) = rest.split_once(',').unwrap();
    let (price, customer) = price_and_customer.split_once(',').unwrap();
    format!("{invoice},{code},A THING,{quantity},{at},{price},{customer},United Kingdom")
}

fn planned(rows: &[String]) -> Plan {
    planned_until(rows, None)
}

fn planned_until(rows: &[String], until: Option<&str>) -> Plan {
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    let plan = plan(Cursor::new(text), until.map(|day| day_or_moment(day).unwrap())).unwrap();
    assert_every_row_is_accounted_for(&plan);
    plan
}

fn assert_every_row_is_accounted_for(plan: &Plan) {
    let counts = plan.counts;
    let sum = counts.order_lines
        + counts.return_lines
        + counts.credit_lines
        + counts.corrections_in
        + counts.corrections_out
        + counts.adjustments
        + counts.malformed;
    assert_eq!(counts.rows, sum);
    assert!(plan.events.is_sorted_by_key(|event| event.at));
}

fn happenings(plan: &Plan) -> Vec<&Happening> {
    plan.events.iter().map(|event| &event.what).collect()
}

fn units(line: u32, units: u32) -> Units {
    Units { line, units }
}

#[test]
fn an_order_is_all_rows_of_its_invoice_wherever_they_stand() {
    let plan = planned(&[
        row("1", "85123A", 6, "2.55", "17850.0"),
        row("2", "22633", 1, "1.0", ""),
        row("1", "POST", 1, "18.0", "17850.0"),
        row("1", "85123A", 2, "2.1", "17850.0"),
    ]);
    let [first, second] = plan.orders.as_slice() else { panic!("two orders") };
    assert_eq!(first.lines.iter().map(Line::amount_minor).collect::<Vec<_>>(), [1530, 1800, 420]);
    assert_eq!(first.lines.iter().map(|l| l.stock_kept).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!((first.customer, second.customer), (Some(0), None));
    assert_eq!(plan.customers, ["17850"]);
    assert_eq!(plan.countries, ["United Kingdom"]);
    assert!(matches!(
        happenings(&plan)[..],
        [Happening::Delivery { .. }, Happening::Order(0), Happening::Order(1)]
    ));
    assert_eq!((plan.counts.orders, plan.counts.order_lines), (2, 4));
    assert_eq!(plan.counts.gross_minor, 1530 + 1800 + 420 + 100);
}

#[test]
fn an_order_with_two_times_happens_at_its_first_and_time_never_goes_back() {
    let plan = planned(&[
        row_at("2010-12-01 09:00:00", "1", "22633", "1,1.0,7"),
        row_at("2010-12-01 08:00:00", "2", "22633", "1,1.0,7"),
        row_at("2010-12-01 10:00:00", "1", "22633", "1,1.0,7"),
    ]);
    let times: Vec<_> = plan.events.iter().map(|event| (event.file_line, event.at)).collect();
    let nine = day_or_moment("2010-12-01 09:00:00").unwrap();
    assert_eq!(times, [(2, nine), (2, nine), (3, nine)]);
    assert_eq!(plan.order(0).lines.len(), 2);
}

#[test]
fn goods_arrive_before_each_month_as_many_as_it_sells_and_loses() {
    let plan = planned(&[
        row_at("2010-12-01 09:00:00", "1", "22633", "3,1.0,7"),
        row_at("2010-12-01 09:00:00", "1", "POST", "1,1.0,7"),
        row_at("2010-12-30 09:00:00", "2", "22633", "-2,0.0,"),
        row_at("2010-12-30 09:00:00", "3", "22633", "9,0.0,"),
        row_at("2011-01-04 09:00:00", "4", "22633", "4,1.0,7"),
        row_at("2011-02-04 09:00:00", "A5", "B", "1,4.0,7"),
    ]);
    let deliveries: Vec<_> = (plan.events.iter())
        .filter_map(|event| match &event.what {
            Happening::Delivery { lines } => Some((event.at.day(), lines.clone())),
            _ => None,
        })
        .collect();
    let december = ("2010-12-01".to_owned(), vec![(0, 5)]);
    let january = ("2011-01-04".to_owned(), vec![(0, 4)]);
    assert_eq!(deliveries, [december, january]);
    assert!(matches!(plan.events[0].what, Happening::Delivery { .. }));
}

#[test]
fn more_than_a_million_of_an_item_arrive_in_several_lines() {
    let plan =
        planned(&[row("1", "22633", 1_000_000, "1.0", ""), row("2", "22633", 500_000, "1.0", "")]);
    let Happening::Delivery { lines } = &plan.events[0].what else { panic!("goods first") };
    assert_eq!(*lines, [(0, 1_000_000), (0, 500_000)]);
}

#[test]
fn a_return_is_settled_against_the_newest_lines_of_one_or_several_orders() {
    let plan = planned(&[
        row("1", "22633", 5, "1.0", "7"),
        row("2", "22633", 1, "1.0", "7"),
        row("2", "22633", 2, "2.0", "7"),
        row("C3", "22633", -4, "1.5", "7.0"),
        row("C4", "22633", -4, "1.5", "7"),
    ]);
    let parts: Vec<_> = (plan.events.iter())
        .filter_map(|event| match &event.what {
            Happening::Return { parts, value_minor, .. } => Some((parts.clone(), *value_minor)),
            _ => None,
        })
        .collect();
    let part = |order, lines, value_minor| ReturnPart { order, lines, value_minor };
    let newest_first = part(1, vec![units(2, 2), units(1, 1)], 450);
    assert_eq!(parts[0], (vec![newest_first, part(0, vec![units(1, 1)], 150)], 600));
    assert_eq!(parts[1], (vec![part(0, vec![units(1, 4)], 600)], 600));
    assert_eq!((plan.counts.return_lines, plan.counts.return_parts), (2, 3));
    assert_eq!(plan.counts.return_minor, 1200);
}

#[test]
fn an_item_without_stock_may_be_returned() {
    let plan = planned(&[row("1", "POST", 1, "18.0", "7"), row("C2", "POST", -1, "18.0", "7")]);
    assert_eq!(plan.counts.return_lines, 1);
    assert!(matches!(happenings(&plan)[..], [Happening::Order(0), Happening::Return { .. }]));
}

#[test]
fn what_was_not_bought_before_in_that_number_is_a_credit_without_an_order() {
    let rows = [
        row("C0", "22633", -1, "1.0", "7"),  // not bought yet
        row("1", "22633", 3, "1.0", "7"),    //
        row("C2", "22633", -4, "1.0", "7"),  // more than bought: the whole row or nothing
        row("C3", "22633", -1, "1.0", "8"),  // by somebody else
        row("C4", "22633a", -1, "1.0", "7"), // another code
        row("5", "84406B", 1, "1.0", ""),    //
        row("C6", "84406B", -1, "1.0", ""),  // nobody is never the same customer
        row("C7", "22633", -3, "1.0", "7"),  // all three are still there
        row("C8", "22633", -1, "1.0", "7"),  // and now they are not
    ];
    let plan = planned(&rows);
    assert_eq!((plan.counts.credit_lines, plan.counts.credit_minor), (6, 900));
    assert_eq!((plan.counts.return_lines, plan.counts.return_minor), (1, 300));
    let Happening::Credit { invoice, customer, units, amount_minor, .. } = &plan.events[1].what
    else {
        panic!("the first row is a credit: {:?}", plan.events[1]);
    };
    assert_eq!((invoice.as_str(), *customer, *units, *amount_minor), ("C0", Some(0), 1, 100));
}

#[test]
fn a_price_of_nothing_is_a_correction_and_less_than_a_penny_is_a_price() {
    let plan = planned(&[
        row("1", "22633", 5, "0.0", ""),
        row("2", "22633", -3, "0", ""),
        row("3", "POST", -1, "0.0", ""),
        row("4", "PADS", 1, "0.001", "7"),
    ]);
    assert_eq!((plan.counts.corrections_in, plan.counts.corrections_out), (1, 2));
    let without_stock = plan.counts.corrections_out_without_stock;
    assert_eq!((plan.counts.corrections_in_without_stock, without_stock), (0, 1));
    assert_eq!((plan.counts.order_lines, plan.counts.gross_minor), (1, 0));
    let correction = |item, change, stock_kept| Happening::Correction { item, change, stock_kept };
    let found = happenings(&plan)[1..4].to_vec();
    let expected = [&correction(0, 5, true), &correction(0, -3, true), &correction(1, -1, false)];
    assert_eq!(found, expected);
}

#[test]
fn an_invoice_that_begins_with_a_adjusts_the_accounts() {
    let plan = planned(&[row("A1", "B", 1, "11062.06", ""), row("A2", "B", 1, "-11062.06", "")]);
    assert_eq!((plan.counts.adjustments, plan.counts.adjustments_minor), (2, 0));
    let invoice = "A2".into();
    let adjusted = Happening::Adjustment { invoice, amount_minor: -1_106_206 };
    assert_eq!(plan.events[1].what, adjusted);
}

#[test]
fn a_malformed_row_is_listed_with_its_line_and_the_rest_goes_on() {
    let good = row("1", "22633", 1, "1.0", "7");
    let plan = planned(&[
        good.clone(),
        "1,22633,three values".into(),
        row("1", "22633", 0, "1.0", "7"),
        row("1", "22633", 2_000_000, "1.0", "7"),
        row("1", "22633", -1, "1.0", "7"),
        row("C1", "22633", 1, "1.0", "7"),
        row("X1", "22633", 1, "1.0", "7"),
        row("1", "käse", 1, "1.0", "7"),
        row("1", "22633", 1, "one", "7"),
        row_at("yesterday", "1", "22633", "1,1.0,7"),
        row("1", "22633", 1, "1.0", "7").replace("United Kingdom", "U"),
        format!("1,\"{good}"),
        "x".repeat(70_000),
        String::new(),
        good,
    ]);
    let lines: Vec<u64> = plan.malformed.iter().map(|malformed| malformed.line).collect();
    assert_eq!(lines, (3..=14).collect::<Vec<u64>>());
    assert_eq!((plan.counts.order_lines, plan.counts.malformed, plan.counts.rows), (2, 12, 14));
    let reasons: Vec<String> =
        plan.malformed.iter().map(|malformed| malformed.reason.to_string()).collect();
    assert_eq!(reasons[0], "3 values where the header names 8");
    assert!(reasons[10].contains("not closed") && reasons[11].contains("longer"), "{reasons:?}");
}

#[test]
fn a_line_that_is_no_utf_8_is_malformed() {
    let mut text = format!("{HEADER}\n").into_bytes();
    text.extend(b"1,22633,\xa340 VOUCHER,1,2010-12-01 08:26:00,1.0,7,EIRE\n");
    text.extend(b"1,22633,VOUCHER,1,2010-12-01 08:26:00,1.0,7,EIRE");
    let plan = plan(Cursor::new(text), None).unwrap();
    assert_eq!(plan.malformed, [Malformed { line: 2, reason: Flaw::NotText }]);
    assert_eq!(plan.counts.order_lines, 1);
}

#[test]
fn columns_are_found_by_name_and_values_may_be_quoted() {
    let text = "\u{feff}Country,Customer ID,Price,InvoiceDate,Quantity,Description,StockCode,Invoice,Note\r\n\
        \"Korea, South\",,\"1.25\",2010-12-01 08:26:00,2,\"A \"\"BIG\"\" CUP, RED\",22633,1,\r\n";
    let plan = plan(Cursor::new(text), None).unwrap();
    assert_eq!(plan.malformed, []);
    assert_eq!(plan.countries, ["Korea, South"]);
    assert_eq!(plan.item(0).title, "A \"BIG\" CUP, RED");
    assert_eq!(plan.counts.gross_minor, 250);
}

#[test]
fn a_file_without_the_columns_is_no_trade() {
    for text in ["", "a,b\n1,2\n"] {
        let error = plan(Cursor::new(text), None).unwrap_err();
        assert!(error.to_string().contains("InvoiceNo"), "{error}");
    }
    let error = read(&PathBuf::from("no/such/trade.csv"), None).unwrap_err();
    assert!(error.to_string().starts_with("no/such/trade.csv cannot be read"), "{error}");
}

#[test]
fn rows_at_or_after_until_are_not_part_of_the_trade() {
    let rows = [
        row_at("2010-12-31 23:59:59", "1", "22633", "1,1.0,7"),
        row_at("2011-01-01 00:00:00", "1", "22633", "1,1.0,7"),
        row_at("2010-12-31 23:59:59", "2", "22633", "1,1.0,7"),
    ];
    let plan = planned_until(&rows, Some("2011-01-01"));
    assert_eq!((plan.counts.rows, plan.counts.orders), (2, 2));
}

#[test]
fn a_packed_file_reads_like_a_plain_one_and_a_torn_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}\n{}\n", row("1", "22633", 1, "1.0", "7"));
    let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
    let written = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        File::create(&file).unwrap().write_all(bytes).unwrap();
        file
    };
    let plain = read(&written("plain.csv", text.as_bytes()), None).unwrap();
    assert_eq!(read(&written("packed.csv", &packed), None).unwrap(), plain);
    let torn = read(&written("torn.csv", &packed[..packed.len() - 8]), None).unwrap_err();
    assert!(matches!(torn, TradeError::Unreadable { .. }), "{torn}");
}

fn online_retail() -> PathBuf {
    let crate_folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    crate_folder.join("../../examples/online-retail/online_retail.csv.zst")
}

#[test]
fn the_year_of_online_retail_adds_up() {
    let plan = read(&online_retail(), None).unwrap();
    assert_every_row_is_accounted_for(&plan);
    let expected = Counts {
        rows: 541_909,
        orders: 19_959,
        order_lines: 530_103,
        gross_minor: 1_065_562_248,
        return_lines: 7_518,
        return_parts: plan.counts.return_parts,
        return_minor: 46_874_819,
        credit_lines: 1_770,
        credit_minor: 42_806_430,
        corrections_in: 1_179,
        corrections_out: 1_336,
        corrections_in_without_stock: plan.counts.corrections_in_without_stock,
        corrections_out_without_stock: plan.counts.corrections_out_without_stock,
        adjustments: 3,
        adjustments_minor: -1_106_206,
        malformed: 0,
    };
    assert_eq!(plan.counts, expected);
    let largest_order = plan.orders.iter().map(|order| order.lines.len()).max();
    let lines = || plan.orders.iter().flat_map(|order| &order.lines);
    assert_eq!(largest_order, Some(1_114));
    assert_eq!(lines().map(|line| line.quantity).max(), Some(80_995));
    let without_goods = |order: &&Order| order.lines.iter().all(|line| !line.stock_kept);
    assert_eq!(plan.orders.iter().filter(without_goods).count(), 186);
}

#[test]
fn december_of_online_retail_adds_up() {
    let plan = read(&online_retail(), day_or_moment("2011-01-01")).unwrap();
    assert_every_row_is_accounted_for(&plan);
    let counts = plan.counts;
    assert_eq!((counts.rows, counts.orders, counts.order_lines), (42_481, 1_559, 41_480));
    assert_eq!(counts.gross_minor, 82_374_614);
    assert_eq!((counts.return_lines, counts.return_minor), (299, 817_848));
    assert_eq!((counts.credit_lines, counts.credit_minor), (429, 6_661_064));
    assert_eq!((counts.corrections_in, counts.corrections_out), (203, 70));
    assert_eq!((counts.adjustments, counts.malformed), (0, 0));
}
