//! Whatever stands in a database, a look-up ends, with something that stands in it or with nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::{
    sim::mmdb::{country, database, network},
    wire::mmdb::Database,
};

fuzz_target!(|bytes: &[u8]| {
    look(bytes.to_vec());
    // Most of what is made up is no database at all, so that it is also tried as the record of a good one.
    for bits in [24, 28, 32] {
        let ranges = [
            ("192.0.0.0/8", country("DE")),
            ("192.0.2.0/24", bytes.to_vec()),
            ("2001:db8::/32", network(1, "one")),
        ];
        look(database(bits, &ranges));
    }
});

fn look(file: Vec<u8>) {
    let length = file.len();
    let Ok(database) = Database::new(file) else { return };
    for address in ["192.0.2.1", "192.0.3.1", "2001:db8::1", "::", "255.255.255.255"] {
        let Some(record) = database.find(address.parse().expect("an address")) else { continue };
        for path in [&["country", "iso_code"][..], &["autonomous_system_number"], &[]] {
            assert!(record.text(path).is_none_or(|text| text.len() <= length));
            record.number(path);
        }
    }
}
