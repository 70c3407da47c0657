//! The command line: what can be asked, and how it is answered. One file per command.

mod exit;

mod backup;
mod completions;
mod import;
mod journal;
mod letters;
mod reconcile;
mod replay;
mod settings;
mod views;

pub(crate) use exit::{INTERRUPTED, Usage, code_of, is_nobody_listening};

use clap::{Parser, Subcommand};
use server::{
    bench::{self, BenchArgs},
    config::{ConfigArgs, ConfigError},
    demo,
    prove::{self, ProveArgs},
    sandbox, serve,
    simulate::{self, SimulateArgs},
};
use std::{
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

const AFTER: &str = "\
Exit codes:
  0    fine
  1    something wrong was found, or did not work
  2    wrong usage, or a wrong setting
  3    the data folder (or the shop) is in use, unreadable or cannot be written
  130  interrupted; the same command goes on

Examples:
  cartage demo
  cartage replay examples/online-retail/online_retail.csv.zst --until 2010-12-08
  cartage import products.csv --dry-run
  cartage journal tail
  cartage backup /backups/monday
  cartage config";

/// From the cart to the door, every order a story you can replay.
#[derive(Debug, Parser)]
#[command(name = "cartage", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = AFTER)]
pub(crate) struct Cartage {
    #[command(flatten)]
    settings: ConfigArgs,
    #[command(subcommand)]
    command: Command,
}

/// A further command is a line here, one in `run`, and a file beside this one (or a module of the
/// library) with its `Args` and its `run`.
#[derive(Debug, Subcommand)]
enum Command {
    /// A running shop with real products and live orders, in a data folder of its own
    #[command(after_help = "\
Examples:
  cartage demo                       # then open http://localhost:7070
  cartage demo --rate 20             # twenty orders a second
  cartage demo --quiet               # nobody but you shops and works

The first start plays three weeks of a real trade into the folder; later ones go on from there.")]
    Demo(demo::DemoArgs),
    /// Serve a shop over HTTP
    #[command(after_help = "\
Examples:
  cartage serve --sandbox
  cartage serve --data /srv/shop --listen 0.0.0.0:7070 --set payments.url=https://pay.example.com \\
      --set carrier.url=https://carrier.example.com

The first start makes the key of the staff and prints it once; CARTAGE_STAFF_KEY sets another.
SIGTERM or Ctrl-C: what was accepted is answered, then it closes.")]
    Serve(serve::ServeArgs),
    /// Play a payment provider and a carrier, as servers of their own
    #[command(after_help = "\
Examples:
  cartage sandbox --webhooks http://127.0.0.1:7070/api/v1/webhooks

What they do follows from the payment token (tok_ok, tok_declined, tok_late, …) and the postal code.
They keep everything in memory: stopped, they forget whom they owed an answer, as tok_late's. A shop
that asks about such a payment is told that it is not known, and the order can be paid another way.")]
    Sandbox(sandbox::SandboxArgs),
    /// Play a trade file through the shop: every row from order to door, in simulated time
    #[command(after_help = "\
Examples:
  cartage replay examples/online-retail/online_retail.csv.zst
  cartage replay trade.csv --data shop --until 2010-12-08 --report report.json

An unfinished replay goes on where it was when the same command is given again.
Exit code 1: something does not hold; the report says what.")]
    Replay(replay::ReplayArgs),
    /// Bring a catalogue in: products, variants, prices, first stock
    #[command(after_help = "\
Examples:
  cartage import examples/import/products.csv --dry-run
  cartage import products.csv --data /srv/shop --refused refused.jsonl
  cartage import shopify.csv --ignore 'Image Src' --ignore Tags
  zstdcat products.jsonl.zst | cartage import - --format jsonl

The same file again changes nothing. Exit code 1: some rows were refused, all others are in.
Every column, field and code: docs/import.md")]
    Import(import::ImportArgs),
    /// Look into the journal, also of a running shop
    #[command(after_help = "\
Examples:
  cartage journal tail -n 50
  cartage journal show stock/85123A --at 2010-12-10T00:00:00Z
  cartage journal export --type orders/cancelled@1 --from 2010-12-01T00:00:00Z > cancelled.jsonl
  cartage journal verify --json")]
    Journal(journal::JournalArgs),
    /// What people look at: how far it is, whether it is right, and built again
    #[command(after_help = "\
Examples:
  cartage views list
  cartage views check          # also of a running shop
  cartage views rebuild pick_list")]
    Views(views::ViewsArgs),
    /// Requests to the outside that could not be done: see, edit, retry or drop them
    #[command(after_help = "\
Of a stopped shop, in its folder; of a running one with --url and the key of its staff:
  cartage letters list
  export CARTAGE_STAFF_KEY=…
  cartage letters list --url http://localhost:7070
  cartage letters preview pay:4711 --url http://localhost:7070
  cartage letters edit pay:4711 --request '{\"…\": 1}' --why \"wrong reference\"
  cartage letters retry pay:4711
  cartage letters drop pay:4711 --why \"paid by hand\"")]
    Letters(letters::LettersArgs),
    /// Compare the payment provider's books with ours: captures and refunds of some days
    #[command(after_help = "\
Examples:
  cartage reconcile --data /srv/shop                       # yesterday, as a running shop does by itself
  cartage reconcile --from 2026-11-01 --to 2026-11-30 --json
  cartage reconcile --from 2026-11-20 --file settlement.jsonl

Days are those of UTC. Exit code 1: the books differ; each difference is a line.")]
    Reconcile(reconcile::ReconcileArgs),
    /// Copy what cannot be made again into a new folder, while the shop runs
    #[command(after_help = "\
Examples:
  cartage backup /backups/$(date +%F) --data /srv/shop
  cartage backup /backups/monday --json

The folder has its name once it is whole; MANIFEST.json in it has the sum of every file.")]
    Backup(backup::BackupArgs),
    /// Make a data folder out of a backup: verified, the forgotten forgotten again, views built
    #[command(after_help = "\
Examples:
  cartage restore /backups/monday --data /srv/shop-restored
  cartage journal export --type customers/forgotten@1 > forgotten.jsonl   # of the newer journal
  cartage restore /backups/monday --data /srv/shop-restored --forgotten forgotten.jsonl")]
    Restore(backup::RestoreArgs),
    /// Print every setting and where it comes from, secrets masked
    #[command(after_help = "\
Examples:
  cartage config
  cartage config --json
  cartage config --config /etc/cartage.toml --set http.concurrency=256

What there is to set, and its limits: docs/configuration.md")]
    Config(settings::SettingsArgs),
    /// Try the whole system against crashes and faults, by seed
    #[command(after_help = "\
Examples:
  cartage simulate --seeds 200
  cartage simulate --seed 7 --plant release-twice

The same seed does the same again. Exit code 1: a seed has failed, or a planted mistake was not found.")]
    Simulate(SimulateArgs),
    /// Try the front door against crashes, crowds and rude clients, on a real shop of its own
    #[command(after_help = "\
Examples:
  cartage prove crashes --seconds 120 --seed 7
  cartage prove overload
  cartage prove rude

Exit code 1: a promise was broken; the lines that begin with BROKEN say which.")]
    Prove(ProveArgs),
    /// Measure this machine beside a bare SQLite loop
    #[command(after_help = "\
Examples:
  cartage bench --quick
  cartage bench --only place --json bench.json")]
    Bench(BenchArgs),
    /// Write completions for a shell
    #[command(after_help = "\
Examples:
  cartage completions bash > ~/.local/share/bash-completion/completions/cartage
  cartage completions zsh  > ~/.zfunc/_cartage
  cartage completions fish > ~/.config/fish/completions/cartage.fish")]
    Completions(completions::CompletionsArgs),
}

type Answer = Result<ExitCode, Box<dyn Error>>;

/// Does what was asked.
pub(crate) fn run(cartage: Cartage) -> Answer {
    let settings = &cartage.settings;
    match &cartage.command {
        Command::Demo(args) => demo::run(args, settings),
        Command::Serve(args) => serve::run(args, settings),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Replay(args) => replay::run(args, settings),
        Command::Import(args) => import::run(args, settings),
        Command::Journal(args) => journal::run(args, settings),
        Command::Views(args) => views::run(args, settings),
        Command::Letters(args) => letters::run(args, settings),
        Command::Reconcile(args) => reconcile::run(args, settings),
        Command::Backup(args) => backup::run(args, settings),
        Command::Restore(args) => backup::restore(args),
        Command::Config(args) => settings::run(args, settings),
        Command::Simulate(args) => simulate::run(args),
        Command::Prove(args) => prove::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => completions::run(args),
    }
}

/// Where the data lie: by flag, or as the settings say.
#[derive(Debug, clap::Args)]
pub(crate) struct FolderArgs {
    /// The data folder (default: the setting `data`, which is cartage-data)
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl FolderArgs {
    fn folder(&self, settings: &ConfigArgs) -> Result<PathBuf, ConfigError> {
        match &self.data {
            // The flag is the strongest, and a folder may be looked at whatever else is set.
            Some(data) => Ok(data.clone()),
            None => Ok(settings.load(&[])?.data),
        }
    }
}

/// Prints a line, or several; the reader may have gone.
fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

fn say_json(value: &impl serde::Serialize) -> Result<(), Box<dyn Error>> {
    Ok(say(&serde_json::to_string_pretty(value)?)?)
}

/// Rows under a head, without lines between them.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(head.iter().copied());
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    table.trim_fmt()
}
