//! Real sockets: a reactor in a thread of the test, or the program itself.

mod bad_input;
mod blocklists;
mod connections;
#[cfg(unix)]
mod disk;
#[cfg(unix)]
mod kill;
mod names;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod reload;
#[cfg(unix)]
mod restart;
mod running;
mod transports;
mod websocket;
