//! Real sockets: a reactor in a thread of the test, or the program itself.

mod connections;
#[cfg(unix)]
mod process;
mod running;
mod transports;
mod websocket;
