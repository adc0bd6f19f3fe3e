//! The system's name servers (resolv.conf(5)).

use std::{
    fs::File,
    io::Read,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

/// The port of name servers.
const PORT: u16 = 53;

/// How many are asked; resolv.conf(5) says three.
const SERVERS_MAX: usize = 3;

/// How much of the file is read.
const SIZE_MAX: u64 = 64 << 10;

/// The servers. Read anew each time, since a network that comes up changes the file.
pub(super) fn servers() -> Vec<SocketAddr> {
    let mut text = String::new();
    let read = File::open("/etc/resolv.conf")
        .and_then(|file| file.take(SIZE_MAX).read_to_string(&mut text));
    if let Err(error) = read {
        log::debug!("/etc/resolv.conf cannot be read: {error}");
    }
    parse(&text)
}

fn parse(text: &str) -> Vec<SocketAddr> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        let address = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        // The zone of a link-local address has to be a number.
        let scoped = || format!("[{address}]:{PORT}").parse().ok();
        address.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, PORT)).or_else(scoped)
    };
    let servers: Vec<SocketAddr> = text.lines().filter_map(server).take(SERVERS_MAX).collect();
    match servers.is_empty() {
        // resolv.conf(5): without any, that of this machine.
        true => vec![(Ipv4Addr::LOCALHOST, PORT).into()],
        false => servers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_the_system_does() {
        let read =
            |text: &str| parse(text).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(read(""), "127.0.0.1:53");
        assert_eq!(
            read(
                "# nameserver 192.0.2.9\nsearch a.test\nnameserver\t192.0.2.1 # the first\nnameserver x\nnameserver 2001:db8::1\nnameserver fe80::1%2\nnameserver 192.0.2.4\n"
            ),
            "192.0.2.1:53 [2001:db8::1]:53 [fe80::1%2]:53"
        );
    }
}
