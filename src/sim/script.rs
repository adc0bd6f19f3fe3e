//! The transcript language, in which what clients see is tested, and faults are told.
//!
//! A line is one of these; what a script does not mention may come before what it does:
//!
//! | line | means |
//! | --- | --- |
//! | `alice > JOIN #a` | alice sends this; she connects when first named, `alice@2` to server 2 |
//! | `alice,bob > JOIN #a` | both send this at once; they are connected already |
//! | `alice < :bob!~bob@bob.test JOIN #a` | alice has got this line, after those asked for before |
//! | `alice <~ * JOIN #*` | the same with a pattern |
//! | `alice <! JOIN` | no line with this text has come since the last one asked for |
//! | `raw a` | a connects and says nothing |
//! | `drop a` | a's connection ends without a word |
//! | `secure a` | a connects by TLS, with a certificate whose fingerprint is `ab12` |
//! | `servers 3`, `strangers 3` | how many servers there are, linked each with each, or not yet; stands first |
//! | `links 1-2 2-3` | only these links can be made; stands before all but `servers` |
//! | `config dnsbl bl.test refuse` | a blocklist, which knows those whose names begin with `bad`; `slow.test` takes its time, `dead.test` never replies, `page` is asked by HTTP |
//! | `config limits.list_entries 2` | what is configured; stands before all but `servers` |
//! | `account Bob password=x cert:ab12=y` | all stores have this account, with these fields; stands where `config` does |
//! | `hand 1 Bob password=x` | somebody writes this to Bob's account at the command line of server 1, which may run or not, or ends it if there is nothing to write |
//! | `config class name="a" hosts="10.0.0.2"` | the same with a table of a list, as TOML writes it without spaces |
//! | `logs 2` | from now on links keep so many operations: whoever has missed more is told the state |
//! | `config mail irc@test.example` | mail is sent, from this address; `later@…` is refused at first, `nobody@…` for good |
//! | `mail a@b.example *VERIFY a $code*` | a mail has come to a@b.example, after those asked for before, that fits; what stands for `$code` in it is `$code` in what follows |
//! | `nomail a@b.example` | none has come since |
//! | `wait 60` | so many seconds pass |
//! | `split 1 2 \| 3` | the two sides do not reach each other |
//! | `cut 1-2` | one link is cut |
//! | `stall 1 2` | nothing gets from server 1 to server 2, and nobody notices |
//! | `calm` | stalls are over |
//! | `heal` | every link is made that can be |
//! | `crash 2`, `stop 2`, `start 2` | a server ends without or with a word, or begins another life |
//! | `disk 2 full` | a server's disk fails from now on: `full`, `readonly`, `locked`, `broken`, `page` (what is found by name is damaged), `slow`; or is `well` |
//! | `clock 2 -5` | a server's clock is wrong by so many seconds |
//! | `same` | all servers agree |
//!
//! `$id` in a line is the message id of the last message (PRIVMSG, NOTICE, TAGMSG, BATCH) that was read
//! and had one; `$record` is the last id of an account or registered channel in a line that was asked for.
//!
//! In the end every client must believe what its server knows: on the side, and without any of that being
//! seen, it asks for modes, lists and users of the channels it enters, as clients do.

use super::{Sim, client::Manners, disk::Disk, dnsbl, fabric::Pair, oper, oracle, webirc};
use crate::{
    config::{
        self, Config, Limits, Listen, Mistake, OperClass, Reading, Secret, Source, dnsbl::Action,
        privilege::Priv,
    },
    link,
    registry::{Edit, Kind, RecordId, What},
    store::Draft,
    time::{Sid, Stamp},
    wire::{casemap::Casemap, mask, sasl::Mechanism, tags::Tags},
};
use std::{collections::BTreeMap, io, path::Path, time::Duration};

/// Plays a transcript.
#[track_caller]
pub fn check(script: &str) {
    let mut play = Play {
        servers: 1,
        links: None,
        config: super::config(),
        accounts: Vec::new(),
        sim: None,
        clients: BTreeMap::new(),
        id: String::new(),
        record: String::new(),
        code: String::new(),
        read: BTreeMap::new(),
    };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        play.line(line);
    }
    if let Some(sim) = &mut play.sim {
        sim.settle();
        oracle::nobody_is_misled(sim);
    }
}

/// A script's client asks something of a server with so many users in one channel.
pub fn crowd(members: usize, ask: impl FnOnce(&mut Crowd)) {
    let mut sim = Sim::new(1, &super::config());
    for member in 0..members {
        let client = sim.connect(0, &format!("u{member}"));
        sim.send(client, "JOIN #crowd");
    }
    sim.settle();
    ask(&mut Crowd { sim });
}

/// A server with many users.
#[derive(Debug)]
pub struct Crowd {
    sim: Sim,
}

impl Crowd {
    /// Sends `first` and then `line` for a client, and returns what came of `line`.
    pub fn ask(&mut self, name: &str, line: &str, first: &str) -> Vec<String> {
        let Some(client) = self.sim.clients.iter().position(|client| client.name == name) else {
            panic!("nobody is {name}")
        };
        self.sim.send(client, first);
        self.sim.settle();
        if let Some(client) = self.sim.clients.get_mut(client) {
            client.got.clear();
        }
        self.sim.send(client, line);
        self.sim.settle();
        self.sim
            .clients
            .get(client)
            .map(|client| client.got.iter().cloned().collect())
            .unwrap_or_default()
    }
}

/// What has an id that can be named.
const SAYS: [&str; 4] = [" PRIVMSG ", " NOTICE ", " TAGMSG ", " BATCH "];

/// A network of clients who ask for what they have to know, and in which all that must hold is looked at.
fn watched(mut sim: Sim, config: &Config) -> Sim {
    // Questions cost credit at the flood gate, which a transcript about it counts.
    let asks = config.limits.flood_burst >= 1000;
    sim.manners = Manners { pongs: false, asks, hides: true };
    sim.watched = true;
    sim
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs(text.parse().unwrap_or(0))
}

/// Sets a number or a number of seconds of `[limits]`, in whatever range.
fn limit(limits: &mut Limits, key: &str, value: &str) {
    macro_rules! set {
        ($($number:ident)* ; $($span:ident)*) => {
            match key.trim_start_matches("limits.") {
                $(stringify!($number) => limits.$number = value.parse().unwrap_or_default(),)*
                $(stringify!($span) => limits.$span = seconds(value),)*
                _ => panic!("cannot configure {key}"),
            }
        };
    }
    set!(
        clients clients_per_address clients_per_network network_v4 network_v6 connect_burst
        flood_burst login_burst account_login_burst register_burst nick user realname channel
        topic kick away key channels_per_user channels_per_account
        list_entries server_bans modes targets accept silence monitor metadata_keys metadata_subs
        metadata_value metadata_burst dnsbl_marks multiline_lines multiline_bytes redact_messages
        reports whowas;
        connect_interval flood_interval login_interval account_login_interval metadata_interval
        ping_interval ping_timeout rename_interval
        registration_timeout redact_window split_grace split_forget
    );
}

/// A server's place, as scripts number them.
fn place(text: &str) -> usize {
    text.trim().parse::<usize>().map_or(0, |number| number.saturating_sub(1))
}

/// `1-2 2-3`
fn pairs(text: &str) -> Vec<Pair> {
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('-'));
    pairs.map(|(a, b)| (place(a), place(b))).collect()
}

/// The last id of a record in a line, in whatever case, be it behind a name.
fn record_in(line: &str) -> Option<String> {
    line.split_whitespace().rev().find_map(|word| {
        let (rest, server) = word.rsplit_once('-')?;
        let tick = rest.rsplit('-').next()?;
        RecordId::parse(&format!("{tick}-{}", server.to_ascii_uppercase()))?;
        Some(format!("{tick}-{server}"))
    })
}

struct Play {
    servers: usize,
    links: Option<Vec<Pair>>,
    config: Config,
    /// What is in all stores from the beginning.
    accounts: Vec<Edit>,
    sim: Option<Sim>,
    clients: BTreeMap<String, usize>,
    /// The message id of the last message that was read and had one.
    id: String,
    /// The last id of a record that was read.
    record: String,
    /// The code of the last mail that was read and had one.
    code: String,
    /// How many mails to each address have been read.
    read: BTreeMap<String, usize>,
}

impl Play {
    fn sim(&mut self) -> &mut Sim {
        self.sim.get_or_insert_with(|| {
            let mut sim = match self.links.take() {
                Some(links) => Sim::with_links(self.servers, &self.config, links, 1),
                None => Sim::strangers(self.servers, &self.config),
            };
            for host in &mut sim.hosts {
                host.learn(&self.accounts);
            }
            sim.heal();
            watched(sim, &self.config)
        })
    }

    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "servers" => self.servers = rest.parse().unwrap_or(1),
            "strangers" => {
                let sim = Sim::strangers(rest.parse().unwrap_or(1), &self.config);
                self.sim = Some(watched(sim, &self.config));
            }
            "config" => self.set(rest),
            "account" => self.account(rest),
            "hand" => self.hand(rest),
            "raw" => {
                let client = self.sim().open(0, rest);
                self.sim().settle();
                self.clients.extend(client.map(|client| (rest.into(), client)));
            }
            "secure" => {
                let client = self.sim().connect_secure(0, rest);
                self.sim().settle();
                self.clients.insert(rest.into(), client);
            }
            "drop" => {
                if let Some(client) = self.clients.get(rest).copied() {
                    self.sim().hang_up(client);
                    self.sim().settle();
                }
            }
            "logs" => {
                let log = rest.parse().unwrap_or(1);
                let hosts = self.sim().hosts.iter_mut();
                hosts.for_each(|host| host.limit_links(link::Limits { log, held: log + 4 }));
            }
            "mail" | "nomail" => self.mail(word == "mail", rest),
            "wait" => self.sim().wait(seconds(rest)),
            "split" => {
                let left = rest.split_once('|').map_or(rest, |sides| sides.0);
                let side: Vec<usize> = left.split_whitespace().map(place).collect();
                self.sim().settle();
                self.sim().split(&side);
            }
            "stall" => {
                let (from, to) = rest.split_once(' ').unwrap_or((rest, ""));
                self.sim().fabric.stall(place(from), place(to), true);
            }
            "calm" => {
                self.sim().fabric.calm();
                self.sim().settle();
            }
            "links" => self.links = Some(pairs(rest)),
            "cut" => self.sim().cut(&pairs(rest)),
            "heal" => self.sim().heal(),
            "crash" => {
                self.sim().crash(place(rest), Duration::ZERO);
                self.sim().settle();
            }
            "stop" => self.sim().stop(place(rest)),
            "start" => self.sim().restart(place(rest)),
            "disk" | "clock" => self.machine(word, rest),
            "same" => {
                self.sim().settle();
                oracle::all_agree(self.sim());
            }
            _ => self.speech(line),
        }
    }

    /// The next mail to an address that has not been read yet, in one line.
    fn next_mail(&mut self, address: &str) -> Option<String> {
        self.sim().settle();
        let read = self.read.entry(address.into()).or_default();
        let hosts = self.sim.iter().flat_map(|sim| &sim.hosts);
        let mails = hosts.flat_map(|host| &host.mails).filter(|mail| mail.0 == address);
        let mail = mails.map(|mail| mail.1.replace("\r\n", " ")).nth(*read)?;
        *read += 1;
        Some(mail)
    }

    /// A mail has come, or none.
    fn mail(&mut self, wanted: bool, text: &str) {
        let (address, pattern) = text.split_once(' ').unwrap_or((text, "*"));
        let mail = self.next_mail(address);
        assert_eq!(mail.is_some(), wanted, "mail {text}\n  but this came: {mail:?}");
        let Some(mail) = mail else { return };
        let (before, after) = pattern.split_once("$code").unwrap_or((pattern, ""));
        if pattern.contains("$code") {
            let before = before.rsplit('*').next().unwrap_or_default();
            let rest = mail.split_once(before).map_or("", |parts| parts.1);
            self.code = rest.split(' ').next().unwrap_or_default().to_owned();
        }
        let pattern = [before, after].join(if after.is_empty() { "" } else { &self.code });
        let fits = mask::matches(&pattern, &mail, Casemap::Ascii);
        assert!(fits, "mail {text}\n  but it says: {mail}");
    }

    /// Something is other than it should be on a server's machine.
    fn machine(&mut self, word: &str, rest: &str) {
        let (server, how) = rest.split_once(' ').unwrap_or((rest, ""));
        let Some(host) = self.sim().hosts.get_mut(place(server)) else { return };
        if word == "clock" {
            host.skew = how.parse::<i64>().unwrap_or(0) * 1000;
            return;
        }
        let disk = Disk::ALL.into_iter().find(|(name, _)| *name == how);
        let Some((_, disk)) = disk else { panic!("no disk is {how:?}") };
        host.disk = disk;
    }

    fn account(&mut self, text: &str) {
        let mut words = text.split(' ');
        let name = words.next().unwrap_or_default();
        let mut fields = vec![
            ("name".into(), Some(name.into())),
            (format!("nick:{}", name.to_ascii_lowercase()).into(), Some(name.into())),
        ];
        let others = words.filter_map(|word| word.split_once('='));
        fields.extend(others.map(|(key, value)| (key.into(), Some(value.into()))));
        let at = Stamp { tick: 1 + self.accounts.len() as u64, server: Sid::FIRST };
        let (id, what, by) = (RecordId(at), What::Write(fields), "script".into());
        self.accounts.push(Edit { id, kind: Kind::Account, at, by, what });
    }

    fn hand(&mut self, text: &str) {
        let mut words = text.split(' ');
        let server = place(words.next().unwrap_or_default());
        let name = words.next().unwrap_or_default();
        let fields: Vec<_> = words
            .filter_map(|word| word.split_once('='))
            .map(|(key, value)| (key.into(), Some(value.into())))
            .collect();
        let known = self.accounts.iter().find(|edit| match &edit.what {
            What::Write(fields) => fields.iter().any(|(_, value)| value.as_deref() == Some(name)),
            What::End => false,
        });
        let Some(id) = known.map(|edit| edit.id) else { panic!("no account {name}") };
        let what = if fields.is_empty() { What::End } else { What::Write(fields) };
        let draft = Draft { id: Some(id), kind: Kind::Account, by: "script".into(), what };
        let at = self.sim().at();
        self.sim().hosts.get_mut(server).into_iter().for_each(|host| host.hand(draft.clone(), at));
    }

    fn set(&mut self, text: &str) {
        let (key, value) = text.split_once(' ').unwrap_or((text, ""));
        let number = || value.parse().unwrap_or(0);
        match key {
            "server.motd" => self.config.server.motd = Some(value.into()),
            "server.user_modes" => self.config.server.user_modes = value.into(),
            "server.icon" => self.config.server.icon = Some(value.into()),
            "relaymsg.enabled" => self.config.relaymsg.enabled = value == "true",
            "relaymsg.operators" => self.config.relaymsg.operators = value == "true",
            "roleplay.enabled" => self.config.roleplay.enabled = value == "true",
            "roleplay.operators_only" => self.config.roleplay.operators_only = value == "true",
            "roleplay.suffix" => self.config.roleplay.suffix = value == "true",
            "server.rules" => self.config.server.rules = Some(value.into()),
            "server.admin_name" => self.config.server.admin_name = Some(value.into()),
            "server.admin_email" => self.config.server.admin_email = Some(value.into()),
            "server.password" => self.config.server.password = Some(Secret::new(value)),
            "webirc" => {
                let words: Vec<&str> = value.split(' ').collect();
                let [name, password, host] = words[..] else { panic!("webirc NAME PASSWORD HOST") };
                self.config.webirc.push(webirc(name, password, host));
            }
            "sts.port" => {
                self.config.sts.enabled = true;
                self.config.sts.port = number() as u16;
            }
            "listen.sts_only" => {
                self.config.listen.push(Listen { sts_only: true, ..Listen::default() });
            }
            "server.casemapping" => {
                self.config.server.casemapping = match value {
                    "precis" => Casemap::Precis,
                    _ => Casemap::Rfc1459,
                }
            }
            "cloak.enabled" => self.config.cloak.enabled = value == "true",
            "oper.masks" => {
                let last = self.config.oper.last_mut().into_iter();
                last.for_each(|oper| oper.masks.push(value.into()));
            }
            "class" | "listen" => self.add(key, value),
            _ => self.set_words(key, value),
        }
    }

    /// Adds a table to a list, as the parser reads it.
    fn add(&mut self, key: &str, value: &str) {
        let text = format!("[[{key}]]\n{}", value.replace(' ', "\n"));
        let source = Source { name: key.into(), text };
        let mut file = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let (config, errors) = config::parse(&[source], Reading::new(&mut file, true));
        // Here the hash of a password is the password, and what is named stands on another line.
        let passes =
            |mistake: &Mistake| matches!(mistake, Mistake::NoHash | Mistake::UnknownOf(..));
        assert!(errors.iter().all(|error| passes(&error.mistake)), "{errors:?}");
        self.config.class.extend(config.class);
        self.config.listen.extend(config.listen);
    }

    /// Who may do what, and what holds of words.
    fn set_words(&mut self, key: &str, value: &str) {
        match key {
            "accounts.sasl" => {
                self.config.accounts.sasl = value.split(' ').filter_map(Mechanism::named).collect();
            }
            "accounts.custom_names" => self.config.accounts.custom_names = value == "true",
            "accounts.email_required" => self.config.accounts.email_required = value == "true",
            "accounts.registration" => self.config.accounts.registration = value == "true",
            "accounts.registration_before_connect" => {
                self.config.accounts.registration_before_connect = value == "true";
            }
            "channels.expire" => self.config.channels.expire = seconds(value),
            "channels.registration" => self.config.channels.registration = value == "true",
            "accounts.reserved" => self.config.accounts.reserved.push(value.into()),
            "accounts.expire" => self.config.accounts.expire = seconds(value),
            "accounts.nick_grace" => self.config.accounts.nick_grace = seconds(value),
            "oper" => {
                let mut words = value.split(' ');
                let mut next = || words.next().unwrap_or_default();
                let mut oper = oper(next(), next());
                words.next().into_iter().for_each(|class| oper.class = class.into());
                self.config.oper.push(oper);
            }
            "oper_class" => {
                let (name, rest) = value.split_once(' ').unwrap_or((value, ""));
                let privileges = rest.split(' ').filter_map(Priv::named).collect();
                self.config.oper_class.push(OperClass {
                    name: name.into(),
                    extends: None,
                    privileges,
                });
            }
            "server.services" => self.config.server.services = Some(value.into()),
            "server.welcome" => self.config.server.welcome.push(value.into()),
            "vhosts.requests" => self.config.vhosts.requests = value == "true",
            "vhosts.interval" => self.config.vhosts.interval = seconds(value),
            "accounts.memos" => self.config.accounts.memos = value.parse().unwrap_or(0),
            "accounts.nicks" => self.config.accounts.nicks = value.parse().unwrap_or(0),
            "server.redact_own" => self.config.server.redact_own = value == "true",
            "server.redact_others" => self.config.server.redact_others = value == "true",
            "server.client_tags_denied" => {
                self.config.server.client_tags_denied = value.split(' ').map(Into::into).collect();
            }
            "reputation.enabled" => self.config.reputation.enabled = value == "true",
            "reputation.trusted" => self.config.reputation.trusted = value.parse().unwrap_or(0),
            "geo.country" => self.config.geo.country = Some(value.into()),
            "geo.asn" => self.config.geo.asn = Some(value.into()),
            "dnsbl" => {
                let (zone, action) = value.split_once(' ').unwrap_or((value, ""));
                let Some(action) = Action::parse(action) else { panic!("dnsbl ZONE ACTION") };
                self.config.dnsbl.push(dnsbl(zone, action));
            }
            _ => self.set_mail(key, value),
        }
    }

    /// How mail is sent, and how long what depends on it waits.
    fn set_mail(&mut self, key: &str, value: &str) {
        let Config { mail, accounts, limits, .. } = &mut self.config;
        let number = value.parse().unwrap_or(0);
        match key {
            "mail" => {
                mail.server = Some("mail.test".into());
                mail.from = Some(value.into());
            }
            "mail.hourly" => mail.hourly = number,
            "mail.hourly_address" => mail.hourly_address = number,
            "mail.queue" => mail.queue = number as usize,
            "accounts.unverified" => accounts.unverified = number as usize,
            "accounts.verify_timeout" => accounts.verify_timeout = seconds(value),
            "accounts.reset_timeout" => accounts.reset_timeout = seconds(value),
            _ => limit(limits, key, value),
        }
    }

    fn speech(&mut self, line: &str) {
        let Some(place) = line.find(['<', '>']) else { panic!("cannot read: {line}") };
        let (who, rest) = line.split_at(place);
        let rest = rest.replace("$id", &self.id).replace("$record", &self.record);
        let rest = rest.replace("$code", &self.code);
        if let Some((one, other)) = who.trim().split_once(',') {
            let text = rest.trim_start_matches('>').trim();
            let both = [one, other].map(|name| self.clients.get(name).copied());
            both.into_iter().flatten().for_each(|client| self.sim().send(client, text));
            return self.sim().settle();
        }
        let (name, server) = who.trim().split_once('@').unwrap_or((who.trim(), "1"));
        let client = match self.clients.get(name) {
            Some(client) => *client,
            None => {
                let client = self.sim().connect(server.parse::<usize>().unwrap_or(1) - 1, name);
                self.sim().settle();
                self.clients.insert(name.into(), client);
                client
            }
        };
        let sim = self.sim();
        if let Some(text) = rest.strip_prefix('>') {
            sim.send(client, text.trim());
            return sim.settle();
        }
        sim.settle();
        let Some(known) = sim.clients.get_mut(client) else { return };
        if let Some(text) = rest.strip_prefix("<!") {
            let came =
                known.got.iter().find(|got| got.contains(text.trim()) && !got.contains(" 005 "));
            assert!(came.is_none(), "{line}\n  but it came: {came:?}");
            return;
        }
        let pattern = rest.strip_prefix("<~").map(str::trim);
        let want = pattern.unwrap_or_else(|| rest.get(1..).unwrap_or_default().trim());
        let mut seen = Vec::new();
        while let Some(got) = known.got.pop_front() {
            let fits = got.trim_end() == want
                || pattern.is_some_and(|pattern| mask::matches(pattern, &got, Casemap::Ascii));
            if fits {
                let tags = got.strip_prefix('@').and_then(|got| got.split(' ').next());
                let id = tags.and_then(|tags| Tags::new(tags).get("msgid"));
                if let Some(id) = id.filter(|_| SAYS.iter().any(|verb| got.contains(verb))) {
                    self.id = id.into_owned();
                }
                record_in(&got).into_iter().for_each(|id| self.record = id);
                return;
            }
            seen.push(got);
        }
        panic!("{line}\n  never came; came:\n    {}", seen.join("\n    "));
    }
}
