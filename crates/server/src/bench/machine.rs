//! The machine that is measured: what it is, what of it is used, and how to make it forget.

use super::Fallible;
use rustix::fs::{Advice, fadvise, statvfs};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::Path,
    thread::available_parallelism,
};

/// What a reader has to know of the machine; nothing that tells whose it is.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    pub(super) cpu: String,
    pub(super) cores: usize,
    pub(super) memory_gib: f64,
    /// `virtual disk (vda), ext4`, as far as the system tells.
    pub(super) disk: String,
    pub(super) system: String,
    /// One write of 4 KiB with its fsync, median, in microseconds.
    pub(super) fsync_us: f64,
}

impl Machine {
    /// Looks around; `folder` is where the data will lie.
    pub(super) fn look(folder: &Path) -> Fallible<Machine> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let kib = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|value| value.trim_end_matches(" kB").parse::<f64>().ok());
        Ok(Machine {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into()),
            cores: available_parallelism().map_or(1, usize::from),
            memory_gib: kib.unwrap_or(0.0) / 1024.0 / 1024.0,
            disk: disk(folder),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            fsync_us: fsync_us(folder)?,
        })
    }
}

/// The device and file system of the mount that holds a folder.
fn disk(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let parsed = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, Path::new(fields.next()?), fields.next()?))
    });
    let holding = parsed.filter(|(_, at, _)| folder.starts_with(at));
    let Some((device, _, system)) = holding.max_by_key(|(_, at, _)| at.as_os_str().len()) else {
        return "unknown".to_owned();
    };
    let name = device.strip_prefix("/dev/").unwrap_or(device);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let spins = fs::read_to_string(format!("/sys/block/{plain}/queue/rotational"));
    let kind = match spins.as_deref().map(str::trim) {
        _ if name.starts_with("vd") => "virtual disk",
        Ok("0") => "solid state",
        Ok(_) => "spinning",
        Err(_) => "disk",
    };
    format!("{kind}, {system}")
}

fn fsync_us(folder: &Path) -> Fallible<f64> {
    use std::io::Write;
    let path = folder.join("fsync");
    let mut file = File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let begin = std::time::Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(&path)?;
    Ok(super::placing::median(times))
}

/// Bytes that are free where a folder lies.
pub(super) fn free_bytes(folder: &Path) -> Fallible<u64> {
    let found = statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Brings the files of a folder to the disk and puts them out of the system's memory, so that the
/// next look really reads.
pub(super) fn forget_files(folder: &Path) -> Fallible<()> {
    for entry in fs::read_dir(folder)? {
        let file = File::open(entry?.path())?;
        file.sync_all()?;
        fadvise(&file, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}

/// From now on only what is used from now on counts.
pub(super) fn forget_peak() {
    // Where the system does not let us, the peak is that of the whole run: too high, never too low.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most memory since then, as the system counts it; 0 where it does not.
pub(super) fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Seconds of processor time that each kind of thread has used so far, by its name; nothing where the
/// system does not tell. Unlike rates they hardly suffer from whatever else the machine does.
pub(super) fn cpu_seconds() -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::new();
    for thread in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |name: &str| fs::read_to_string(thread.path().join(name)).ok();
        let nanos = read("schedstat").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
        let (Some(name), Some(nanos)) = (read("comm"), nanos) else { continue };
        let is_main = thread.file_name().to_str() == Some(&std::process::id().to_string());
        let name = if is_main { "clients" } else { name.trim() };
        *seconds.entry(name.to_owned()).or_insert(0.0) += nanos / 1e9;
    }
    seconds
}
