//! Signals: each becomes readiness of a pipe, or wakes the reactor.

use super::token::Source;
use mio::{Interest, Registry, Waker};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
#[cfg(unix)]
use {mio::net::UnixStream, std::io::Read};

/// Asks a reactor to stop, from any thread.
#[derive(Clone, Debug)]
pub struct Handle {
    waker: Arc<Waker>,
    asked: Arc<AtomicUsize>,
}

impl Handle {
    /// A handle that wakes with `waker`.
    pub fn new(waker: Arc<Waker>) -> Handle {
        Handle { waker, asked: Arc::default() }
    }

    /// Has the reactor say goodbye to everybody and leave; asked a second time, leave at once.
    pub fn stop(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.waker.wake() {
            log::error!("cannot wake the reactor: {error}");
        }
    }

    /// How often it has been asked to stop.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// What a signal means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signal {
    /// Leave.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Write the counts to the log.
    Count,
}

/// The pipes that signals come through.
#[derive(Debug, Default)]
pub struct Signals {
    #[cfg(unix)]
    pipes: Vec<(Signal, UnixStream)>,
}

impl Signals {
    /// Catches SIGTERM, SIGHUP and SIGUSR1, where there are such, and Ctrl-C everywhere.
    pub fn catch(registry: &Registry, handle: &Handle) -> io::Result<Signals> {
        let handle = handle.clone();
        ctrlc::set_handler(move || handle.stop()).map_err(io::Error::other)?;
        #[cfg(unix)]
        return Signals::pipes(registry);
        #[cfg(not(unix))]
        return Ok(Signals::default());
    }

    #[cfg(unix)]
    fn pipes(registry: &Registry) -> io::Result<Signals> {
        use signal_hook::consts::{SIGHUP, SIGTERM, SIGUSR1};

        let watched = [(SIGTERM, Signal::Stop), (SIGHUP, Signal::Reload), (SIGUSR1, Signal::Count)];
        let mut signals = Signals::default();
        for (place, (number, meaning)) in watched.into_iter().enumerate() {
            let (reader, writer) = std::os::unix::net::UnixStream::pair()?;
            reader.set_nonblocking(true)?;
            signal_hook::low_level::pipe::register(number, writer)?;
            let mut reader = UnixStream::from_std(reader);
            registry.register(&mut reader, Source::Signal(place).token(), Interest::READABLE)?;
            signals.pipes.push((meaning, reader));
        }
        Ok(signals)
    }

    /// What has come through a pipe, and how often since it was last asked.
    #[cfg(unix)]
    pub fn take(&mut self, place: usize) -> Option<(Signal, usize)> {
        let (meaning, pipe) = self.pipes.get_mut(place)?;
        let mut count = 0;
        let mut bytes = [0; 64];
        // The pipe never ends, since its other end is the handler's for good.
        while let Ok(read @ 1..) = pipe.read(&mut bytes) {
            count += read;
        }
        (count > 0).then_some((*meaning, count))
    }

    /// Whether the signal to leave has come since it was last asked.
    #[cfg(unix)]
    pub fn stopped(&mut self) -> bool {
        let mut places = 0..self.pipes.len();
        places.any(|place| matches!(self.take(place), Some((Signal::Stop, _))))
    }

    /// Nothing comes, for there are no pipes here.
    #[cfg(not(unix))]
    pub fn take(&mut self, _place: usize) -> Option<(Signal, usize)> {
        None
    }
}
