//! IRC on the wire, DNS, HTTP, mail, databases of addresses, and how clients prove who they are: bytes to
//! values and back. Knows no server, no state, no clock.

pub mod cap;
pub mod casemap;
pub mod certificate;
pub mod cidr;
pub mod dns;
pub mod encode;
pub mod extban;
pub mod fail;
pub mod flood;
pub mod format;
pub mod framing;
pub mod http;
pub mod isupport;
pub mod mail;
pub mod mask;
pub mod message;
pub mod mmdb;
pub mod mode;
pub mod name;
pub mod precis;
pub mod proxy;
pub mod reply;
pub mod sasl;
pub mod scram;
pub mod smtp;
pub mod tags;
pub mod totp;
pub mod upgrade;
pub mod websocket;
