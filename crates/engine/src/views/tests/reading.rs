//! Lists: filters, orders, pages; counts and sums.

use super::toy::*;
use crate::views::*;
use kernel::Column;

/// Nine jars: 1 to 9 with as much in them, every third without a label.
fn pantry() -> House {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    for n in 1..=9u8 {
        house.happens([filled(n.into(), n.into())]);
        if n % 3 != 0 {
            let label = if n % 2 == 0 { "pear" } else { "plum" };
            house.happens([labelled(n.into(), label)]);
        }
    }
    house.catch_up(&mut runner);
    house
}

fn text(text: &str) -> Column {
    Column::Text(text.to_owned())
}

/// All amounts of a list, page by page; cursors go through their text.
fn amounts(house: &House, query: &Query, limit: usize) -> Vec<i64> {
    let mut amounts = Vec::new();
    let mut query = query.clone().limit(limit);
    loop {
        let page = house.reader().list::<Jars>(&query).unwrap();
        assert!(page.rows.len() <= limit);
        amounts.extend(page.rows.iter().map(|(_, content)| content.amount));
        let Some(next) = page.next else { return amounts };
        assert_eq!(page.rows.len(), limit);
        query = query.after(next.to_string().parse().unwrap());
    }
}

#[test]
fn lists_are_sorted_and_complete_whatever_the_size_of_a_page() {
    let house = pantry();
    let new = Query::new;
    let expected: [(Query, &[i64]); 9] = [
        (new(), &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (new().ascending("amount"), &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (new().descending("amount"), &[9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (new().ascending("label"), &[3, 6, 9, 2, 4, 8, 1, 5, 7]),
        (new().descending("label"), &[7, 5, 1, 8, 4, 2, 9, 6, 3]),
        (new().equal("label", text("plum")).descending("amount"), &[7, 5, 1]),
        (new().absent("label").ascending("amount"), &[3, 6, 9]),
        (new().range("label", ..).ascending("label"), &[2, 4, 8, 1, 5, 7]),
        (new().range("label", ..).descending("label"), &[7, 5, 1, 8, 4, 2]),
    ];
    for (query, expected) in &expected {
        for limit in 1..=10 {
            assert_eq!(amounts(&house, query, limit), *expected, "{query:?} by {limit}");
        }
    }
}

#[test]
fn filters_can_be_combined_and_counted() {
    let house = pantry();
    let number = Column::Number;
    let count = |query: Query| {
        let count = house.reader().count::<Jars>(&query).unwrap();
        assert_eq!(count, amounts(&house, &query, 2).len() as u64);
        count
    };
    assert_eq!(count(Query::new()), 9);
    assert_eq!(count(Query::new().range("amount", number(2)..number(5))), 3);
    assert_eq!(count(Query::new().range("amount", number(2)..=number(5))), 4);
    assert_eq!(count(Query::new().range("amount", ..number(3))), 2);
    assert_eq!(count(Query::new().range("label", ..)), 6, "those that have one");
    let both = Query::new().range("amount", number(2)..).equal("label", text("plum"));
    assert_eq!(count(both), 2);
    assert_eq!(count(Query::new().equal("amount", text("2"))), 0, "a text is no number");
}

#[test]
fn a_page_has_at_most_250_rows() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens((1..=300).map(|n| filled(n, 1)));
    house.catch_up(&mut runner);
    let page = house.reader().list::<Jars>(&Query::new().limit(1000)).unwrap();
    assert_eq!((page.rows.len(), page.next.is_some()), (250, true));
    assert_eq!(house.reader().list::<Jars>(&Query::new()).unwrap().rows.len(), 50);
}

#[test]
fn a_column_that_does_not_exist_and_a_cursor_of_another_list_are_refused() {
    let house = pantry();
    let list = |query: Query| house.reader().list::<Jars>(&query).map(|page| page.next);
    let error = list(Query::new().equal("colour", text("red"))).unwrap_err().to_string();
    assert!(error.contains("colour") && error.contains("label, amount"), "{error}");
    assert!(list(Query::new().ascending("key\" --")).is_err());
    let next = list(Query::new().ascending("amount").limit(2)).unwrap().unwrap();
    let other = list(Query::new().descending("amount").after(next)).unwrap_err();
    assert!(matches!(other, Error::BadCursor { view: "jars" }));
    for text in ["", "zz", "7", "é7", "5b5d", "+1+1"] {
        assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
    }
}

#[test]
fn every_document_can_be_walked_through_while_others_are_read() {
    let house = pantry();
    let mut sum = 0;
    let each = |key: String, content: Content| {
        assert_eq!(house.reader().get::<Jars>(&key).unwrap(), Some(content.clone()));
        sum += content.amount;
    };
    house.reader().all::<Jars>(each).unwrap();
    assert_eq!(sum, 45);
}

#[test]
fn the_same_documents_have_the_same_sum_and_others_another() {
    let (one, mut other) = (pantry(), pantry());
    let sum = |house: &House| house.reader().checksum::<Jars>().unwrap();
    assert_eq!((sum(&one), sum(&one).documents), (sum(&other), 9));
    let mut runner = other.runner(&views());
    other.happens([filled(1, 1)]);
    other.catch_up(&mut runner);
    assert_ne!(sum(&one), sum(&other));
    assert_eq!(sum(&other).documents, 9);
}
