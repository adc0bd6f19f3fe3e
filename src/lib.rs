//! slircd, an IRC server for small communities.

pub mod arena;
pub mod time;
