//! `cartage backup` and `cartage restore`.

use super::{Answer, FolderArgs, say, say_json};
use kernel::Timestamp;
use server::{backup, config::ConfigArgs};
use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

/// Where from, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The new folder
    #[arg(value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    data: FolderArgs,
    /// For programs: the manifest
    #[arg(long)]
    json: bool,
}

/// Where from, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    from: PathBuf,
    /// The new data folder
    #[arg(long, value_name = "NEW")]
    data: PathBuf,
    /// People who were forgotten since: ids, or facts as `journal export` writes them, a line each
    #[arg(long, value_name = "FILE")]
    forgotten: Option<PathBuf>,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &BackupArgs, settings: &ConfigArgs) -> Answer {
    let manifest = backup::make(&args.data.folder(settings)?, &args.to)?;
    if args.json {
        say_json(&manifest)?;
    } else {
        let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
        let at = when(manifest.last_fact_at);
        let (to, files, position) = (args.to.display(), manifest.files.len(), manifest.position);
        say(&format!("{to}: {files} files, {bytes} bytes, up to position {position}{at}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn restore(args: &RestoreArgs) -> Answer {
    let newer = match &args.forgotten {
        Some(list) => backup::read_forgotten(list)?,
        None => BTreeSet::new(),
    };
    let restored = backup::restore(&args.from, &args.data, &newer)?;
    if args.json {
        say_json(&restored)?;
    } else {
        let (data, at) = (args.data.display(), when(restored.last_fact_at));
        say(&format!(
            "{data}: sound up to position {}{at}; {} views built; of {} forgotten people {} rows deleted",
            restored.position,
            restored.views.len(),
            restored.forgotten,
            restored.rows_deleted
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn when(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| format!(" ({at})"))
}
