//! What was found: demands first, then every figure; for the screen, as Markdown, as JSON.

use crate::{
    Fallible,
    cases::{Contended, Overloaded, Rate, Remembered, Who},
    goals::{Found, Goal},
    machine::Machine,
};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::Path,
};

const BEGIN: &str = "<!-- http: begin -->";
const END: &str = "<!-- http: end -->";
const MIB: f64 = 1024.0 * 1024.0;

/// Everything that was measured, and where.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    postgres: Option<String>,
    /// Short rounds and small journals: figures to see whether it works, not to quote.
    quick: bool,
    goals: Vec<Goal>,
    pub(crate) found: Found,
}

impl Report {
    pub(crate) fn new(machine: Machine, postgres: Option<String>, quick: bool) -> Report {
        Report { machine, postgres, quick, goals: Vec::new(), found: Found::default() }
    }

    /// Holds what was found against what is demanded.
    pub(crate) fn judge(&mut self) {
        self.goals = self.found.goals();
    }

    /// For people.
    ///
    /// # Errors
    /// When the screen is gone.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", self.about())?;
        for (title, mut table) in self.tables() {
            table.load_style(presets::UTF8_BORDERS_ONLY);
            writeln!(out, "\n{title}\n{table}")?;
        }
        Ok(())
    }

    /// For programs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write_json(&self, path: &Path) -> Fallible<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        Ok(fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?)
    }

    /// Replaces what stands between the two marks of a file.
    ///
    /// # Errors
    /// When the file cannot be read or written, or has no marks.
    pub(crate) fn write_markdown(&self, path: &Path) -> Fallible<()> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(failed)?;
        let mut inside = format!("{}\n", self.about());
        for (title, mut table) in self.tables() {
            table.load_style(presets::ASCII_MARKDOWN);
            write!(inside, "\n### {title}\n\n{table}\n").expect("a string takes any text");
        }
        let text = replaced(&text, &inside)
            .ok_or_else(|| format!("{}: it needs lines {BEGIN} and {END}", path.display()))?;
        Ok(fs::write(path, text).map_err(failed)?)
    }

    fn about(&self) -> String {
        let Machine { cpu, cores, memory_gib, disk, system, fsync_us } = &self.machine;
        let postgres = match &self.postgres {
            Some(version) => format!(" PostgreSQL {version}."),
            None => String::new(),
        };
        let quick = if self.quick { " A quick run: figures not to be quoted." } else { "" };
        format!(
            "{cpu}, {cores} cores, {memory_gib:.0} GiB of memory, {disk}, {system}; one fsync of \
             4 KiB: {fsync_us:.0} µs. Clients on the same machine, on one core at the most.{postgres}{quick}"
        )
    }

    fn tables(&self) -> Vec<(&'static str, Table)> {
        let found = &self.found;
        let mut tables = Vec::new();
        let mut put = |wanted: bool, title, table: Table| {
            if wanted {
                tables.push((title, table));
            }
        };
        put(!self.goals.is_empty(), "Over HTTP: demands", goals(&self.goals));
        put(!found.rates.is_empty(), "Over HTTP: top rates", rates(found));
        let shop = |rate: &&Rate| rate.who == Who::Shop;
        let threads = threads(found.rates.iter().filter(shop).collect());
        put(
            !threads.is_empty(),
            "Over HTTP: the shop's processor time of an answer, in µs",
            threads,
        );
        put(!found.paced.is_empty(), "Over HTTP: waits at a fixed rate", paced(found));
        if let Some(contended) = &found.contended {
            put(true, "Over HTTP: a rush", rush(contended));
        }
        if let Some(overloaded) = &found.overloaded {
            put(true, "Over HTTP: four times too many", overload(overloaded));
        }
        if let Some(remembered) = &found.remembered {
            put(true, "Over HTTP: memory and start", memory(remembered));
        }
        tables
    }
}

/// The text with something else between the two marks; none when it has no marks.
fn replaced(text: &str, inside: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{inside}\n{END}{after}"))
}

fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.set_header(heads);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn goals(goals: &[Goal]) -> Table {
    let mut table = table(&["demand", "found", "demanded", ""]);
    for Goal { what, found, demanded, unit, side, met } in goals {
        let figure = |value: f64| match *unit {
            "" => format!("{value:.0}"),
            unit => format!("{value:.2} {unit}"),
        };
        let met = if *met { "met" } else { "MISSED" };
        let demanded = format!("{} {}", side.sign(), figure(*demanded));
        table.add_row([what.clone(), figure(*found), demanded, met.to_owned()]);
    }
    table
}

fn rates(found: &Found) -> Table {
    let mut table = table(&[
        "what",
        "who",
        "clients",
        "a second",
        "sent away",
        "p50 ms",
        "p99 ms",
        "client cores",
        "server cores",
        "server µs",
        "× this",
    ]);
    for rate in &found.rates {
        let round = &rate.median;
        let known = |figure: f64, digits| match round.server_cores > 0.0 {
            true => format!("{figure:.digits$}"),
            false => "–".to_owned(),
        };
        let shop = found.rates.iter().find(|shop| {
            shop.deed == rate.deed && shop.clients == rate.clients && shop.who == Who::Shop
        });
        let times = shop.filter(|_| rate.who != Who::Shop).map_or_else(String::new, |shop| {
            format!("{:.2}", shop.median.per_second / round.per_second)
        });
        table.add_row([
            rate.deed.clone(),
            rate.who.name().to_owned(),
            grouped(rate.clients as f64),
            grouped(round.per_second),
            grouped(round.shed_per_second),
            format!("{:.2}", round.p50_ms),
            format!("{:.2}", round.p99_ms),
            format!("{:.2}", round.client_cores),
            known(round.server_cores, 2),
            known(round.server_micros(), 0),
            times,
        ]);
    }
    table
}

/// What each thread of the shop takes for an answer, whatever it was doing beside.
fn threads(rates: Vec<&Rate>) -> Table {
    let names: BTreeSet<&str> =
        rates.iter().flat_map(|rate| rate.median.threads.keys().map(String::as_str)).collect();
    let cost = |rate: &Rate, name: &str| {
        rate.median.micros(rate.median.threads.get(name).copied().unwrap_or(0.0))
    };
    // What is never worth a microsecond is not worth a column.
    let names: Vec<&str> =
        names.into_iter().filter(|name| rates.iter().any(|rate| cost(rate, name) >= 1.0)).collect();
    let mut heads = vec!["what", "clients"];
    heads.extend(&names);
    let mut table = table(&heads);
    for rate in rates {
        let costs = names.iter().map(|name| format!("{:.1}", cost(rate, name)));
        let row = [rate.deed.clone(), grouped(rate.clients as f64)];
        table.add_row(row.into_iter().chain(costs));
    }
    table
}

fn paced(found: &Found) -> Table {
    let mut table =
        table(&["what", "who", "arriving a second", "answered", "p50 ms", "p99 ms", "longest ms"]);
    for paced in &found.paced {
        table.add_row([
            paced.deed.clone(),
            paced.who.name().to_owned(),
            grouped(paced.arriving),
            grouped(paced.median.per_second),
            format!("{:.2}", paced.median.p50_ms),
            format!("{:.2}", paced.median.p99_ms),
            format!("{:.2}", paced.median.longest_ms),
        ]);
    }
    table
}

/// A table of names and values.
fn listed<const N: usize>(rows: [(&str, String); N]) -> Table {
    let mut table = table(&["", "found"]);
    for (name, value) in rows {
        table.add_row([name.to_owned(), value]);
    }
    table
}

fn rush(found: &Contended) -> Table {
    listed([
        ("shoppers", grouped(found.shoppers as f64)),
        ("pieces", grouped(found.pieces as f64)),
        ("sold", grouped(found.sold as f64)),
        ("told that it is sold out", grouped(found.refused as f64)),
        ("pieces promised", grouped(found.promised as f64)),
        ("pieces available", found.available.to_string()),
        ("orders stuck", found.stuck.to_string()),
        ("until all were answered, s", format!("{:.2}", found.seconds)),
        ("until all orders were on their way, s", format!("{:.2}", found.settled_seconds)),
        ("answers a second", grouped(found.shoppers as f64 / found.seconds.max(1e-9))),
        ("p50 ms", format!("{:.2}", found.p50_ms)),
        ("p99 ms", format!("{:.2}", found.p99_ms)),
    ])
}

fn overload(found: &Overloaded) -> Table {
    let a_second = |many: u64| grouped(many as f64 / found.seconds.max(1e-9));
    listed([
        ("top rate before, a second", grouped(found.top)),
        ("arriving, a second", grouped(found.arriving)),
        ("for, s", grouped(found.seconds)),
        ("accepted, a second", a_second(found.accepted)),
        ("503 with Retry-After, a second", a_second(found.shed)),
        ("anything else", grouped(found.failed as f64)),
        ("not sent, a second", a_second(found.unsent)),
        ("accepted, p50 ms from arrival", format!("{:.2}", found.p50_ms)),
        ("accepted, p99 ms from arrival", format!("{:.2}", found.p99_ms)),
        ("accepted, p99 ms from sending", format!("{:.2}", found.since_sent_p99_ms)),
        ("memory in the first third, MiB", mib(found.memory_first)),
        ("memory in the last third, MiB", mib(found.memory_last)),
        ("full rate back after, s", format!("{:.2}", found.recovered_seconds)),
    ])
}

fn memory(found: &Remembered) -> Table {
    listed([
        ("orders in the journal", grouped(found.orders as f64)),
        ("memory while they were placed, peak MiB", mib(found.peak_bytes)),
        ("memory when all was quiet, MiB", mib(found.quiet_bytes)),
        ("start-up, s", format!("{:.2}", found.start_seconds)),
        ("memory after it, MiB", mib(found.after_start_bytes)),
        ("clients that wait for events", grouped(found.event_clients as f64)),
        ("memory of all of them, MiB", mib(found.event_bytes)),
    ])
}

fn mib(bytes: u64) -> String {
    format!("{:.0}", bytes as f64 / MIB)
}

/// 1234567 as 1,234,567.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
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
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = "# Fast\n<!-- bench: begin -->\nkept\n<!-- bench: end -->\n\n<!-- http: begin -->\n\
                    old\n<!-- http: end -->\nkept, too\n";
        let new = replaced(text, "new\n").expect("it has marks");
        assert_eq!(
            new,
            "# Fast\n<!-- bench: begin -->\nkept\n<!-- bench: end -->\n\n<!-- http: begin -->\n\
             new\n\n<!-- http: end -->\nkept, too\n"
        );
        assert_eq!(replaced(&new, "new\n"), Some(new));
    }

    #[test]
    fn a_file_without_marks_is_left_alone() {
        assert_eq!(replaced("# Fast\n", "new"), None);
        assert_eq!(replaced("<!-- http: begin -->\n", "new"), None);
    }

    #[test]
    fn large_figures_are_grouped() {
        assert_eq!(grouped(1_234_567.4), "1,234,567");
        assert_eq!(grouped(999.0), "999");
    }
}
