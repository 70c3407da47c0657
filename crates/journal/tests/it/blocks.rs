//! Blocks say what they hold, and notice every harm.

use crate::{Mason, second};
use journal::{Block, BlockBuilder, Key, OpenedBlock};

#[test]
fn a_line_is_found_without_unpacking_the_other_frames() {
    let mut builder = BlockBuilder::default();
    for n in 1..=2000u64 {
        let line = format!("{{\"n\":{n},\"filler\":\"{}\"}}\n", "x".repeat(300));
        builder.push(n, second(n), line.as_bytes(), &[Key::of_stream(&format!("a/{n}"))]).unwrap();
    }
    let block = builder.seal(0).unwrap();
    assert_eq!(block.text().unwrap().lines().count(), 2000);
    let part = block.text_of(Key::of_stream("a/777")).unwrap();
    assert!(part.lines().any(|line| line.starts_with("{\"n\":777,")));
    assert!(part.lines().count() < 400, "{}", part.lines().count());
    assert_eq!(block.text_of(Key::of_stream("a/none-of-these")).unwrap().lines().count(), 0);
}

#[test]
fn an_opened_block_has_the_same_text_and_was_found_sound() {
    let block = Mason::default().block(&["a/1", "b/2", "a/1"]);
    let key = Key::of_stream("a/1");
    let opened = OpenedBlock::new(block.clone()).unwrap();
    let whole = block.body.len() + block.text().unwrap().len();
    assert_eq!(opened.bytes(), whole, "as if all of it had been wanted");
    assert_eq!(opened.texts_of(key).unwrap().concat(), block.text_of(key).unwrap());
    assert_eq!(opened.texts_of(key).unwrap().concat(), block.text_of(key).unwrap());
    assert_eq!(opened.texts_of(Key::of_stream("c/9")).unwrap(), [""; 0]);
    for at in 0..block.body.len() {
        let mut harmed = block.clone();
        harmed.body[at] ^= 0x10;
        assert!(OpenedBlock::new(harmed).is_err());
    }
}

#[test]
fn any_byte_that_is_changed_or_missing_is_noticed() {
    let block = Mason::default().block(&["a/1", "b/2", "a/1"]);
    block.check().unwrap();
    for at in 0..block.body.len() {
        let mut harmed = block.clone();
        harmed.body[at] ^= 0x10;
        assert!(harmed.check().is_err() && harmed.text().is_err());
        let mut short = block.clone();
        short.body.truncate(at);
        assert!(short.text().is_err());
    }
    for harmed in [
        Block { first: 2, ..block.clone() },
        Block { last: 9, ..block.clone() },
        Block { at: second(99), ..block.clone() },
        Block { previous: 7, ..block.clone() },
    ] {
        assert!(harmed.check().is_err());
    }
}

#[test]
fn a_block_follows_only_the_one_before_it() {
    let mut mason = Mason::default();
    let (one, two) = (mason.block(&["a/1"]), mason.block(&["a/1"]));
    assert!(one.follows(0, 0) && two.follows(1, one.sum));
    assert!(!two.follows(0, one.sum) && !two.follows(1, one.sum ^ 1));
}

#[test]
fn what_concerns_one_order_has_one_key() {
    let key = Key::of_stream("order/018f0000-0000-7000-8000-000000000001");
    assert_eq!(key, Key::of_stream("payment/018f0000-0000-7000-8000-000000000001.1"));
    assert_ne!(key, Key::of_stream("order/018f0000-0000-7000-8000-000000000002"));
}

#[test]
fn keys_are_what_they_were_when_the_first_journal_was_written() {
    let keys = ["order/018f0000-0000-7000-8000-000000000001", "stock/85123A", "a"];
    assert_eq!(
        keys.map(|name| Key::of_stream(name).0),
        [11_055_857_578_601_834_158, 329_202_304_705_212_996, 9_417_481_590_426_763_200]
    );
    let command = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
    assert_eq!(Key::of_command(command).0, 8_191_042_779_571_133_051);
}
