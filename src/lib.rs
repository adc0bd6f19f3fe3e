//! slircd, an IRC server for small communities.
//!
//! The layers, bottom first; a layer may use those above it in this list and nothing else:
//!
//! - [`arena`], [`time`], [`metrics`]: arenas with typed ids, time as values, counters.
//! - [`wire`]: IRC on the wire, bytes to values and back.
//! - [`config`]: the configuration, declared once.
//! - [`network`]: the network as all servers agree on it, and its only writer.
//! - [`registry`]: records of accounts and registered channels, and how they merge.
//! - [`store`]: what outlives the process.
//! - [`job`]: what the core asks of workers.
//! - [`core`]: this server's own state, and the verbs that commands are written in.
//! - [`service`]: NickServ and others, tables of commands with another voice.
//! - [`command`]: the client protocol, one command to a file.
//! - [`link`]: servers among each other.
//! - [`server`]: the whole server, without I/O.
//! - [`work`]: the workers.
//! - [`reactor`]: the only thread that touches sockets.
//! - [`sim`]: a network in one thread, in virtual time.
//! - [`cli`]: the command line.

pub mod arena;
pub mod cli;
pub mod command;
pub mod config;
pub mod core;
pub mod job;
pub mod link;
pub mod metrics;
pub mod network;
pub mod reactor;
pub mod registry;
pub mod server;
pub mod service;
pub mod sim;
pub mod store;
pub mod time;
pub mod wire;
pub mod work;
