//! The program is killed again and again while accounts are changed: what was reported as done is there
//! in the next life, and the database is whole. `SLIRCD_KILLS=n` does it so many times.

use super::process::{FILES, PLAIN, Process};
use crate::client::Client;
use slircd::{
    registry::Record,
    store::{Find, Query, Rows, Store, backup, sqlite},
};
use std::{collections::BTreeMap, path::Path};

/// How often it is killed.
const KILLS: u64 = 8;

/// How many clients change their accounts at once.
const CLIENTS: usize = 3;

/// How many certificates each has to add and to remove.
const CERTS: usize = 16;

/// How many changes each client asks for in a life.
const ASKED: usize = 200;

const LIMITS: &str = "[limits]\nflood_burst = 1000000\nregister_burst = 1000\nlogin_burst = 1000\n";

/// What is known of an account: whether it has a certificate, as it was reported last, and nothing of those
/// for which there was no report.
type Known = BTreeMap<String, Option<bool>>;

#[test]
fn nothing_that_was_reported_as_done_is_lost_when_it_is_killed() {
    let kills = std::env::var("SLIRCD_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let mut process = Process::start(&format!("{PLAIN}{LIMITS}"), FILES);
    let mut known = vec![Known::new(); CLIENTS];
    for client in 0..CLIENTS {
        let mut owner = process.user(&format!("owner{client}"));
        owner.send("NS REGISTER open-sesame");
        owner.expect("now registered");
    }
    for life in 0..kills {
        // Whoever is killed at another moment each time is killed at any.
        let reports = 1 + (life * 37 % 101) as usize;
        let (newcomer, registered) = work(&process, life, reports, &mut known);
        process.kill();
        let data = process.folder.join("data");
        backup::verify(&data).unwrap_or_else(|trouble| panic!("after {life} kills: {trouble}"));
        look(&data, &known, registered.then_some(newcomer));
        process.again();
    }
}

/// Clients ask for changes until there have been so many reports. Who registers meanwhile, and whether that
/// was reported.
fn work(process: &Process, life: u64, reports: usize, known: &mut [Known]) -> (String, bool) {
    let name = format!("new{life}");
    let mut newcomer = process.user(&name);
    let mut owners: Vec<Client> = (0..CLIENTS)
        .map(|client| {
            let mut owner = process.user(&format!("now{client}"));
            owner.send(&format!("NS IDENTIFY owner{client} open-sesame"));
            owner.expect(" 900 ");
            owner.barrier();
            owner
        })
        .collect();
    let mut asked: Vec<Vec<(String, bool)>> = vec![Vec::new(); CLIENTS];
    for (client, owner) in owners.iter_mut().enumerate() {
        for number in 0..ASKED {
            let add = number / CERTS % 2 == 0;
            let verb = if add { "ADD" } else { "DEL" };
            let fingerprint = format!("{client:02x}{:062x}", number % CERTS);
            owner.send(&format!("NS CERT {verb} {fingerprint}"));
            asked[client].push((fingerprint, add));
        }
    }
    newcomer.send("REGISTER * * open-sesame");
    let mut done = [0; CLIENTS];
    for report in 0..reports {
        let client = report % CLIENTS;
        owners[client].expect("list of your certificates is changed");
        done[client] += 1;
    }
    let registered = life % 2 == 0;
    if registered {
        newcomer.expect("REGISTER SUCCESS");
    }
    for (client, asked) in asked.into_iter().enumerate() {
        for (place, (fingerprint, add)) in asked.into_iter().enumerate() {
            let reported = (place < done[client]).then_some(add);
            known[client].insert(fingerprint, reported);
        }
    }
    (name, registered)
}

/// That the store of a dead server has what was reported.
fn look(data: &Path, known: &[Known], registered: Option<String>) {
    let mut store = sqlite::open(data).unwrap();
    let mut account = |name: &str| -> Option<Box<Record>> {
        match store.ask(&Query::Find(Find::Claim(format!("nick:{name}").into()))) {
            Ok(Rows::Record(record)) => record,
            other => panic!("{other:?}"),
        }
    };
    for (client, known) in known.iter().enumerate() {
        let record = account(&format!("owner{client}")).unwrap();
        for (fingerprint, reported) in known {
            let has = record.get(&format!("cert:{fingerprint}")).is_some();
            assert!(reported.is_none_or(|reported| reported == has), "{fingerprint}: {has}");
        }
    }
    if let Some(name) = registered {
        assert!(account(&name).is_some(), "{name} is lost");
    }
}
