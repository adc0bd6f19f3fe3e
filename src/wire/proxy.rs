//! The header with which a proxy says for whom it speaks: the PROXY protocol, versions 1 and 2
//! (haproxy.org, `doc/proxy-protocol.txt`). Bytes to a value; whom to believe is not decided here.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The longest header that is read. Version 1 is shorter; of version 2 this is more than any proxy adds.
pub const HEADER_MAX: usize = 4096;

/// What a header says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Header {
    /// Who connects; none if the proxy speaks for itself, or does not know.
    pub source: Option<IpAddr>,
    /// Whether the connection to the proxy is encrypted, as far as the header tells.
    pub secure: bool,
    /// The server name that the client has asked the proxy for (SNI), if the header tells.
    pub name: Option<String>,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Malformed {
    /// They begin like neither version.
    NoHeader,
    /// The first line is not as version 1 has it (§2.1).
    Line,
    /// A version, command or family that version 2 does not have, or a length that does not fit (§2.2).
    Binary,
    /// It says more than any proxy has to say.
    TooLong,
}

/// The header at the beginning of `bytes` and how long it is; nothing if it has not come whole.
pub fn parse(bytes: &[u8]) -> Result<Option<(usize, Header)>, Malformed> {
    if starts_like(bytes, SIGNATURE) {
        return if bytes.len() < HEAD { Ok(None) } else { binary(bytes) };
    }
    if !starts_like(bytes, LINE) {
        return Err(Malformed::NoHeader);
    }
    let line = bytes.get(..LINE_MAX).unwrap_or(bytes);
    match line.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) => {
            text(line.get(..end).unwrap_or_default()).map(|header| Some((end + 2, header)))
        }
        None if bytes.len() >= LINE_MAX => Err(Malformed::Line),
        None => Ok(None),
    }
}

/// The circuit that an address stands for which Tor makes up, as `HiddenServiceExportCircuitID haproxy`
/// has it do: `fc00:dead:beef:4dad::` and the circuit's number.
pub fn circuit(ip: IpAddr) -> Option<u32> {
    let IpAddr::V6(ip) = ip else { return None };
    let [0xfc00, 0xdead, 0xbeef, 0x4dad, 0, 0, high, low] = ip.segments() else { return None };
    Some(u32::from(high) << 16 | u32::from(low))
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::NoHeader => "it does not begin with a PROXY header",
            Malformed::Line => "its PROXY header of version 1 is malformed",
            Malformed::Binary => "its PROXY header of version 2 is malformed",
            Malformed::TooLong => "its PROXY header is too long",
        })
    }
}

/// Whether what has come agrees with a beginning, as far as it goes.
fn starts_like(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(a, b)| a == b)
}

/// Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 6667`, or `PROXY UNKNOWN` and anything.
fn text(line: &[u8]) -> Result<Header, Malformed> {
    let line = std::str::from_utf8(line).map_err(|_| Malformed::Line)?;
    let mut words = line.split(' ').skip(1);
    let mut word = || words.next().ok_or(Malformed::Line);
    let source = match word()? {
        "UNKNOWN" => return Ok(Header::default()),
        "TCP4" => {
            let (source, target): (Option<Ipv4Addr>, Option<Ipv4Addr>) =
                (word()?.parse().ok(), word()?.parse().ok());
            source.zip(target).map(|both| IpAddr::V4(both.0))
        }
        "TCP6" => {
            let (source, target): (Option<Ipv6Addr>, Option<Ipv6Addr>) =
                (word()?.parse().ok(), word()?.parse().ok());
            source.zip(target).map(|both| IpAddr::V6(both.0))
        }
        _ => None,
    };
    let ports = is_port(word()?) && is_port(word()?);
    match source {
        Some(source) if ports && words.next().is_none() => {
            Ok(Header { source: Some(source.to_canonical()), ..Header::default() })
        }
        Some(_) | None => Err(Malformed::Line),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Version 2: the signature, version and command, family, length, addresses, and more.
fn binary(bytes: &[u8]) -> Result<Option<(usize, Header)>, Malformed> {
    let Some([command, family, high, low]) = bytes.get(SIGNATURE.len()..HEAD) else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if HEAD + length > HEADER_MAX {
        return Err(Malformed::TooLong);
    }
    let itself = match command {
        0x20 => true,
        0x21 => false,
        _ => return Err(Malformed::Binary),
    };
    let Some(body) = bytes.get(HEAD..HEAD + length) else { return Ok(None) };
    if itself {
        // §2.2: whatever it says besides is to be passed over.
        return Ok(Some((HEAD + length, Header::default())));
    }
    let (source, more) = match *family {
        TCP4 => match body.first_chunk::<4>().zip(body.get(12..)) {
            Some((octets, more)) => (Some(IpAddr::from(*octets)), more),
            None => return Err(Malformed::Binary),
        },
        TCP6 => match body.first_chunk::<16>().zip(body.get(36..)) {
            Some((octets, more)) => (Some(IpAddr::from(*octets)), more),
            None => return Err(Malformed::Binary),
        },
        UNIX => (None, body.get(216..).ok_or(Malformed::Binary)?),
        UNSPECIFIED => (None, &[] as &[u8]),
        // Datagrams do not carry IRC.
        _ => return Err(Malformed::Binary),
    };
    let header = Header { source: source.map(|ip| ip.to_canonical()), ..told(more)? };
    Ok(Some((HEAD + length, header)))
}

/// What stands behind the addresses: whether the client speaks TLS, and which server it has asked for
/// (§2.2.2, §2.2.6).
fn told(mut more: &[u8]) -> Result<Header, Malformed> {
    let mut header = Header::default();
    while let Some((kind, rest)) = more.split_first() {
        let length = rest.first_chunk::<2>().ok_or(Malformed::Binary)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let value = rest.get(2..2 + length).ok_or(Malformed::Binary)?;
        match *kind {
            TLV_SSL => {
                header.secure |= value.first().is_some_and(|client| client & CLIENT_SSL != 0);
            }
            TLV_AUTHORITY => header.name = std::str::from_utf8(value).ok().map(str::to_owned),
            _ => (),
        }
        more = rest.get(2 + length..).unwrap_or_default();
    }
    Ok(header)
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const LINE: &[u8] = b"PROXY ";

/// The longest line of version 1, its end included (§2.1).
const LINE_MAX: usize = 107;

/// The signature, version and command, family, length.
const HEAD: usize = 16;

const UNSPECIFIED: u8 = 0x00;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const UNIX: u8 = 0x31;
const TLV_AUTHORITY: u8 = 0x02;
const TLV_SSL: u8 = 0x20;
const CLIENT_SSL: u8 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;

    fn header(source: &str, secure: bool) -> Header {
        Header { source: Some(source.parse().unwrap()), secure, name: None }
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend((body.len() as u16).to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn tcp4(more: &[u8]) -> Vec<u8> {
        let mut body = vec![192, 0, 2, 7, 127, 0, 0, 1, 0xdc, 4, 0x1a, 0x0b];
        body.extend(more);
        v2(0x21, TCP4, &body)
    }

    #[test]
    fn version_1_tells_the_address() {
        for (line, wanted) in [
            ("PROXY TCP4 192.0.2.1 127.0.0.1 56324 6667\r\n", header("192.0.2.1", false)),
            ("PROXY TCP6 2001:db8::1 ::1 56324 6667\r\n", header("2001:db8::1", false)),
            ("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n", header("192.0.2.1", false)),
            ("PROXY UNKNOWN\r\n", Header::default()),
            ("PROXY UNKNOWN ffff:f...f:ffff 1 2\r\n", Header::default()),
        ] {
            let with_more = format!("{line}NICK alice\r\n");
            assert_eq!(parse(with_more.as_bytes()), Ok(Some((line.len(), wanted))), "{line}");
        }
    }

    #[test]
    fn version_2_tells_the_address_and_whether_it_is_encrypted() {
        let bytes = tcp4(&[]);
        assert_eq!(parse(&bytes), Ok(Some((bytes.len(), header("192.0.2.7", false)))));
        // A TLV that means nothing here, then PP2_TYPE_SSL.
        let bytes = tcp4(&[0xea, 0, 2, 1, 2, TLV_SSL, 0, 5, CLIENT_SSL, 0, 0, 0, 0]);
        assert_eq!(parse(&bytes), Ok(Some((bytes.len(), header("192.0.2.7", true)))));
        let bytes = tcp4(b"\x02\0\x08irc.test");
        let named = Header { name: Some("irc.test".into()), ..header("192.0.2.7", false) };
        assert_eq!(parse(&bytes), Ok(Some((bytes.len(), named))));
        let mut body = "2001:db8::9".parse::<Ipv6Addr>().unwrap().octets().to_vec();
        body.extend([0; 20]);
        let bytes = v2(0x21, TCP6, &body);
        assert_eq!(parse(&bytes), Ok(Some((bytes.len(), header("2001:db8::9", false)))));
    }

    #[test]
    fn a_proxy_may_speak_for_itself() {
        let nobody = Header::default();
        for bytes in [
            v2(0x20, 0, &[]),
            v2(0x20, TCP4, &[7; 40]),
            v2(0x21, 0, &[9]),
            v2(0x21, UNIX, &[0; 216]),
        ] {
            assert_eq!(parse(&bytes), Ok(Some((bytes.len(), nobody.clone()))), "{bytes:?}");
        }
    }

    #[test]
    fn every_piece_of_a_header_waits_for_the_rest() {
        let headers =
            [tcp4(&[TLV_SSL, 0, 1, 1]), b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n".to_vec()];
        for bytes in headers {
            for end in 0..bytes.len() {
                assert_eq!(parse(&bytes[..end]), Ok(None), "{end} of {bytes:?}");
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused_as_soon_as_it_shows() {
        for text in ["N", "PROXX", "proxy ", "\r\n\r\n\0\r\nQUIX", "\x16\x03\x01"] {
            assert_eq!(parse(text.as_bytes()), Err(Malformed::NoHeader), "{text:?}");
        }
        for line in [
            "PROXY TCP4 192.0.2.1 127.0.0.1 56324\r\n",
            "PROXY TCP4 192.0.2.1 127.0.0.1 56324 6667 1\r\n",
            "PROXY TCP4 192.0.2.1  127.0.0.1 56324 6667\r\n",
            "PROXY TCP4 192.0.2.1 127.0.0.1 +56324 6667\r\n",
            "PROXY TCP4 192.0.2.1 127.0.0.1 56324 65536\r\n",
            "PROXY TCP4 2001:db8::1 ::1 56324 6667\r\n",
            "PROXY TCP6 192.0.2.1 ::1 56324 6667\r\n",
            "PROXY TCP5 192.0.2.1 127.0.0.1 56324 6667\r\n",
            "PROXY TCP4 192.0.2.1\0 127.0.0.1 56324 6667\r\n",
            "PROXY \r\n",
        ] {
            assert_eq!(parse(line.as_bytes()), Err(Malformed::Line), "{line:?}");
        }
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
        assert_eq!(parse(long.as_bytes()), Err(Malformed::Line));
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let cut = |command, family, len| parse(&v2(command, family, &vec![0; len]));
        assert_eq!(cut(0x21, TCP4, 11), Err(Malformed::Binary));
        assert_eq!(cut(0x21, TCP6, 35), Err(Malformed::Binary));
        assert_eq!(cut(0x21, UNIX, 215), Err(Malformed::Binary));
        assert_eq!(cut(0x21, 0x12, 12), Err(Malformed::Binary));
        assert_eq!(cut(0x22, TCP4, 12), Err(Malformed::Binary));
        assert_eq!(cut(0x31, TCP4, 12), Err(Malformed::Binary));
        assert_eq!(parse(&tcp4(&[TLV_SSL])), Err(Malformed::Binary));
        assert_eq!(parse(&tcp4(&[TLV_SSL, 0, 2, 1])), Err(Malformed::Binary));
        // Known to be too long before it has come.
        let mut long = SIGNATURE.to_vec();
        long.extend([0x21, TCP4, 0xff, 0xff]);
        assert_eq!(parse(&long), Err(Malformed::TooLong));
    }

    #[test]
    fn a_circuit_of_tor_is_told_by_its_address() {
        assert_eq!(circuit("fc00:dead:beef:4dad::1:2".parse().unwrap()), Some(0x1_0002));
        assert_eq!(circuit("fc00:dead:beef:4dae::1:2".parse().unwrap()), None);
        assert_eq!(circuit("192.0.2.1".parse().unwrap()), None);
    }
}
