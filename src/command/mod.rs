//! The client protocol, one command to a file. To add one: write the file, name it twice here.

mod accept;
mod admin;
mod ambiance;
mod authenticate;
mod away;
mod batch;
mod cap;
mod chghost;
mod chgident;
mod chgname;
mod cs;
mod cycle;
mod defcon;
mod die;
mod dline;
mod error;
mod filter;
mod gline;
mod globops;
mod help;
mod helpop;
mod hs;
mod info;
mod invite;
mod ison;
mod isupport;
mod join;
mod kick;
mod kill;
mod kline;
mod knock;
mod links;
mod list;
mod lusers;
mod map;
mod message;
mod metadata;
mod mode;
mod modelist;
mod monitor;
mod motd;
mod ms;
mod names;
mod nick;
mod notice;
mod npc;
mod npca;
mod ns;
mod oper;
mod os;
mod part;
mod pass;
mod ping;
mod pong;
mod privmsg;
mod quit;
mod redact;
mod register;
mod rehash;
mod relaymsg;
mod remove;
mod rename;
mod report;
mod reputation;
mod request;
mod restart;
mod rline;
mod roleplay;
mod rules;
mod sajoin;
mod sakick;
mod samode;
mod sanick;
mod sapart;
mod saquit;
mod satopic;
mod scene;
mod second;
mod servlist;
mod setname;
mod shun;
mod silence;
mod squery;
mod starttls;
mod stats;
mod subscription;
mod summon;
mod tagmsg;
mod telling;
mod time;
mod topic;
mod trace;
mod uban;
mod uninvite;
mod user;
mod userhost;
mod userip;
mod usermode;
mod users;
mod verify;
mod version;
mod wallops;
mod webirc;
mod who;
mod whois;
mod whowas;
mod zline;

use crate::core::dispatch::{Command, Table};

/// Every command.
pub static TABLE: Table = Table { commands: ALL };

/// Sorted by name.
const ALL: &[&[Command]] = &[
    second::COMMANDS,
    accept::COMMANDS,
    admin::COMMANDS,
    ambiance::COMMANDS,
    authenticate::COMMANDS,
    away::COMMANDS,
    batch::COMMANDS,
    cap::COMMANDS,
    cs::CHANSERV,
    chghost::COMMANDS,
    chgident::COMMANDS,
    chgname::COMMANDS,
    cs::CS,
    cycle::COMMANDS,
    defcon::COMMANDS,
    die::COMMANDS,
    dline::COMMANDS,
    error::COMMANDS,
    filter::COMMANDS,
    gline::COMMANDS,
    globops::COMMANDS,
    help::COMMANDS,
    helpop::COMMANDS,
    hs::HOSTSERV,
    hs::HS,
    info::COMMANDS,
    invite::COMMANDS,
    ison::COMMANDS,
    isupport::COMMANDS,
    join::COMMANDS,
    kick::COMMANDS,
    kill::COMMANDS,
    kline::COMMANDS,
    knock::COMMANDS,
    links::COMMANDS,
    list::COMMANDS,
    lusers::COMMANDS,
    map::COMMANDS,
    ms::MEMOSERV,
    metadata::COMMANDS,
    mode::COMMANDS,
    monitor::COMMANDS,
    motd::COMMANDS,
    ms::MS,
    names::COMMANDS,
    nick::COMMANDS,
    ns::NICKSERV,
    notice::COMMANDS,
    npc::COMMANDS,
    npca::COMMANDS,
    ns::NS,
    oper::COMMANDS,
    os::OPERSERV,
    os::OS,
    part::COMMANDS,
    pass::COMMANDS,
    ping::COMMANDS,
    pong::COMMANDS,
    privmsg::COMMANDS,
    quit::COMMANDS,
    redact::COMMANDS,
    register::COMMANDS,
    rehash::COMMANDS,
    relaymsg::COMMANDS,
    remove::COMMANDS,
    rename::COMMANDS,
    report::COMMANDS,
    reputation::COMMANDS,
    restart::COMMANDS,
    rline::COMMANDS,
    rules::COMMANDS,
    sajoin::COMMANDS,
    sakick::COMMANDS,
    samode::COMMANDS,
    sanick::COMMANDS,
    sapart::COMMANDS,
    saquit::COMMANDS,
    satopic::COMMANDS,
    scene::COMMANDS,
    servlist::COMMANDS,
    setname::COMMANDS,
    shun::COMMANDS,
    silence::COMMANDS,
    squery::COMMANDS,
    starttls::COMMANDS,
    stats::COMMANDS,
    summon::COMMANDS,
    tagmsg::COMMANDS,
    time::COMMANDS,
    topic::COMMANDS,
    trace::COMMANDS,
    uban::COMMANDS,
    dline::UNDO,
    gline::UNDO,
    uninvite::COMMANDS,
    kline::UNDO,
    rline::UNDO,
    shun::UNDO,
    zline::UNDO,
    user::COMMANDS,
    userhost::COMMANDS,
    userip::COMMANDS,
    users::COMMANDS,
    verify::COMMANDS,
    version::COMMANDS,
    wallops::COMMANDS,
    webirc::COMMANDS,
    who::COMMANDS,
    whois::COMMANDS,
    whowas::COMMANDS,
    zline::COMMANDS,
];

#[cfg(test)]
mod tests {
    use super::{Command, TABLE};
    use crate::{
        core::dispatch::Run,
        sim::{Sim, config, oper, oracle},
    };

    /// What may stand where a command's syntax has a word like it.
    const MEANT: &[(&str, &[&str])] = &[
        ("nick", &["u0", "u1", "u2", "u3", "U4", "u5", "nobody"]),
        ("channel", &["#a", "#B", "#c", "#none"]),
        ("target", &["#a", "#b", "@#a", "u0", "u1", "u2", "s1.test"]),
        ("mask", &["*!*@*", "u?!*@*.test", "*@host.example", "192.0.2.1", "192.0.2.0/24", "*"]),
        (
            "modes",
            &[
                "+b",
                "-b",
                "+o-v+k",
                "+iBgwx",
                "-iBgwx",
                "+l",
                "+q",
                "+mnst",
                "-s+e",
                "+I",
                "+O",
                "-O",
                "+R",
                "-R",
                "+f",
                "+j",
                "+d",
                "+W",
                "+J",
                "+F",
                "+g",
                "+ACDEKMNPQSTUVcuz",
                "-AcKMNQSTVz",
                "+DRTcdz",
                "-DRTcdz",
            ],
        ),
        ("parameter", &["u0", "u1", "5", "key", "*!*@x", "u2!*@*", "1:60", "#b", "#c", "mute:u1"]),
        ("server", &["s1.test", "s2.*", "u0", "nowhere"]),
        ("subcommand", &["+", "-", "C", "L", "S", "LS", "REQ", "LIST", "END"]),
        ("host", &["host.example", "a@b"]),
        ("letter", &["u", "p", "b", "l", "o", "m", "?"]),
    ];

    /// What may stand anywhere.
    const WORDS: &[&str] = &[
        "u0",
        "#a",
        "#a,#b,#none",
        "u0,u1,#a,nobody",
        "*",
        "-u1",
        "+u1",
        "0",
        "1",
        "-1",
        "5m",
        "99999999999999999999",
        "LIST",
        "302",
        "%tcuihsnfdlaor,42",
        "%,",
        "o%n",
        ">1",
        "C<5",
        "!*a",
        ":",
        ":words that go on",
        ":\u{1}ACTION waves\u{1}",
        ":é\u{202e}",
        "away-notify",
        ":batch labeled-response setname",
        "root",
        "sesame",
        ",",
        ",,",
        "#",
        "~&@%+#a",
        "~",
        "$",
    ];

    struct Rng(u64);

    impl Rng {
        fn below(&mut self, n: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % n as u64) as usize
        }

        fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
            words[self.below(words.len())]
        }

        /// A line with a command, and words that are mostly of the kind that it wants.
        fn line(&mut self) -> String {
            let commands: Vec<_> = TABLE.iter().collect();
            let command = commands[self.below(commands.len())];
            let mut line = match self.below(7) {
                0 => format!("@label=x;+a=b {}", command.name),
                _ => command.name.to_owned(),
            };
            let wanted: Vec<&str> = command.params.split(['<', '>']).skip(1).step_by(2).collect();
            for place in 0..self.below(wanted.len() + 2) {
                let kind = wanted.get(place).copied().unwrap_or_default();
                let meant = MEANT.iter().find(|row| kind.contains(row.0) && self.below(5) > 0);
                line.push(' ');
                line += self.pick(meant.map_or(WORDS, |row| row.1));
            }
            line
        }
    }

    /// A command's line with a word of the right kind in each place: in all of them, or where one must be.
    fn filled(command: &Command, channel: &str, all: bool) -> String {
        let kinds = command.params.split(['<', '>']).skip(1).step_by(2);
        let words = kinds.map(|kind| match kind {
            "channel" | "target" => channel,
            "nick" => "alice",
            "modes" => "+o",
            "parameter" => "bob",
            "subcommand" => "LIST",
            _ => "x/y",
        });
        let most = if all { usize::MAX } else { command.required() };
        words.take(most).fold(command.name.to_owned(), |line, word| line + " " + word)
    }

    /// Who is outside of a secret channel is answered as if there were none. To enter it is another matter.
    #[test]
    fn a_secret_channel_is_none_to_those_outside() {
        let mut config = config();
        config.roleplay.enabled = true;
        config.relaymsg.enabled = true;
        let mut sim = Sim::new(1, &config);
        sim.manners.pongs = true;
        let (alice, bob) = (sim.connect(0, "alice"), sim.connect(0, "bob"));
        sim.send(bob, "CAP REQ :message-tags draft/metadata-3 batch");
        sim.send(bob, "JOIN #bob");
        for line in ["JOIN #there", "MODE #there +sE"] {
            sim.send(alice, line);
        }
        let mut asked = 0;
        for command in TABLE.iter().filter(|command| command.name != "JOIN") {
            for all in [true, false] {
                let mut answer = |channel: &str, prefix: &str| {
                    sim.pass(std::time::Duration::from_secs(600));
                    sim.clients[bob].got.clear();
                    sim.send(bob, &filled(command, &format!("{prefix}{channel}"), all));
                    sim.settle();
                    let got = sim.clients[bob].got.iter();
                    got.map(|line| line.replace(channel, "#x")).collect::<Vec<String>>()
                };
                if !filled(command, "#x", all).contains("#x") {
                    continue;
                }
                for prefix in ["", "@"] {
                    let (there, not) = (answer("#there", prefix), answer("#none", prefix));
                    assert_eq!(there, not, "{}", filled(command, "#there", all));
                    asked += usize::from(!there.is_empty());
                }
            }
        }
        assert!(asked > 60, "only {asked} questions were asked");
    }

    /// A line cannot cause much more than is paid for it, whatever lists it has and however long they are.
    #[test]
    fn what_a_line_of_many_targets_causes_is_paid_for() {
        let mut config = config();
        config.limits.channels_per_user = 1000;
        config.limits.monitor = 1000;
        config.oper.push(oper("root", "sesame"));
        let mut sim = Sim::new(1, &config);
        let alice = sim.connect(0, "alice");
        sim.send(alice, "OPER root sesame");
        for nick in ["b", "c", "d", "e"] {
            let client = sim.connect(0, nick);
            sim.send(client, "JOIN #a,#b");
        }
        let channels = (0..100).map(|n| format!("#{n}")).collect::<Vec<_>>().join(",");
        let nicks = ["b", "c", "d", "e"].repeat(60).join(",");
        sim.send(alice, &format!("JOIN {channels}"));
        for command in TABLE.iter().filter(|command| command.params.contains("{,")) {
            let words = command.params.split(' ').map(|word| match word {
                word if word.contains("<channel>{,") => &channels,
                word if word.contains("<nick>{,") || word.contains("<target>{,") => &nicks,
                word if word.contains("<nick>") => "b",
                word if word.contains("<subcommand>") => "+",
                _ => "x",
            });
            let line = words.fold(command.name.to_owned(), |line, word| line + " " + word);
            let message = crate::wire::message::parse(&line).unwrap();
            sim.settle();
            sim.clients.iter_mut().for_each(|client| client.got.clear());
            sim.send(alice, &line);
            sim.settle();
            let told: usize = sim.clients.iter().map(|client| client.got.len()).sum();
            let paid = command.price(&message.args) as usize;
            assert!(told <= 20 * paid, "{paid} paid for {told} lines: {line}");
        }
        let price = |line: &str| {
            let message = crate::wire::message::parse(line).unwrap();
            TABLE.find(message.verb).unwrap().price(&message.args)
        };
        assert_eq!((price("PRIVMSG a :x,y,z"), price("PRIVMSG a,b,c :x")), (1, 3));
        assert_eq!((price("JOIN #a"), price("JOIN #a,#b")), (2, 3));
        assert_eq!(price(&format!("JOIN {channels}")), 2 + 4 + 95 / 4);
    }

    /// Somebody who is in channels and, mostly, an operator of the network; nobody where a ban keeps them out.
    fn arrive(sim: &mut Sim) -> Option<usize> {
        let number = sim.clients.len();
        let name = format!("u{}", number % 6);
        let client = sim.open(number % 2, &name)?;
        sim.settle();
        sim.send(client, &format!("NICK {name}"));
        sim.send(client, &format!("USER {name} 0 * :Real {name}"));
        sim.settle();
        if sim.clients[client].got.iter().any(|line| line.contains(" 433 ")) {
            sim.send(client, &format!("NICK v{number}"));
        }
        sim.send(client, "JOIN #a,#b,#c");
        if number % 3 > 0 {
            sim.send(client, "OPER root sesame");
        }
        sim.settle();
        Some(client)
    }

    /// What a client is answered with, the server's name and its own left out.
    fn answer(sim: &mut Sim, client: usize, line: &str) -> String {
        sim.clients[client].got.clear();
        sim.send(client, line);
        sim.settle();
        let got = sim.clients[client].got.front().map(|line| line.splitn(4, ' ').collect());
        let words: Vec<&str> = got.unwrap_or_default();
        format!("{} {}", words.get(1).unwrap_or(&""), words.get(3).unwrap_or(&""))
    }

    #[test]
    fn who_may_not_use_a_command_or_says_too_little_is_told_so() {
        let mut sim = Sim::new(1, &config());
        let new = sim.open(0, "new").unwrap();
        let user = sim.connect(0, "user");
        sim.settle();
        for command in TABLE.iter() {
            let (name, words) = (command.name, " x".repeat(command.required()));
            if !matches!(command.run, Run::Any(_) | Run::New(_)) {
                let refused = answer(&mut sim, new, &format!("{name}{words}"));
                assert_eq!(refused, "451 :You have not registered", "{name}");
            }
            if command.required() > 0 && !matches!(command.run, Run::New(_)) {
                let refused = answer(&mut sim, user, name);
                assert_eq!(refused, format!("461 {name} :Not enough parameters"));
            }
            if matches!(command.run, Run::Oper(..)) {
                let refused = answer(&mut sim, user, &format!("{name}{words}"));
                assert!(refused.starts_with("481 :Permission Denied"), "{name}: {refused}");
            }
        }
    }

    /// Every command with any words after it: none fails by a fault, none answers with a numeric that it
    /// has not declared (a fault, too, in a debug build), clients believe what is so, and servers agree.
    #[test]
    fn no_words_after_a_command_are_its_fault() {
        let mut steps = 0;
        for seed in 1..=10 {
            let mut rng = Rng(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
            let mut config = config();
            config.oper.push(oper("root", "sesame"));
            let mut sim = Sim::new(2, &config);
            let mut clients: Vec<usize> = Vec::new();
            for step in 0..1000 {
                // One of them may have been told to end.
                (0..2).for_each(|server| sim.restart(server));
                sim.heal();
                clients.retain(|client| sim.clients[*client].conn.is_some());
                while clients.len() < 5 {
                    let Some(client) = arrive(&mut sim) else { break };
                    clients.push(client);
                }
                if clients.is_empty() {
                    break;
                }
                steps += 1;
                let line = rng.line();
                sim.send(clients[rng.below(clients.len())], &line);
                sim.settle();
                let servers = sim.servers();
                let faults: u64 = servers.map(|(_, server)| server.core().metrics.panics).sum();
                assert_eq!(faults, 0, "seed {seed}, step {step}: {line}");
            }
            oracle::nobody_is_misled(&sim);
            oracle::all_agree(&sim);
        }
        assert!(steps > 5000, "bans have kept nearly everybody out: {steps}");
    }
}
