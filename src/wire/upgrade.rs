//! The HTTP request that becomes a WebSocket (RFC 6455 §4.2), and the answers to it and to those that do
//! not. Bytes to values; which origins and proxies to believe is not decided here.

use super::websocket::Kind;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

/// The longest request that is read, its headers included.
pub const REQUEST_MAX: usize = 8 << 10;

/// What a request ends with.
const END: &[u8] = b"\r\n\r\n";

/// A request to become a WebSocket.
#[derive(Debug)]
pub struct Request<'a> {
    key: &'a str,
    protocol: Option<&'a str>,
    /// The web site whose page asks for it, if a browser says so.
    pub origin: Option<&'a str>,
    forwarded_for: Vec<&'a str>,
    x_forwarded_for: Vec<&'a str>,
    proto: Option<&'a str>,
}

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// It is no HTTP/1.1, or a header is malformed.
    Malformed,
    /// It is longer than any browser makes it.
    TooLong,
    /// It asks for a page.
    Page,
    /// It asks for a version of WebSocket other than 13.
    Version,
    /// The page that asks is not among those that may.
    Origin,
}

/// The request at the beginning of `bytes` and how long it is; nothing if it has not come whole, as it had
/// not when the first `known` of them were all.
pub fn parse(bytes: &[u8], known: usize) -> Result<Option<(usize, Request<'_>)>, Refusal> {
    // Nothing but a GET is ever answered with more than a refusal.
    if !bytes.iter().zip(METHOD).all(|(a, b)| a == b) {
        return Err(Refusal::Malformed);
    }
    let head = bytes.get(..REQUEST_MAX).unwrap_or(bytes);
    // Whoever sends byte by byte must not have all of them looked at each time.
    let known = known.saturating_sub(END.len() - 1);
    let new = head.get(known..).unwrap_or_default();
    let Some(end) = new.windows(END.len()).position(|part| part == END) else {
        return if bytes.len() >= REQUEST_MAX { Err(Refusal::TooLong) } else { Ok(None) };
    };
    let end = known + end;
    let text = head.get(..end).and_then(|head| std::str::from_utf8(head).ok());
    let text = text.ok_or(Refusal::Malformed)?;
    // A proxy may take a CR or LF alone for the end of a line, and so see other headers.
    let mut lines = text.split("\r\n");
    if lines.clone().any(|line| line.contains(['\0', '\r', '\n'])) {
        return Err(Refusal::Malformed);
    }
    let mut words = lines.next().unwrap_or_default().split(' ').skip(1);
    let (_path, version) = (words.next(), words.next());
    if version != Some("HTTP/1.1") || words.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Refusal::Malformed)?;
        if name.is_empty() || name.contains([' ', '\t']) {
            return Err(Refusal::Malformed);
        }
        headers.push((name, value.trim_matches([' ', '\t'])));
    }
    Request::of(&headers).map(|request| Some((end + END.len(), request)))
}

impl<'a> Request<'a> {
    fn of(headers: &[(&'a str, &'a str)]) -> Result<Request<'a>, Refusal> {
        let all = |name: &'static str| {
            let same = move |header: &&(&str, &str)| header.0.eq_ignore_ascii_case(name);
            headers.iter().filter(same).map(|header| header.1)
        };
        let items = |name| all(name).flat_map(|value| value.split(',')).map(str::trim);
        let holds = |name, word: &str| items(name).any(|item| item.eq_ignore_ascii_case(word));
        if !holds("Upgrade", "websocket") || !holds("Connection", "upgrade") {
            return Err(Refusal::Page);
        }
        if !all("Sec-WebSocket-Version").eq(["13"]) {
            return Err(Refusal::Version);
        }
        let mut keys = all("Sec-WebSocket-Key");
        let key = keys.next().filter(|key| STANDARD.decode(key).is_ok_and(|key| key.len() == 16));
        let (Some(key), None) = (key, keys.next()) else { return Err(Refusal::Malformed) };
        let forwarded: Vec<&str> =
            items("Forwarded").map(|item| parameter(item, "for").unwrap_or_default()).collect();
        let proto = all("X-Forwarded-Proto")
            .next_back()
            .or_else(|| items("Forwarded").next_back().and_then(|item| parameter(item, "proto")));
        Ok(Request {
            key,
            protocol: items("Sec-WebSocket-Protocol").find(|name| kind(name).is_some()),
            origin: all("Origin").next(),
            forwarded_for: forwarded,
            x_forwarded_for: items("X-Forwarded-For").collect(),
            proto,
        })
    }

    /// What messages are to be, by the first subprotocol in the client's order that is known; none if
    /// none is.
    pub fn kind(&self) -> Option<Kind> {
        self.protocol.and_then(kind)
    }

    /// Whom the nearest proxy speaks for, by X-Forwarded-For or Forwarded (RFC 7239): the last address in
    /// the row that no proxy which is `trusted` has. None if no header says so.
    ///
    /// A proxy sets the header it knows and may pass on what a client made up in the other, so the two
    /// must not contradict each other.
    pub fn forwarded(&self, trusted: impl Fn(IpAddr) -> bool) -> Result<Option<IpAddr>, Refusal> {
        let [one, other] = [&self.forwarded_for, &self.x_forwarded_for].map(|row| {
            let mut found = None;
            for text in row.iter().rev() {
                let ip = address(text).ok_or(Refusal::Malformed);
                match (ip, found) {
                    (Ok(ip), _) if trusted(ip) => found = Some(ip),
                    (Ok(ip), _) => return Ok(Some(ip)),
                    // Beyond what a trusted proxy says anything may stand.
                    (Err(_), Some(ip)) => return Ok(Some(ip)),
                    (Err(refusal), None) => return Err(refusal),
                }
            }
            Ok(found)
        });
        match (one?, other?) {
            (Some(a), Some(b)) if a != b => Err(Refusal::Malformed),
            (a, b) => Ok(a.or(b)),
        }
    }

    /// Whether the proxy says that the client speaks TLS to it.
    pub fn secure(&self) -> bool {
        self.proto.is_some_and(|proto| {
            proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss")
        })
    }

    /// Appends the answer that makes it a WebSocket (RFC 6455 §4.2.2).
    pub fn accept(&self, out: &mut Vec<u8>) {
        let mut hash = Sha1::new();
        hash.update(self.key);
        hash.update(GUID);
        let accept = STANDARD.encode(hash.finalize());
        let mut text = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
        );
        if let Some(protocol) = self.protocol {
            text += &format!("Sec-WebSocket-Protocol: {protocol}\r\n");
        }
        text += "\r\n";
        out.extend_from_slice(text.as_bytes());
    }
}

impl Refusal {
    /// The answer that a browser or a proxy understands.
    pub fn response(self) -> String {
        let (status, more) = match self {
            Refusal::Malformed => ("400 Bad Request", ""),
            Refusal::TooLong => ("431 Request Header Fields Too Large", ""),
            Refusal::Page => ("426 Upgrade Required", "Upgrade: websocket\r\n"),
            Refusal::Version => ("426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n"),
            Refusal::Origin => ("403 Forbidden", ""),
        };
        let body = format!("{self}\n");
        format!(
            "HTTP/1.1 {status}\r\n{more}Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Malformed => "This is an IRC server for WebSocket clients; the request is not one it understands.",
            Refusal::TooLong => "This is an IRC server for WebSocket clients; the request is too long.",
            Refusal::Page => "This is an IRC server for WebSocket clients, and has no pages. Connect with an IRC client to the address ws:// or wss://.",
            Refusal::Version => "This is an IRC server for WebSocket clients of version 13 (RFC 6455).",
            Refusal::Origin => "The web site whose page asks for this connection is not among those that may.",
        })
    }
}

/// The subprotocols of `ircv3: websocket`.
fn kind(protocol: &str) -> Option<Kind> {
    match protocol {
        "text.ircv3.net" => Some(Kind::Text),
        "binary.ircv3.net" => Some(Kind::Binary),
        _ => None,
    }
}

/// One of the parameters of an element of Forwarded (RFC 7239 §4), without quotes.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// An address as proxies write it: with a port or without, that of IPv6 with brackets or without.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|both| both.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

const METHOD: &[u8] = b"GET ";

/// RFC 6455 §1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    fn request(more: &str) -> String {
        format!(
            "GET /chat HTTP/1.1\r\nHost: irc.example.org\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n{KEY}{more}\r\n"
        )
    }

    fn refused(text: &str) -> Refusal {
        parse(text.as_bytes(), 0).unwrap_err()
    }

    fn forwarded(more: &str) -> Result<Option<IpAddr>, Refusal> {
        let text = request(more);
        let (_, request) = parse(text.as_bytes(), 0).unwrap().unwrap();
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        request.forwarded(|ip| ip == local)
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let text = request("Sec-WebSocket-Protocol: chat, binary.ircv3.net, text.ircv3.net\r\n");
        let with_more = format!("{text}\u{1}");
        let (len, request) = parse(with_more.as_bytes(), 0).unwrap().unwrap();
        assert_eq!((len, request.kind()), (text.len(), Some(Kind::Binary)));
        let mut out = Vec::new();
        request.accept(&mut out);
        let answer = String::from_utf8(out).unwrap();
        // RFC 6455 §1.3.
        assert!(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(answer.contains("Sec-WebSocket-Protocol: binary.ircv3.net\r\n"));
        assert!(answer.ends_with("\r\n\r\n"));
    }

    #[test]
    fn a_client_that_names_no_known_subprotocol_gets_none() {
        let text = request("Sec-WebSocket-Protocol: irc\r\n");
        let (_, request) = parse(text.as_bytes(), 0).unwrap().unwrap();
        let mut out = Vec::new();
        request.accept(&mut out);
        assert!(!String::from_utf8(out).unwrap().contains("Protocol:"));
        assert_eq!(request.kind(), None);
    }

    #[test]
    fn a_page_is_refused_politely() {
        let refusal = refused("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(refusal, Refusal::Page);
        let response = refusal.response();
        assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"));
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
    }

    #[test]
    fn what_is_wrong_with_a_request_is_said() {
        let good = request("");
        let without = |part: &str| good.replace(part, "");
        for (text, wanted) in [
            ("NICK alice\r\n".into(), Refusal::Malformed),
            (good.replace("GET", "POST"), Refusal::Malformed),
            (good.replace("HTTP/1.1", "HTTP/1.0"), Refusal::Malformed),
            (good.replace("/chat", "/chat /chat"), Refusal::Malformed),
            (good.replace("Host:", "Host"), Refusal::Malformed),
            (good.replace("Host:", "Host :"), Refusal::Malformed),
            (good.replace("Host:", "A: b\nHost:"), Refusal::Malformed),
            (good.replace("Host:", "A: b\rHost:"), Refusal::Malformed),
            (without(KEY), Refusal::Malformed),
            (format!("{}{KEY}\r\n", good.trim_end_matches("\r\n")), Refusal::Malformed),
            (good.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), Refusal::Malformed),
            (good.replace("Version: 13", "Version: 8"), Refusal::Version),
            (without("Upgrade: WebSocket\r\n"), Refusal::Page),
            (without(", Upgrade"), Refusal::Page),
            (format!("GET /{}", "x".repeat(REQUEST_MAX)), Refusal::TooLong),
        ] {
            assert_eq!(refused(&text), wanted, "{text}");
        }
    }

    #[test]
    fn every_piece_of_a_request_waits_for_the_rest() {
        let text = request("Origin: https://chat.example.org\r\n");
        for end in 0..text.len() {
            assert!(
                parse(&text.as_bytes()[..end], end.saturating_sub(1)).unwrap().is_none(),
                "{end}"
            );
            assert!(parse(text.as_bytes(), end).unwrap().is_some(), "{end}");
        }
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_believed() {
        let ip = |text: &str| Ok(Some(text.parse().unwrap()));
        assert_eq!(forwarded(""), Ok(None));
        assert_eq!(forwarded("X-Forwarded-For: 192.0.2.9\r\n"), ip("192.0.2.9"));
        let chain = "X-Forwarded-For: 10.9.9.9, 192.0.2.9\r\nX-Forwarded-For: 127.0.0.1\r\n";
        assert_eq!(forwarded(chain), ip("192.0.2.9"));
        assert_eq!(forwarded("X-Forwarded-For: junk, 127.0.0.1\r\n"), ip("127.0.0.1"));
        assert_eq!(forwarded("X-Forwarded-For: 192.0.2.9:1234\r\n"), ip("192.0.2.9"));
        assert_eq!(forwarded("X-Forwarded-For: ::ffff:192.0.2.9\r\n"), ip("192.0.2.9"));
        let quoted = "Forwarded: for=192.0.2.1, for=\"[2001:db8::7]:4711\";proto=https;by=x\r\n";
        assert_eq!(forwarded(quoted), ip("2001:db8::7"));
        for bad in [
            "X-Forwarded-For: junk\r\n",
            "Forwarded: by=192.0.2.1\r\n",
            "Forwarded: for=_hidden\r\n",
            "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n",
        ] {
            assert_eq!(forwarded(bad), Err(Refusal::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_proxy_may_say_that_its_client_is_encrypted() {
        let secure = |more: &str| {
            let text = request(more);
            parse(text.as_bytes(), 0).unwrap().unwrap().1.secure()
        };
        assert!(secure("X-Forwarded-Proto: https\r\n"));
        assert!(secure("Forwarded: for=192.0.2.1;proto=https\r\n"));
        assert!(!secure("Forwarded: for=192.0.2.1;proto=https, for=192.0.2.2;proto=http\r\n"));
        assert!(!secure(""));
    }
}
