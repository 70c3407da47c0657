//! `docs/facts.md`: every fact, what it says, who states it and who listens, asked of the program itself.

#[path = "../../flows/tests/it/blessed.rs"]
mod blessed;
#[path = "../../flows/tests/it/golden.rs"]
mod golden;

use engine::handlers::Handler;
use flows::{Fact, Shop, views};
use gateways::http::{HttpCarrier, HttpProvider, Partner};
use golden::{Golden, kinds, lines, names};
use journal::memory::Memory;
use kernel::{Actor, Business, Identity, Origin, Recorded, Timestamp, View};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Result, Write},
    fs,
    path::Path,
    sync::Arc,
};

const HEAD: &str = "\
# Facts

Every fact that can stand in a journal, by the stream in which it lies: what it says, which fields it has, and who hears of it.
A decider states the facts of its own stream and nobody else does; what a story is told besides facts lies in the story's stream.
*Stories* hear a fact in the same commit and ask for what comes next; *views* show it; *outside* are the handlers that tell payment provider and carrier.
A field with `?` is left out where it says nothing. A fact that nobody hears is kept *for the record*.
A fact is never changed: a new meaning is a new version (`@2`), and every form that ever was has a line in
[`facts.jsonl`](../crates/flows/tests/golden/facts.jsonl), which is read for ever. Units are `[line, units]`, money is in minor units.

Generated: `CARTAGE_BLESS=1 cargo test -p gateways --test documents`.
";

/// What is told of a fact.
#[derive(Default)]
struct Entry {
    fields: BTreeMap<String, Field>,
    lines: usize,
    stories: BTreeSet<String>,
    views: BTreeSet<&'static str>,
    outside: BTreeSet<&'static str>,
}

struct Field {
    kind: &'static str,
    lines: usize,
    place: usize,
}

#[test]
fn the_list_of_facts_is_current() {
    let mut text = HEAD.to_owned();
    write_all(&mut text).expect("text can be written");
    blessed::is_current("facts.md", &text, "cargo test -p gateways --test documents");
}

fn write_all(text: &mut String) -> Result {
    let golden = lines();
    let meanings = meanings();
    let outside = outside();
    for kind in kinds() {
        let story = Shop::PROCESSES.contains(&kind.as_str());
        let what = if story { "the story is told" } else { "its decider states" };
        writeln!(text, "\n## `{kind}/…`: {what}\n")?;
        writeln!(text, "| fact | says | fields | stories | views | outside |")?;
        writeln!(text, "|---|---|---|---|---|---|")?;
        for name in names(&kind) {
            let of = |line: &&Golden| line.name == name && kind_of(&line.fact) == kind;
            let mut entry = Entry::default();
            golden.iter().filter(of).for_each(|line| entry.add(line, &outside));
            let says = meanings.get(&name).unwrap_or_else(|| panic!("{name} needs a comment"));
            entry.write(&name, says, text)?;
        }
    }
    Ok(())
}

/// Those who really ask; the simulated ones are asked for the same, and know more by themselves.
fn outside() -> [Box<dyn Handler<Shop>>; 2] {
    let nowhere = |name| Partner::new(name, "http://localhost");
    let vault = || Box::new(Memory::default());
    let provider = HttpProvider::new(nowhere("payments"), vault()).expect("an address");
    let carrier = HttpCarrier::new(nowhere("carrier"), vault()).expect("an address");
    [Box::new(provider), Box::new(carrier)]
}

fn kind_of(fact: &Fact) -> &'static str {
    Shop::stream_of_fact(fact).kind()
}

impl Entry {
    fn add(&mut self, line: &Golden, outside: &[Box<dyn Handler<Shop>>]) {
        self.lines += 1;
        let json: serde_json::Value = serde_json::from_str(line.text).expect("a line is JSON");
        // In the order in which they are written, which is the order of the text.
        for (key, value) in json["body"].as_object().into_iter().flatten() {
            let place = line.text.find(&format!("\"{key}\":")).unwrap_or_default();
            let new = Field { kind: kind_of_value(value), lines: 0, place };
            let field = self.fields.entry(key.clone()).or_insert(new);
            field.lines += 1;
            field.place = field.place.max(place);
        }
        self.stories.extend(Shop::hearers(&line.fact).map(|story| story.kind().to_owned()));
        let recorded = recorded(&line.fact);
        self.views.extend(shown_in(&recorded));
        let told = outside.iter().filter(|handler| handler.request(&recorded).is_some());
        self.outside.extend(told.map(|handler| handler.name()));
    }

    fn write(&self, name: &str, says: &str, text: &mut String) -> Result {
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort_by_key(|(_, field)| field.place);
        let field = |(name, field): &(&String, &Field)| {
            let optional = if field.lines < self.lines { "?" } else { "" };
            format!("`{name}{optional}` {}", field.kind)
        };
        let fields = fields.iter().map(field).collect::<Vec<_>>().join(", ");
        let join = |names: Vec<&str>| names.join(", ");
        let stories = join(self.stories.iter().map(String::as_str).collect());
        let views = join(self.views.iter().copied().collect());
        let outside = join(self.outside.iter().copied().collect());
        let nobody = stories.is_empty() && views.is_empty() && outside.is_empty();
        let stories = if nobody { "*for the record*" } else { &stories };
        writeln!(text, "| `{name}` | {says} | {fields} | {stories} | {views} | {outside} |")
    }
}

fn recorded(fact: &Fact) -> Recorded<Shop> {
    let at = Timestamp::default();
    let (command, correlation, fingerprint) = (None, None, None);
    let origin = Origin { at, command, correlation, actor: Actor::SYSTEM, fingerprint };
    let (position, version, cause) = (1, 1, None);
    Recorded { position, version, cause, origin: Arc::new(origin), fact: fact.clone() }
}

fn shown_in(recorded: &Recorded<Shop>) -> Vec<&'static str> {
    fn probe<V: View<Business = Shop>>(recorded: &Recorded<Shop>, into: &mut Vec<&'static str>) {
        let mut keys = Vec::new();
        V::concerns(recorded, &mut keys);
        into.extend((!keys.is_empty()).then_some(V::NAME));
    }
    let mut names = Vec::new();
    probe::<views::Orders>(recorded, &mut names);
    probe::<views::OrderTimeline>(recorded, &mut names);
    probe::<views::Stocks>(recorded, &mut names);
    probe::<views::SalesPerDay>(recorded, &mut names);
    probe::<views::SalesPerProduct>(recorded, &mut names);
    probe::<views::SalesPerCountry>(recorded, &mut names);
    probe::<views::CashLedger>(recorded, &mut names);
    probe::<views::Products>(recorded, &mut names);
    probe::<views::Variants>(recorded, &mut names);
    probe::<views::ProductsByCategory>(recorded, &mut names);
    probe::<views::Fulfilments>(recorded, &mut names);
    probe::<views::Picks>(recorded, &mut names);
    probe::<views::Packs>(recorded, &mut names);
    probe::<views::Parcels>(recorded, &mut names);
    probe::<views::Returns>(recorded, &mut names);
    names
}

fn kind_of_value(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Bool(_) => "flag",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::Array(_) => "list",
        serde_json::Value::Object(parts) if parts.contains_key("minor") => "money",
        serde_json::Value::String(text) if text.parse::<Timestamp>().is_ok() => "time",
        serde_json::Value::String(text) if text.len() >= 36 => "id",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Object(_) | serde_json::Value::Null => "parts",
    }
}

/// The first sentence of the comment above each fact, where the program defines it.
fn meanings() -> BTreeMap<String, String> {
    let mut meanings = BTreeMap::new();
    for room in ["kernel", "commerce", "warehouse"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(room).join("src");
        sources(&folder, &mut |source| {
            let mut comment = String::new();
            for line in source.lines().map(str::trim) {
                if let Some(words) = line.strip_prefix("/// ") {
                    comment = if comment.is_empty() { words.into() } else { comment + " " + words };
                } else if let Some(name) = line.strip_prefix("#[serde(rename = \"") {
                    let name = name.split('"').next().unwrap_or_default();
                    meanings.insert(name.to_owned(), std::mem::take(&mut comment));
                } else {
                    comment.clear();
                }
            }
        });
    }
    meanings
}

fn sources(folder: &Path, read: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, read);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            read(&fs::read_to_string(&path).expect("a source is text"));
        }
    }
}
