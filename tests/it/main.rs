//! The one integration test binary.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::expect_used)]

#[cfg(unix)]
mod account;
mod cli;
mod client;
#[cfg(unix)]
mod e2e;
mod generated;
mod limits;
#[cfg(unix)]
mod logins;
mod mail_server;
mod modes;
mod name_server;
mod simulate;
mod sockets;
mod tidy;
mod transcripts;
