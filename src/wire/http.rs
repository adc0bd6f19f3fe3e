//! Asking a web server for a page (RFC 9112): web addresses, the request, and as much of the answer as
//! says yes or no.
//!
//! Pure, and made for hostile bytes: what is read is bounded, and what is beyond the bound is left out.

/// The longest answer that is read, its head included.
pub const RESPONSE_MAX: usize = 64 << 10;

/// The longest web address.
const URL_MAX: usize = 2000;

/// How many answers that only announce another are passed over (RFC 9110 §15.2).
const INTERIM_MAX: usize = 8;

/// A web address: `http://` or `https://`, without a fragment and without a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Url {
    /// Whether it is asked by TLS.
    pub secure: bool,
    /// The host, of an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as they were written.
    authority: String,
    /// What is asked for there.
    target: String,
}

/// What a server has answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// What came with it, or the beginning of that.
    pub body: Vec<u8>,
}

/// An answer that is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Malformed;

impl Url {
    /// Reads a web address.
    pub fn parse(text: &str) -> Option<Url> {
        let (secure, rest) = match text.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("http://")?),
        };
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if text.len() > URL_MAX || !text.bytes().all(fits) {
            return None;
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, port.strip_prefix(':').or(port.is_empty().then_some(""))?)
            }
            None => authority.split_once(':').unwrap_or((authority, "")),
        };
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if host.is_empty() || !host.bytes().all(named) {
            return None;
        }
        let port = match port {
            "" => [80, 443][usize::from(secure)],
            port => port.parse().ok().filter(|port| *port > 0)?,
        };
        let slash = if target.starts_with('/') { "" } else { "/" };
        Some(Url {
            secure,
            host: host.into(),
            port,
            authority: authority.into(),
            target: format!("{slash}{target}"),
        })
    }

    /// The request for it, after which the server is to end the connection.
    pub fn request(&self) -> String {
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: slircd\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            self.target, self.authority
        )
    }
}

/// The answer that these bytes are, once they are enough for it. `ended` tells that no more will come.
pub fn response(bytes: &[u8], ended: bool) -> Result<Option<Response>, Malformed> {
    let full = bytes.len() >= RESPONSE_MAX;
    let mut rest = bytes.get(..RESPONSE_MAX).unwrap_or(bytes);
    for _ in 0..INTERIM_MAX {
        let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if ended || full { Err(Malformed) } else { Ok(None) };
        };
        let (head, after) = rest.split_at(end);
        let body = after.get(4..).unwrap_or_default();
        let head = Head::parse(head)?;
        if head.status >= 200 {
            let status = head.status;
            return Ok(head.body(body, ended || full)?.map(|body| Response { status, body }));
        }
        rest = body;
    }
    Err(Malformed)
}

/// What a head says that matters here.
struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Head, Malformed> {
        // Fields may hold bytes of other times; those that matter are ASCII.
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let first = lines.next().and_then(|line| line.strip_prefix("HTTP/1."));
        let status = first.and_then(|rest| rest.split(' ').nth(1)).ok_or(Malformed)?;
        let three = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        let status = status.parse().ok().filter(|status| three && *status >= 100);
        let mut head = Head { status: status.ok_or(Malformed)?, length: None, chunked: false };
        for line in lines {
            let (name, value) = line.split_once(':').ok_or(Malformed)?;
            let value = value.trim_matches([' ', '\t']);
            if name.eq_ignore_ascii_case("Content-Length") {
                head.length = Some(value.parse().map_err(|_| Malformed)?);
            } else if name.eq_ignore_ascii_case("Transfer-Encoding") {
                head.chunked = value.eq_ignore_ascii_case("chunked");
                if !head.chunked {
                    return Err(Malformed);
                }
            }
        }
        Ok(head)
    }

    /// The body, if it is whole or no more comes of it (RFC 9112 §6.3).
    fn body(&self, bytes: &[u8], ended: bool) -> Result<Option<Vec<u8>>, Malformed> {
        if self.status == 204 || self.status == 304 {
            return Ok(Some(Vec::new()));
        }
        if self.chunked {
            let (body, whole) = chunks(bytes)?;
            return Ok((whole || ended).then_some(body));
        }
        match self.length {
            Some(length) if bytes.len() >= length => Ok(bytes.get(..length).map(<[u8]>::to_vec)),
            Some(_) | None => Ok(ended.then(|| bytes.to_vec())),
        }
    }
}

/// What chunks hold, as far as they have come, and whether they have come whole (RFC 9112 §7.1).
fn chunks(mut bytes: &[u8]) -> Result<(Vec<u8>, bool), Malformed> {
    let mut body = Vec::new();
    // Each turn takes at least two bytes.
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let (line, rest) = bytes.split_at(end);
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let digits = std::str::from_utf8(size).ok().filter(|_| size.first() != Some(&b'+'));
        let size = digits.and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.ok_or(Malformed)?;
        if size == 0 {
            return Ok((body, true));
        }
        let rest = rest.get(2..).unwrap_or_default();
        let data = rest.get(..size).unwrap_or(rest);
        body.extend_from_slice(data);
        match rest.get(data.len()..).unwrap_or_default() {
            [b'\r', b'\n', rest @ ..] if data.len() == size => bytes = rest,
            [] | [b'\r'] => break,
            _ => return Err(Malformed),
        }
    }
    Ok((body, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_says_whom_to_ask_for_what() {
        let url = Url::parse("http://check.test/ip?a=2001:db8::7&k=%20").unwrap();
        assert_eq!((url.secure, url.host.as_str(), url.port), (false, "check.test", 80));
        let request = url.request();
        assert!(
            request.starts_with("GET /ip?a=2001:db8::7&k=%20 HTTP/1.1\r\nHost: check.test\r\n")
        );
        assert!(request.ends_with("\r\nConnection: close\r\n\r\n"));
        let url = Url::parse("https://[::1]:8443?x").unwrap();
        assert_eq!((url.secure, url.host.as_str(), url.port), (true, "::1", 8443));
        assert!(url.request().starts_with("GET /?x HTTP/1.1\r\nHost: [::1]:8443\r\n"));
        assert_eq!(Url::parse("https://a.test").unwrap().port, 443);
        for text in [
            "a.test/x",
            "ftp://a.test/",
            "http://",
            "http:///x",
            "http://a b/",
            "http://a.test/ x",
            "http://a.test/\r\nX: y",
            "http://user:pass@a.test/",
            "http://a.test:0/",
            "http://a.test:x/",
            "http://[::1/",
            "http://[a.test]/",
            "http://[::1]x/",
            "http://a.test/#x",
            "http://é.test/",
        ] {
            assert_eq!(Url::parse(text), None, "{text}");
        }
    }

    fn whole(bytes: &[u8]) -> Option<(u16, String)> {
        // Nothing is said of less than the whole, and the same of however much comes at once.
        for end in 0..bytes.len() {
            assert_eq!(response(&bytes[..end], false), Ok(None), "{end}");
        }
        let answer = response(bytes, false).unwrap()?;
        Some((answer.status, String::from_utf8(answer.body).unwrap()))
    }

    #[test]
    fn an_answer_ends_where_it_says() {
        let answer = |bytes: &[u8]| whole(bytes).unwrap();
        assert_eq!(answer(b"HTTP/1.1 204 No Content\r\nX: \xFF\r\n\r\n"), (204, String::new()));
        let length = b"HTTP/1.0 200 OK\r\ncontent-length:  2\r\n\r\nno";
        assert_eq!(answer(length), (200, "no".into()));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nlis\r\nB\r\nted\r\nfor it\r\n0\r\n";
        assert_eq!(answer(chunked), (200, "listed\r\nfor it".into()));
        let interim = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(answer(interim), (404, String::new()));
    }

    #[test]
    fn an_answer_without_a_length_ends_with_the_connection() {
        let bytes = b"HTTP/1.1 200 OK\r\n\r\nproxy: yes";
        assert_eq!(whole(bytes), None);
        let answer = response(bytes, true).unwrap().unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"proxy: yes"[..]));
        // As does one that is cut off, or longer than anybody wants to read.
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nproxy";
        assert_eq!(response(cut, true).unwrap().unwrap().body, b"proxy");
        let mut long = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        long.resize(RESPONSE_MAX + 7, b'x');
        assert_eq!(response(&long, false).unwrap().unwrap().body.len(), RESPONSE_MAX - 19);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for bytes in [
            &b"SSH-2.0-x\r\n\r\n"[..],
            b"HTTP/2 200\r\n\r\n",
            b"HTTP/1.1 99 x\r\n\r\n",
            b"HTTP/1.1 +20 x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
        ] {
            assert_eq!(response(bytes, false), Err(Malformed), "{}", bytes.escape_ascii());
        }
        assert_eq!(response(b"HTTP/1.1 200 OK\r\n", true), Err(Malformed));
        assert_eq!(response(&[b'x'; RESPONSE_MAX], false), Err(Malformed));
        let announces = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(INTERIM_MAX);
        assert_eq!(response(&announces, false), Err(Malformed));
    }
}
