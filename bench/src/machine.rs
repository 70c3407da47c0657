//! The machine that is measured: what it is, and what a program uses of it.

use crate::{Fallible, waits::median};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::Path,
    thread::available_parallelism,
};

/// What a reader has to know of the machine; nothing that tells whose it is.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    /// `virtual disk (vda), ext4`, as far as the system tells.
    pub(crate) disk: String,
    pub(crate) system: String,
    /// One write of 4 KiB with its fsync, median, in microseconds.
    pub(crate) fsync_us: f64,
}

impl Machine {
    /// Looks around; `folder` is where the data will lie.
    pub(crate) fn look(folder: &Path) -> Fallible<Machine> {
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
    Ok(median(times))
}

/// What one program uses of the machine, as the system counts it; 0 where it does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage(u32);

impl Usage {
    /// Of the program with this number.
    pub(crate) fn of(process: u32) -> Usage {
        Usage(process)
    }

    /// Of this program.
    pub(crate) fn mine() -> Usage {
        Usage(std::process::id())
    }

    /// Seconds of processor time so far, those of threads that have ended included.
    pub(crate) fn cpu_seconds(self) -> f64 {
        // Linux shows these in hundredths of a second, whatever its own clock does (proc(5), sysconf(3)).
        const TICKS_PER_SECOND: f64 = 100.0;
        let text = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        // The name in brackets may contain anything; what follows it is numbers.
        let fields = text.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks =
            fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
        ticks.sum::<f64>() / TICKS_PER_SECOND
    }

    /// Seconds of processor time so far by the names of threads; those that have ended are left out.
    pub(crate) fn thread_seconds(self) -> BTreeMap<String, f64> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten();
        let mut all = BTreeMap::new();
        for thread in threads.flatten() {
            let read = |name| fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            // Nanoseconds on a processor come first (Linux, Documentation/scheduler/sched-stats).
            let used =
                read("schedstat").split(' ').next().and_then(|used| used.parse::<f64>().ok());
            *all.entry(read("comm").trim().to_owned()).or_default() += used.unwrap_or(0.0) / 1e9;
        }
        all
    }

    /// Bytes of memory now.
    pub(crate) fn memory_bytes(self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most bytes of memory since the program began.
    pub(crate) fn peak_bytes(self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(self, name: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kib.unwrap_or(0) * 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_uses_memory_and_its_peak_is_no_less() {
        let usage = Usage::mine();
        assert!(usage.memory_bytes() > 0);
        assert!(usage.peak_bytes() >= usage.memory_bytes());
        assert!(usage.thread_seconds().values().sum::<f64>() > 0.0);
    }

    #[test]
    fn a_program_that_is_gone_uses_nothing() {
        let usage = Usage::of(u32::MAX);
        assert_eq!((usage.memory_bytes(), usage.cpu_seconds()), (0, 0.0));
    }
}
