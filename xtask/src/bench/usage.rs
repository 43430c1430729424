//! What a child has used, where the system tells it (Linux). `crates/sigma/benches/detect` measures with this file too.

use std::fs;
use std::path::Path;

/// The system counts the processor time of children in hundredths of a second.
const TICKS: f64 = 100.0;

/// Processor time of children that have ended, user and system, where the system tells it (Linux).
pub(crate) fn cpu_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in parentheses; the rest begins with the third.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |number: usize| rest.split_whitespace().nth(number - 3).and_then(|text| text.parse::<f64>().ok());
    (ticks(16).unwrap_or(0.0) + ticks(17).unwrap_or(0.0)) / TICKS
}

/// The highest memory of a process so far, in MB; zero when it is gone.
pub(crate) fn highest_memory(status: &Path) -> f64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}
