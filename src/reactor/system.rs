//! What is asked of the operating system beside sockets: its clocks, and how many files may be open.

use crate::time::{Mono, Now, Wall};
use std::time::{Instant, SystemTime};

/// Both clocks of this process.
#[derive(Debug)]
pub struct Clocks {
    start: Instant,
}

impl Clocks {
    /// Clocks of which the monotonic one begins now.
    pub fn start() -> Clocks {
        Clocks { start: Instant::now() }
    }

    /// Reads both.
    pub fn now(&self) -> Now {
        let mono = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let wall = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        Now { mono: Mono(mono), wall: Wall(wall) }
    }
}

/// Allows this process as many open files as it may have, and says so in the log if that is little.
#[cfg(unix)]
pub fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // A limit of `None` is no limit.
    let mut now = current;
    if current.is_some() && current != maximum {
        match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
            Ok(()) => now = maximum,
            Err(error) => log::warn!("cannot raise the limit of open files: {error}"),
        }
    }
    match now {
        Some(files) if files < FILES_FEW => {
            log::warn!("only {files} files may be open, so there can be no more clients than that");
        }
        Some(files) => log::debug!("{files} files may be open"),
        None => log::debug!("any number of files may be open"),
    }
}

/// There is no such limit here.
#[cfg(not(unix))]
pub fn raise_file_limit() {}

/// Fewer than this many open files are worth a warning.
#[cfg(unix)]
const FILES_FEW: u64 = 4096;
