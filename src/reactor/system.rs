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
        Now { mono: Mono(mono), wall: wall() }
    }
}

/// The clock on the wall.
pub fn wall() -> Wall {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Wall(since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
}

/// Allows this process as many open files as it may have. How many of them can be clients' sockets;
/// the log is told if these are fewer than `clients`.
#[cfg(unix)]
pub fn sockets_max(clients: u32) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // A limit of `None` is no limit.
    let mut files = current;
    if current.is_some() && current != maximum {
        match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
            Ok(()) => files = maximum,
            Err(error) => log::warn!("cannot raise the limit of open files: {error}"),
        }
    }
    let Some(files) = files.and_then(|files| usize::try_from(files).ok()) else {
        return usize::MAX;
    };
    let sockets = leave(files);
    if sockets < clients as usize {
        log::warn!(
            "{files} files may be open, enough for {sockets} clients and not for the {clients} of \
             [limits] clients; raise the limit (LimitNOFILE= of the unit, or ulimit -n)"
        );
    }
    sockets
}

/// There is no such limit here.
#[cfg(not(unix))]
pub fn sockets_max(_clients: u32) -> usize {
    usize::MAX
}

/// How many of so many files clients may have: the database, the log, and the configuration when it is
/// read again need some, and do not get less than half of few.
#[cfg(unix)]
fn leave(files: usize) -> usize {
    files.saturating_sub(FILES_KEPT).max(files / 2)
}

/// How many open files are kept from clients.
#[cfg(unix)]
const FILES_KEPT: usize = 64;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_left_however_few_there_are() {
        assert_eq!([48, 128, 1024].map(leave), [24, 64, 960]);
    }
}
