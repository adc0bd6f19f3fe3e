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
