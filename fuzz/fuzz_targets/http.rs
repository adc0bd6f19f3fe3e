//! An answer is found in whatever pieces it comes, and no more of it is kept than is read; a web address
//! makes a request of one line and fields.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::wire::http::{self, RESPONSE_MAX, Url};

fuzz_target!(|bytes: &[u8]| {
    if let Some(url) = std::str::from_utf8(bytes).ok().and_then(Url::parse) {
        let request = url.request();
        assert!(request.lines().count() == 6 && request.is_ascii());
        assert!(url.port > 0 && !url.host.is_empty());
    }
    let ended = http::response(bytes, true);
    if let Ok(Some(response)) = &ended {
        assert!(response.body.len() <= bytes.len().min(RESPONSE_MAX));
        assert!((200..1000).contains(&response.status));
    }
    assert!(!matches!(ended, Ok(None)), "an end leaves nothing open");
    // What has been found out does not change with what comes after.
    let first = (0..=bytes.len()).find_map(|end| match http::response(&bytes[..end], false) {
        Ok(None) => None,
        found => Some(found),
    });
    if let Some(found) = first {
        assert_eq!(http::response(bytes, false), found);
        assert_eq!(ended, found);
    }
});
