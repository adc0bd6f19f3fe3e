//! A header is found where it ends, by no fewer bytes, and stays refused once it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::wire::proxy::{self, HEADER_MAX};

fuzz_target!(|bytes: &[u8]| {
    let whole = proxy::parse(bytes);
    match &whole {
        Ok(Some((len, header))) => {
            let len = *len;
            assert!(len <= bytes.len() && len <= HEADER_MAX);
            if let Some(source) = header.source {
                assert_eq!(source, source.to_canonical());
                proxy::circuit(source);
            }
            assert_eq!(proxy::parse(&bytes[..len]), whole);
            for end in 0..len {
                assert_eq!(proxy::parse(&bytes[..end]), Ok(None), "{end} of {len}");
            }
        }
        Ok(None) => assert!(bytes.len() < HEADER_MAX),
        Err(_) => {
            let refused = (0..=bytes.len()).find(|end| proxy::parse(&bytes[..*end]).is_err());
            let first = refused.expect("the whole is refused");
            let after = proxy::parse(&bytes[..first]);
            assert_eq!(after, whole, "another reason after {first}");
        }
    }
});
