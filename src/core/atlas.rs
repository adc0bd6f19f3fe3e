//! Where addresses belong, as far as databases say so. It is looked up when it is asked for, so that nobody
//! has to carry it along.

use crate::{
    job::Atlas,
    wire::extban::{Ban, Fits},
};
use std::net::IpAddr;

/// A network.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asn<'a> {
    /// Its number.
    pub number: u32,
    /// Whose it is; empty if that is not known.
    pub name: &'a str,
}

/// The code of the country to which an address belongs.
pub fn country(atlas: &Atlas, address: Option<IpAddr>) -> Option<&str> {
    let record = atlas.country.as_ref()?.find(address?)?;
    // Of those who are elsewhere for a while, where they are at home is known.
    let paths: [&[&str]; 3] =
        [&["country", "iso_code"], &["registered_country", "iso_code"], &["country_code"]];
    paths.into_iter().find_map(|path| record.text(path))
}

/// The network to which an address belongs.
pub fn asn(atlas: &Atlas, address: Option<IpAddr>) -> Option<Asn<'_>> {
    let record = atlas.asn.as_ref()?.find(address?)?;
    let number = record.number(&["autonomous_system_number"]);
    // Some write AS64500.
    let text = || record.text(&["asn"])?.trim_start_matches("AS").parse().ok();
    let number = number.and_then(|number| u32::try_from(number).ok()).or_else(text)?;
    let name =
        record.text(&["autonomous_system_organization"]).or_else(|| record.text(&["as_name"]));
    Some(Asn { number, name: name.unwrap_or_default() })
}

/// Where an address belongs, for people.
pub fn shown(atlas: &Atlas, address: Option<IpAddr>) -> Option<String> {
    let country = country(atlas, address).map(|code| format!("country {code}"));
    let network = asn(atlas, address).map(|asn| format!("AS{} {}", asn.number, asn.name));
    let parts: Vec<String> = country.into_iter().chain(network).collect();
    // What is in a file is not to begin another line.
    let text = parts.join(", ").replace(char::is_control, "?");
    (!text.is_empty()).then_some(text)
}

/// What has to be known for a ban, and is not.
pub fn unknown(atlas: &Atlas, ban: &Ban) -> Option<&'static str> {
    match ban.fits {
        Fits::Country(_) if atlas.country.is_none() => Some("countries"),
        Fits::Asn(_) if atlas.asn.is_none() => Some("networks"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sim::{
            mmdb::{country as country_record, database, map, text},
            script::check,
        },
        wire::mmdb::Database,
    };
    use std::sync::Arc;

    #[test]
    fn bans_by_country_and_network_fit_who_comes_from_there() {
        check(
            r"
            config geo.country country.mmdb
            config geo.asn asn.mmdb
            config oper root sesame
            raw alice
            alice > NICK alice
            alice > USER alice 0 * :Alice
            alice <~ :s1.test 005 alice EXTBAN=,ABCGJNOQRSTUabcdjmnorstuwxz *
            alice > OPER root sesame
            bob   > PING x
            alice > WHOIS bob
            alice < :s1.test 320 alice bob :is connecting from country SE, AS64501 Other Net
            bob   > WHOIS bob
            bob   < :s1.test 318 bob bob :End of /WHOIS list
            bob   <! country
            carol > JOIN #a
            carol > MODE #a +b country:de
            alice > JOIN #a
            alice < :s1.test 474 alice #a :Cannot join channel (+b)
            bob   > JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            bob   > PART #a
            carol > MODE #a -b+b country:DE asn:AS64501
            carol < :carol!~carol@carol.test MODE #a -b+b country:de asn:AS64501
            bob   > JOIN #a
            bob   < :s1.test 474 bob #a :Cannot join channel (+b)
            alice > JOIN #a
            alice < :alice!~alice@alice.test JOIN #a
            carol > MODE #a +b asn:here
            carol < :s1.test 696 carol #a b asn:here :A network is named by its number, as asn:64500
            ",
        );
    }

    #[test]
    fn without_a_database_there_are_no_such_bans() {
        check(
            r"
            config geo.asn asn.mmdb
            alice > JOIN #a
            alice > MODE #a +b country:DE
            alice < :s1.test 696 alice #a b country:DE :This server has no database of countries ([geo] in its configuration)
            alice > MODE #a +b asn:64500
            alice < :alice!~alice@alice.test MODE #a +b asn:64500
            ",
        );
    }

    #[test]
    fn databases_of_other_makers_are_read_too() {
        let of = |record: Vec<u8>| {
            Some(Arc::new(Database::new(database(24, &[("192.0.2.0/24", record)])).unwrap()))
        };
        let flat = map(&[
            ("as_name", text("Some\rNet")),
            ("asn", text("AS64500")),
            ("country_code", text("DE")),
        ]);
        let atlas = Atlas { country: of(flat.clone()), asn: of(flat) };
        let address = Some([192, 0, 2, 1].into());
        assert_eq!(shown(&atlas, address).unwrap(), "country DE, AS64500 Some?Net");
        let abroad = map(&[("registered_country", map(&[("iso_code", text("SE"))]))]);
        let atlas = Atlas { country: of(abroad), asn: of(country_record("SE")) };
        assert_eq!(shown(&atlas, address).unwrap(), "country SE");
        assert_eq!(shown(&atlas, Some([192, 0, 3, 1].into())), None);
        assert_eq!(shown(&Atlas::default(), address), None);
    }
}
