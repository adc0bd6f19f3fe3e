//! Real sockets: a reactor in a thread of the test, or the program itself.

mod bad_input;
mod blocklists;
mod connections;
#[cfg(unix)]
mod disk;
#[cfg(target_os = "linux")]
mod faulty_disk;
#[cfg(unix)]
mod kill;
#[cfg(unix)]
mod mail;
mod names;
#[cfg(unix)]
pub mod process;
#[cfg(unix)]
mod reload;
#[cfg(unix)]
mod restart;
mod running;
#[cfg(unix)]
mod secrets;
mod transports;
mod websocket;
