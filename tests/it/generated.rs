//! Files that are made from the tables are what the tables say.

use std::fs;

#[test]
fn the_example_configuration_is_fresh() {
    let (path, wanted) = ("etc/slircd.toml", slircd::config::schema::example());
    if fs::read_to_string(path).ok().as_deref() != Some(wanted.as_str()) {
        fs::create_dir_all("etc").unwrap();
        fs::write(path, wanted).unwrap();
        panic!("{path} was stale and has been written anew; commit it");
    }
}

#[test]
fn the_oldest_crates_are_those_with_which_the_ranges_begin() {
    let read = |path| fs::read_to_string(path).unwrap().parse::<toml::Table>().unwrap();
    let (manifest, lock) = (read("Cargo.toml"), read("packaging/trixie.lock"));
    let unix = &manifest["target"]["cfg(unix)"]["dependencies"];
    for (name, wanted) in
        [&manifest["dependencies"], unix].iter().flat_map(|table| table.as_table().unwrap())
    {
        let version = wanted.get("version").unwrap_or(wanted).as_str().unwrap();
        let first = version.trim_start_matches(">=").split(',').next().unwrap();
        let held = lock["package"].as_array().unwrap().iter().any(|package| {
            let version = package["version"].as_str().unwrap();
            let rest = version.strip_prefix(first);
            package["name"].as_str() == Some(name)
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        assert!(held, "packaging/trixie.lock: run `.ci/ranges update {name} {first}`");
    }
}
