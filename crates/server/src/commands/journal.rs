//! `cartage journal`: what happened.

use super::{Answer, FolderArgs};
use clap::Subcommand;
use kernel::Timestamp;
use serde_json::json;
use server::{
    config::ConfigArgs,
    journal_tools::{self, Filter, Form, Moment},
};
use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

/// What to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct JournalArgs {
    #[command(flatten)]
    data: FolderArgs,
    /// For programs: JSON, or JSON Lines where there are many
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Read everything again: chain, positions, versions, every fact, every remembered state
    Verify,
    /// The facts of one stream (order/…, stock/…), and what it remembers after them
    Show {
        /// Its name, as in `stock/85123A`
        stream: String,
        /// As it was after this position, or at this time
        #[arg(long, value_name = "TIME|POSITION")]
        at: Option<String>,
    },
    /// The newest facts
    Tail {
        /// How many
        #[arg(short = 'n', long, default_value_t = 20)]
        count: u64,
    },
    /// Facts as JSON Lines
    Export {
        /// Of this stream only
        #[arg(long)]
        stream: Option<String>,
        /// Of this type only (orders/placed@1)
        #[arg(long = "type")]
        kind: Option<String>,
        /// Not before this time
        #[arg(long)]
        from: Option<Timestamp>,
        /// Not after this time
        #[arg(long)]
        until: Option<Timestamp>,
    },
}

pub(crate) fn run(args: &JournalArgs, settings: &ConfigArgs) -> Answer {
    let data = args.data.folder(settings)?;
    let form = if args.json { Form::Json } else { Form::Text };
    let mut out = BufWriter::new(io::stdout().lock());
    match &args.command {
        JournalCommand::Verify => {
            let audit = journal_tools::verify(&data)?;
            match form {
                Form::Text => writeln!(out, "{}", journal_tools::in_words(&audit))?,
                Form::Json => {
                    let engine::Audit { verified, unfinished, timers, snapshots, .. } = audit;
                    let found = json!({
                        "sound": true,
                        "blocks": verified.blocks,
                        "facts": verified.facts,
                        "streams": verified.streams,
                        "remembered_states": snapshots,
                        "unfinished_stories": unfinished,
                        "timers": timers,
                    });
                    writeln!(out, "{found:#}")?;
                }
            }
        }
        JournalCommand::Show { stream, at } => {
            let at = at.as_ref().map(|at| at.parse::<Moment>()).transpose()?;
            journal_tools::show(&data, (stream, at), form, &mut out)?;
        }
        JournalCommand::Tail { count } => journal_tools::tail(&data, *count, form, &mut out)?,
        JournalCommand::Export { stream, kind, from, until } => {
            let (stream, kind) = (stream.clone(), kind.clone());
            let filter = Filter { stream, kind, from: *from, until: *until };
            journal_tools::export(&data, &filter, &mut out)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
