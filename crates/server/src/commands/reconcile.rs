//! `cartage reconcile`: whether the payment provider's books agree with ours.

use super::{Answer, FolderArgs, Usage, say, say_json};
use engine::{Clock, WallClock};
use gateways::{
    http::{HttpProvider, Partner},
    reconcile::{Day, day_of, read},
};
use kernel::Timestamp;
use server::{
    config::ConfigArgs,
    reconciling::{self, Books, Compared, Question},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

/// Days of one comparison.
const DAYS_MAX: Day = 366;

/// Which days, and whom to ask.
#[derive(Debug, clap::Args)]
pub(crate) struct ReconcileArgs {
    #[command(flatten)]
    data: FolderArgs,
    /// The first day, in UTC (default: yesterday)
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last day (default: the first)
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// A settlement file, instead of asking the provider (the setting `payments.url`)
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ReconcileArgs, settings: &ConfigArgs) -> Answer {
    let now = WallClock.now();
    let first = args.from.as_deref().map(day).transpose()?.unwrap_or(day_of(now) - 1);
    let last = args.to.as_deref().map(day).transpose()?.unwrap_or(first);
    if last < first || last - first >= DAYS_MAX {
        return Err(Usage(format!(
            "--from and --to are 1 to {DAYS_MAX} days, the first one first"
        ))
        .into());
    }
    let folder = args.data.folder(settings)?;
    let question = Question { days: first..=last, since: Timestamp::MIN, now };
    let compared = match &args.file {
        Some(file) => of_file(&folder, file, &question)?,
        None => {
            let url = settings.load(&[])?.payments.url.ok_or_else(|| {
                Usage("nobody can be asked: set payments.url, or give --file".to_owned())
            })?;
            let books = Books::in_folder(&folder)?;
            let provider = HttpProvider::new(Partner::new("payments", url), books.reader()?)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let stop = Arc::new(AtomicBool::new(false));
            runtime.block_on(reconciling::compare(&provider, books, question, stop))?
        }
    };
    tell(&compared, args.json)
}

fn of_file(
    folder: &Path,
    file: &Path,
    question: &Question,
) -> Result<Compared, Box<dyn std::error::Error>> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let settled = read(&text).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(Books::in_folder(folder)?.judge(question, settled, &AtomicBool::new(false))?)
}

/// `2026-11-20`.
fn day(text: &str) -> Result<Day, Usage> {
    let begin = format!("{text}T00:00:00Z").parse::<Timestamp>().map(day_of);
    begin.map_err(|_| Usage(format!("{text:?} is no date: write 2026-11-20")))
}

fn tell(compared: &Compared, as_json: bool) -> Answer {
    let Compared { first, last, differences } = compared;
    if as_json {
        say_json(compared)?;
    } else {
        let lines: Vec<String> = differences.iter().map(reconciling::in_words).collect();
        let days = if first == last { first.clone() } else { format!("{first} to {last}") };
        say(&match lines.len() {
            0 => format!("{days}: the books agree"),
            count => format!("{}\n{days}: {count} differences", lines.join("\n")),
        })?;
    }
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
