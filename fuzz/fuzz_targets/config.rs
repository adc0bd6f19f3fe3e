//! A configuration is read, or every mistake has its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::config::{self, Reading, Source};
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source { name: "a.toml".into(), text: text.into() };
    let lines = text.matches('\n').count() + 1;
    config::includes(&source);
    let mut file = |_: &Path| Ok("from a file".to_owned());
    let (mut config, errors) = config::parse(&[source], Reading::new(&mut file, false));
    for error in errors {
        assert!(error.line <= lines, "line {} of {lines}", error.line);
        assert!(!error.to_string().is_empty());
    }
    let same = config.clone();
    assert!(config.keep(&same).is_empty(), "it needs a restart to stay as it is");
});
