//! What a block does with harm that its checksum does not show.

use super::*;

fn block() -> Block {
    let mut builder = BlockBuilder::default();
    for n in 1..=900u64 {
        let line =
            format!("{{\"n\":{n},\"filler\":\"{:x}\"}}\n", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (key, at) = (Key::of_stream(&format!("a/{}", n % 50)), Timestamp::from_micros(5));
        builder.push(n, at, line.repeat(3).as_bytes(), &[key]).unwrap();
    }
    builder.seal(7).unwrap()
}

/// With a checksum that fits what has become of it, so that only the form can give it away.
fn forged(mut block: Block) -> Block {
    block.sum = block.checksum();
    block
}

#[test]
fn damage_whose_checksum_fits_is_an_error_or_other_text_and_never_a_panic() {
    let block = block();
    let key = Key::of_stream("a/1");
    let directory = 5 + 2 * (12 + 100);
    assert!(block.body.len() > directory && block.text().unwrap().lines().count() == 2700);
    let spots = (0..directory).chain((directory..block.body.len()).step_by(31));
    for at in spots {
        for bits in [0x01, 0x80, 0xff] {
            let mut harmed = block.clone();
            harmed.body[at] ^= bits;
            let harmed = forged(harmed);
            let _ = (harmed.text(), harmed.text_of(key));
        }
        let mut short = block.clone();
        short.body.truncate(at);
        assert!(forged(short).text().is_err(), "cut at {at}");
    }
    let mut long = block.clone();
    long.body.push(0);
    assert!(forged(long).text().is_err());
    let mut boastful = block;
    // The raw length of the first frame, after the format, the count and the packed length.
    boastful.body[10] += 1;
    assert!(forged(boastful).text().is_err());
}

#[test]
fn a_body_of_another_format_is_refused() {
    for format in [0, 2, 255] {
        let mut other = block();
        other.body[0] = format;
        assert!(forged(other).text().is_err());
    }
}

#[test]
fn a_line_that_no_reader_would_unpack_is_refused_before_it_is_stored() {
    let mut builder = BlockBuilder::default();
    let line = vec![b'x'; FRAME_MAX + 1];
    let refused = builder.push(1, Timestamp::from_micros(0), &line, &[]);
    assert!(matches!(refused, Err(Error::TooLarge { position: 1, .. })));
    builder.push(1, Timestamp::from_micros(0), b"{}\n", &[]).unwrap();
    assert_eq!(builder.seal(0).unwrap().text().unwrap(), "{}\n");
}

#[test]
fn nothing_follows_the_last_position_there_can_be() {
    let block = block();
    assert!(!Block { first: 0, ..block }.follows(Position::MAX, 7));
}
