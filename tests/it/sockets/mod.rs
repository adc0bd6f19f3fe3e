//! Real sockets: a reactor in a thread of the test, or the program itself.

mod connections;
mod names;
#[cfg(unix)]
mod process;
mod running;
