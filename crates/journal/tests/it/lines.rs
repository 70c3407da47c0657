//! A fact is the same after it was a line, and its line is flat JSON that anybody can read.

use crate::{
    second,
    shelf::{Command, Fact, Shelf, StockCommand, StockFact, Told},
};
use journal::{LineReader, LineWriter, RawLine};
use kernel::{Actor, CommandId, Origin, Recorded, Sku};
use std::sync::Arc;

fn sku() -> Sku {
    "85123A".parse().unwrap()
}

fn origin(n: u64) -> Arc<Origin> {
    let command = (n != 2).then(|| CommandId::derive("cart/1", &n.to_string()));
    Arc::new(Origin {
        at: second(n),
        command,
        correlation: if n == 3 { Some(CommandId::derive("cart/1", "affair")) } else { command },
        actor: if n == 2 { Actor::SYSTEM } else { Actor::from("staff/o\"neil\\ä") },
        fingerprint: (n == 1).then_some(0x00ab_cdef_0123_4567),
    })
}

fn facts() -> Vec<Recorded<Shelf>> {
    let noted = |text: &str| Fact::Stock(sku(), StockFact::Noted { text: text.into() });
    let facts = [
        Fact::Stock(sku(), StockFact::Put { units: u32::MAX }),
        noted("two\nlines, a \"quote\", a \\, an \u{1f4a9} and \u{2028}\u{0}"),
        noted("\"stream\":\"stock/other\","),
        Fact::Watch(
            sku(),
            Told::Refused {
                command: Command::Stock(sku(), StockCommand::Put { units: 1 }),
                refusal: crate::shelf::Refusal::Stock(crate::shelf::NoRoom),
            },
        ),
        Fact::Watch(sku(), Told::Woke { name: "deadline".into() }),
        noted(""),
    ];
    let origins = [1, 1, 2, 3, 3, 4].map(origin);
    let versions = [1, 2, u64::MAX];
    let each = facts.into_iter().zip(origins).enumerate();
    each.map(|(n, (fact, origin))| Recorded {
        position: [1, 10, 999, 1000, 12_345, u64::MAX][n],
        version: versions[n % 3],
        cause: (n % 2 == 1).then_some(n as u64 * 1000),
        origin,
        fact,
    })
    .collect()
}

fn lines(facts: &[Recorded<Shelf>]) -> String {
    let (mut writer, mut out) = (LineWriter::default(), Vec::new());
    for recorded in facts {
        writer.write(recorded, &recorded.stream().to_string(), &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_fact_is_the_same_after_it_was_a_line() {
    let (facts, mut reader) = (facts(), LineReader::<Shelf>::default());
    let text = lines(&facts);
    let read: Vec<_> = text.lines().map(|line| reader.read(line).unwrap()).collect();
    assert_eq!(read, facts);
}

#[test]
fn facts_of_one_origin_share_it_again_after_reading() {
    let mut facts = facts();
    facts[1].origin = facts[0].origin.clone();
    // At the same moment, and yet of somebody else.
    facts[2].origin = Arc::new(Origin { actor: "staff/7".into(), ..(*facts[0].origin).clone() });
    let (text, mut reader) = (lines(&facts), LineReader::<Shelf>::default());
    let read: Vec<_> = text.lines().map(|line| reader.read(line).unwrap()).collect();
    assert!(Arc::ptr_eq(&read[0].origin, &read[1].origin));
    assert!(!Arc::ptr_eq(&read[1].origin, &read[2].origin));
    assert_eq!(read, facts);
}

#[test]
fn a_line_is_one_flat_object_with_the_names_of_the_manual() {
    let facts = facts();
    let first = format!(
        "{{\"position\":1,\"stream\":\"stock/85123A\",\"version\":1,\
         \"at\":\"2026-11-20T10:00:01.000000Z\",\"command\":\"{}\",\
         \"actor\":\"staff/o\\\"neil\\\\ä\",\"fingerprint\":\"00abcdef01234567\",\
         \"type\":\"shelf/put@1\",\"body\":{{\"units\":4294967295}}}}",
        CommandId::derive("cart/1", "1")
    );
    assert_eq!(lines(&facts).lines().next().unwrap(), first);
    for (line, recorded) in lines(&facts).lines().zip(&facts) {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).unwrap();
        let cause = recorded.cause.map(|cause| format!("0:{cause}"));
        assert_eq!(object.get("causation").and_then(|text| text.as_str()), cause.as_deref());
        let Origin { command, correlation, .. } = *recorded.origin;
        assert_eq!(object.contains_key("correlation"), correlation != command);
    }
}

#[test]
fn what_stands_around_a_fact_is_read_without_it() {
    let text = lines(&facts());
    let raw: Vec<_> = text.lines().map(|line| RawLine::read(line).unwrap()).collect();
    let seen: Vec<_> = raw.iter().map(|raw| (raw.position, &*raw.stream, &*raw.kind)).collect();
    assert_eq!(seen[0], (1, "stock/85123A", "shelf/put@1"));
    assert_eq!(seen[2], (999, "stock/85123A", "shelf/noted@1"), "whatever its text pretends");
    assert_eq!((seen[3].1, &*raw[0].at), ("watch/85123A", "2026-11-20T10:00:01.000000Z"));
}

#[test]
fn a_line_that_is_cut_or_changed_is_an_error_or_another_fact_and_never_a_panic() {
    for line in lines(&facts()).lines() {
        for at in (0..line.len()).filter(|at| line.is_char_boundary(*at)) {
            assert!(LineReader::<Shelf>::default().read(&line[..at]).is_err());
            for harm in ["\"", "x", "0", "}", ""] {
                let rest =
                    line[at..].char_indices().nth(1).map_or("", |(next, _)| &line[at + next..]);
                let harmed = format!("{}{harm}{rest}", &line[..at]);
                let _ = LineReader::<Shelf>::default().read(&harmed);
            }
        }
    }
}
