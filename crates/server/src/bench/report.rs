//! What was measured: limits first, then every figure; for the screen, as Markdown, as JSON.

use super::{Fallible, growth::Grown, machine::Machine, placing::Placed};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::Path,
};

const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";
const MIB: f64 = 1024.0 * 1024.0;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) machine: Machine,
    /// Short rounds and small journals: figures to see whether it works, not to quote.
    pub(super) quick: bool,
    pub(super) limits: Vec<Limit>,
    pub(super) placing: Vec<Placed>,
    pub(super) wide: Vec<Placed>,
    pub(super) growth: Vec<Grown>,
}

/// What was demanded, and what was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Limit {
    what: &'static str,
    value: f64,
    limit: f64,
    unit: &'static str,
    holds: bool,
}

/// On which side of the limit it is good to be.
#[derive(Clone, Copy)]
enum Good {
    Above,
    Below,
}

impl Report {
    pub(super) fn new(machine: Machine, quick: bool) -> Report {
        let limits = Vec::new();
        Report { machine, quick, limits, placing: Vec::new(), wide: Vec::new(), growth: Vec::new() }
    }

    /// Holds what was found against what is demanded; what was not measured is not judged.
    pub(super) fn judge(&mut self) {
        let from = |least: usize| self.placing.iter().filter(move |case| case.in_flight >= least);
        let rows = least(from(64).map(|case| case.of_rows));
        let blocks = least(from(512).map(|case| case.of_blocks));
        let hot = least(self.hot_of_uniform());
        let waits = most(from(512).filter(|case| case.in_flight == 512).map(|case| case.p99_ms));
        let largest = self.growth.last().filter(|grown| grown.facts > 0);
        let peak = most(self.growth.iter().map(|grown| grown.peak_bytes as f64 / MIB));
        let of = |figure: fn(&Grown) -> f64| largest.map(figure);
        use Good::{Above, Below};
        let judged = [
            ("placing, from 64 in flight: times (a), a row a fact", rows, 1.5, "×", Above),
            ("placing, from 512 in flight: times (b), blocks", blocks, 1.0 / 3.0, "×", Above),
            ("a hot SKU: times uniform", hot, 1.0, "×", Above),
            ("placing, 512 in flight: p99", waits, 20.0, "ms", Below),
            ("one order's facts, p50", of(|grown| grown.stream_p50_ms), 2.0, "ms", Below),
            ("start-up", of(|grown| grown.start_seconds), 2.0, "s", Below),
            (
                "the slowest rate as the journal grows: times the first",
                self.worst(),
                0.85,
                "×",
                Above,
            ),
            ("memory while orders are delivered", peak, 1024.0, "MiB", Below),
        ];
        let judge = |(what, value, limit, unit, good)| {
            let value: f64 = value?;
            let holds = match good {
                Above => value >= limit,
                Below => value < limit,
            };
            Some(Limit { what, value, limit, unit, holds })
        };
        self.limits = judged.into_iter().filter_map(judge).collect();
    }

    /// Of each number in flight from 64 on.
    fn hot_of_uniform(&self) -> impl Iterator<Item = f64> {
        let of = |case: &Placed, what: &str, in_flight| {
            (case.what == what && case.in_flight == in_flight).then_some(case.orders_per_second)
        };
        [64, 512, 4096].into_iter().filter_map(move |in_flight| {
            let find = |what| self.placing.iter().find_map(|case| of(case, what, in_flight));
            Some(find("1 line, hot SKU")? / find("1 line")?)
        })
    }

    /// The worst of the rates that a larger journal has, each as a share of the first.
    fn worst(&self) -> Option<f64> {
        let (first, rest) = self.growth.split_first()?;
        let shares = rest.iter().flat_map(|grown| {
            let placing = grown.placing.iter().zip(&first.placing);
            let placing = placing.map(|(now, then)| now.orders_per_second / then.orders_per_second);
            placing.chain([grown.story_orders_per_second / first.story_orders_per_second])
        });
        least(shares)
    }

    /// For people.
    ///
    /// # Errors
    /// When the screen is gone.
    pub(super) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", self.about())?;
        for (title, mut table) in self.tables() {
            table.load_style(presets::UTF8_BORDERS_ONLY);
            writeln!(out, "\n{title}\n{table}")?;
        }
        Ok(())
    }

    /// Replaces what stands between the two marks of a file.
    ///
    /// # Errors
    /// When the file cannot be read or written, or has no marks.
    pub(super) fn write_markdown(&self, path: &Path) -> Fallible<()> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let marked = text
            .split_once(BEGIN)
            .and_then(|(before, rest)| rest.split_once(END).map(|(_, after)| (before, after)));
        let Some((before, after)) = marked else {
            return Err(format!("{}: it needs lines {BEGIN} and {END}", path.display()).into());
        };
        let mut text = format!("{before}{BEGIN}\n{}\n", self.about());
        for (title, mut table) in self.tables() {
            table.load_style(presets::ASCII_MARKDOWN);
            write!(text, "\n### {title}\n\n{table}\n").expect("a string takes any text");
        }
        write!(text, "\n{END}{after}").expect("a string takes any text");
        Ok(std::fs::write(path, text).map_err(failed)?)
    }

    fn about(&self) -> String {
        let Machine { cpu, cores, memory_gib, disk, system, fsync_us } = &self.machine;
        let quick = if self.quick { " A quick run: figures not to be quoted." } else { "" };
        format!(
            "{cpu}, {cores} cores, {memory_gib:.0} GiB of memory, {disk}, {system}; one fsync of \
             4 KiB: {fsync_us:.0} µs.{quick}"
        )
    }

    fn tables(&self) -> Vec<(&'static str, Table)> {
        let mut tables = vec![("Limits", limits(&self.limits))];
        if !self.placing.is_empty() {
            tables.push(("Placing an order", placed(&self.placing)));
            tables.push(("Processor time of an order, in µs", cpu(&self.placing)));
        }
        if !self.wide.is_empty() {
            tables.push(("More SKUs than memory holds", placed(&self.wide)));
        }
        if !self.growth.is_empty() {
            tables.push(("A journal that grows", grown(&self.growth)));
            let placing: Vec<Placed> =
                self.growth.iter().flat_map(|grown| grown.placing.clone()).collect();
            tables.push(("Placing as the journal grows", placed(&placing)));
        }
        tables
    }
}

fn least(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.min_by(f64::total_cmp)
}

fn most(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.max_by(f64::total_cmp)
}

fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.set_header(heads);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn limits(limits: &[Limit]) -> Table {
    let mut table = table(&["limit", "found", "demanded", ""]);
    for Limit { what, value, limit, unit, holds } in limits {
        let holds = if *holds { "holds" } else { "MISSES" };
        table.add_row([
            (*what).to_owned(),
            format!("{value:.2} {unit}"),
            format!("{limit:.2} {unit}"),
            holds.to_owned(),
        ]);
    }
    table
}

fn placed(cases: &[Placed]) -> Table {
    let mut table = table(&[
        "case",
        "SKUs",
        "facts before",
        "in flight",
        "orders/s",
        "facts/s",
        "level orders/s",
        "p50 ms",
        "p99 ms",
        "× (a) rows",
        "× (b) blocks",
        "(a) facts/s",
        "(b) facts/s",
        "facts/block",
        "bytes/fact",
        "peak MiB",
    ]);
    for case in cases {
        table.add_row([
            case.what.clone(),
            whole(case.skus as f64),
            whole(case.facts_before as f64),
            whole(case.in_flight as f64),
            whole(case.orders_per_second),
            whole(case.facts_per_second),
            whole(case.level_orders_per_second),
            format!("{:.2}", case.p50_ms),
            format!("{:.2}", case.p99_ms),
            format!("{:.2}", case.of_rows),
            format!("{:.2}", case.of_blocks),
            whole(case.rows_facts_per_second),
            whole(case.blocks_facts_per_second),
            format!("{:.0}", case.facts_per_block),
            format!("{:.0}", case.bytes_per_fact),
            format!("{:.0}", case.peak_bytes as f64 / MIB),
        ]);
    }
    table
}

/// Where the processor time goes; the sum is what bounds the rate on a machine of few cores.
fn cpu(cases: &[Placed]) -> Table {
    const THREADS: [&str; 6] = ["clients", "sequencer", "writer", "index", "views", "handlers"];
    let mut heads = vec!["case", "in flight"];
    heads.extend(THREADS);
    heads.push("all");
    let mut table = table(&heads);
    for case in cases {
        let of = |thread: &str| case.cpu_us.get(thread).copied().unwrap_or(0.0);
        let mut row = vec![case.what.clone(), whole(case.in_flight as f64)];
        row.extend(THREADS.map(|thread| format!("{:.1}", of(thread))));
        row.push(format!("{:.1}", case.cpu_us.values().sum::<f64>()));
        table.add_row(row);
    }
    table
}

/// One column for each size.
fn grown(grown: &[Grown]) -> Table {
    type Figure = fn(&Grown) -> String;
    let figures: [(&str, Figure); 16] = [
        ("from request to door, orders/s", |at| whole(at.story_orders_per_second)),
        ("from request to door, facts/s", |at| whole(at.story_facts_per_second)),
        ("facts of one order", |at| format!("{:.1}", at.facts_per_order)),
        ("start-up, s", |at| format!("{:.3}", at.start_seconds)),
        ("one order's facts, p50 ms", |at| format!("{:.2}", at.stream_p50_ms)),
        ("one order's facts, p99 ms", |at| format!("{:.2}", at.stream_p99_ms)),
        ("the hot SKU at a moment, p50 ms", |at| format!("{:.2}", at.past_p50_ms)),
        ("the hot SKU at a moment, p99 ms", |at| format!("{:.2}", at.past_p99_ms)),
        ("cold SKUs brought back, /s", |at| whole(at.cold_states_per_second)),
        ("a view built again, facts/s", |at| whole(at.rebuild_facts_per_second)),
        ("journal, MiB", |at| whole(at.journal_bytes as f64 / MIB)),
        ("journal, bytes/fact", |at| share(at.journal_bytes, at.facts)),
        ("index, bytes/fact", |at| share(at.index_bytes, at.facts)),
        ("views, bytes/fact", |at| share(at.views_bytes, at.facts)),
        ("views, MiB", |at| whole(at.views_bytes as f64 / MIB)),
        ("peak memory, MiB", |at| whole(at.peak_bytes as f64 / MIB)),
    ];
    let sizes = grown.iter().map(|at| whole(at.facts as f64));
    let heads: Vec<String> = ["facts in the journal".to_owned()].into_iter().chain(sizes).collect();
    let mut table = table(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for (name, figure) in figures {
        table.add_row([name.to_owned()].into_iter().chain(grown.iter().map(figure)));
    }
    table
}

fn share(bytes: u64, facts: u64) -> String {
    format!("{:.1}", bytes as f64 / facts.max(1) as f64)
}

/// `1,234,567`.
fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_grouped_by_thousands() {
        assert_eq!(whole(1_234_567.4), "1,234,567");
        assert_eq!(whole(999.0), "999");
        assert_eq!(whole(0.2), "0");
    }

    fn nothing_measured() -> Report {
        let machine = Machine {
            cpu: "A CPU".to_owned(),
            cores: 2,
            memory_gib: 4.0,
            disk: "a disk".to_owned(),
            system: "a system".to_owned(),
            fsync_us: 1.0,
        };
        Report::new(machine, true)
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let mut report = nothing_measured();
        report.judge();
        assert!(report.limits.is_empty());
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), format!("before\n{BEGIN}\nold\n{END}\nafter\n"))
            .expect("a file that can be written");
        nothing_measured().write_markdown(file.path()).expect("a file with marks");
        let text = std::fs::read_to_string(file.path()).expect("a text");
        assert!(text.starts_with(&format!("before\n{BEGIN}\nA CPU")), "{text}");
        assert!(text.ends_with(&format!("{END}\nafter\n")) && !text.contains("old"), "{text}");
    }

    #[test]
    fn a_file_without_marks_is_left_alone() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        assert!(nothing_measured().write_markdown(file.path()).is_err());
        assert_eq!(std::fs::read_to_string(file.path()).expect("a text"), "");
    }
}
