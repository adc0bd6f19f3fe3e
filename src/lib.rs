//! slircd, an IRC server for small communities.
//!
//! The layers, bottom first; a layer may use those above it in this list and nothing else:
//!
//! - [`arena`], [`time`], [`metrics`]: arenas with typed ids, time as values, counters.
//! - [`wire`]: IRC on the wire, bytes to values and back.
//! - [`config`]: the configuration, declared once.
//! - [`network`]: the network as all servers agree on it, and its only writer.
//! - [`store`]: what outlives the process.
//! - [`job`]: what the core asks of workers.

pub mod arena;
pub mod config;
pub mod job;
pub mod metrics;
pub mod network;
pub mod store;
pub mod time;
pub mod wire;
