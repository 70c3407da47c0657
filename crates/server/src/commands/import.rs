//! `cartage import`: a catalogue out of files.

use super::{Answer, FolderArgs, Usage, replay, say, say_json};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use server::{
    config::ConfigArgs,
    import::{
        File, Format, ImportError, ImportShop, Listener, Order, Reading, Refused, Report, import,
    },
};
use std::{
    fs,
    io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Bytes of a file that are read at once.
const BUFFER: usize = 256 * 1024;
/// Refused rows that are told one by one; `--refused` keeps all of them.
const TOLD: usize = 100;

/// What to import.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// CSV or JSON Lines; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    #[command(flatten)]
    data: FolderArgs,
    /// What the files are written in (default: by the ending of their names, .csv or .jsonl)
    #[arg(long, value_enum)]
    format: Option<FormatArg>,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// Write every refused row to this file, as JSON Lines
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Pass a column of a CSV file over
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
    /// For programs
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatArg {
    Csv,
    Jsonl,
}

/// For programs: the report, and the first of the refused rows.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a Report,
    refusals: &'a [Refused],
}

pub(crate) fn run(args: &ImportArgs, settings: &ConfigArgs) -> Answer {
    let config = settings.load(&[])?;
    let folder = args.data.folder(settings)?;
    if let Some(path) = &args.refused {
        replay::must_have_folder(path)?;
    }
    let reading = Reading { currency: config.shop.currency, ignored: args.ignore.clone() };
    let (files, bytes) = open(args, &reading)?;
    let mut shop = match args.dry_run {
        true => ImportShop::open_for_dry_run(&folder)?,
        false => ImportShop::open(&folder, config.engine)?,
    };
    let mut telling = Telling::begin(args, bytes)?;
    let stop = replay::stop_on_signal()?;
    let done = import(&mut shop, Order { files, stop: &stop, listener: &mut telling });
    telling.bar.iter().for_each(ProgressBar::finish_and_clear);
    // Whoever meets a stopped engine knows less about it than the engine itself.
    let closed = shop.close();
    let report = done.and_then(|report| closed.map(|()| report))?;
    telling.end(&report, args)
}

/// All files, looked into before any of them is imported, and their bytes where they are known.
fn open(
    args: &ImportArgs,
    reading: &Reading,
) -> Result<(Vec<File>, Option<u64>), Box<dyn std::error::Error>> {
    if args.files.iter().filter(|name| *name == "-").count() > 1 {
        return Err(Usage("standard input can be read once".to_owned()).into());
    }
    let (mut files, mut bytes) = (Vec::new(), Some(0));
    for name in &args.files {
        let given = args.format.map(|format| match format {
            FormatArg::Csv => Format::Csv,
            FormatArg::Jsonl => Format::JsonLines,
        });
        let format = given.or_else(|| Format::of_name(name)).ok_or_else(|| {
            Usage(format!("{name}: say what it is written in: --format csv or --format jsonl"))
        })?;
        let unreadable = |source| ImportError::Unreadable { file: name.clone(), source };
        let source: Box<dyn BufRead> = match name.as_str() {
            "-" => {
                bytes = None;
                Box::new(BufReader::with_capacity(BUFFER, io::stdin()))
            }
            path => {
                let file = fs::File::open(path).map_err(unreadable)?;
                let length = file.metadata().map_err(unreadable)?.len();
                bytes = bytes.map(|bytes| bytes + length);
                Box::new(BufReader::with_capacity(BUFFER, file))
            }
        };
        files.push(File::open(name, format, source, reading)?);
    }
    Ok((files, bytes))
}

/// A bar on a terminal, and the refused rows.
struct Telling {
    bar: Option<ProgressBar>,
    file: Option<BufWriter<fs::File>>,
    json: bool,
    first: Vec<Refused>,
    refused: usize,
}

impl Telling {
    fn begin(args: &ImportArgs, bytes: Option<u64>) -> io::Result<Telling> {
        let bar = io::stderr().is_terminal().then(|| {
            let template = match bytes {
                Some(_) => "{msg} {wide_bar} {percent}% {eta}",
                None => "{msg} {spinner} {bytes}",
            };
            let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let style = ProgressStyle::with_template(template);
            style.into_iter().for_each(|style| bar.set_style(style));
            bar
        });
        let create = |path| fs::File::create(path).map(BufWriter::new);
        let file = args.refused.as_ref().map(create).transpose()?;
        Ok(Telling { bar, file, json: args.json, first: Vec::new(), refused: 0 })
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    fn end(mut self, report: &Report, args: &ImportArgs) -> Answer {
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        if args.json {
            say_json(&Told { report, refusals: &self.first })?;
        } else {
            if self.refused > TOLD {
                let more = self.refused - TOLD;
                self.say(&format!(
                    "{more} more rows were refused; --refused FILE keeps all of them"
                ));
            }
            let Report { created, changed, unchanged, refused, rows, .. } = report;
            let begin = if report.dry_run { "dry run, nothing is done: " } else { "" };
            say(&format!(
                "{begin}{rows} rows: {created} created, {changed} changed, {unchanged} unchanged, \
                 {refused} refused"
            ))?;
            if !report.complete {
                say("stopped; the same command goes on")?;
            }
        }
        Ok(match report {
            Report { complete: false, .. } => ExitCode::from(super::INTERRUPTED),
            Report { refused: 0, .. } => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        })
    }
}

impl Listener for Telling {
    fn read(&mut self, bytes: u64, rows: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
            bar.set_message(format!("{rows} rows"));
        }
    }

    fn refused(&mut self, refused: &Refused) -> io::Result<()> {
        self.refused += 1;
        if let Some(file) = &mut self.file {
            serde_json::to_writer(&mut *file, refused)?;
            file.write_all(b"\n")?;
        }
        if self.refused > TOLD {
            return Ok(());
        }
        self.first.push(refused.clone());
        if !self.json {
            let Refused { file, line, fault } = refused;
            let place =
                if fault.place.is_empty() { String::new() } else { format!("{}: ", fault.place) };
            self.say(&format!("{file}: line {line}: {place}{} ({})", fault.reason, fault.code));
        }
        Ok(())
    }
}
