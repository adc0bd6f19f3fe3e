//! Classes of connections: which one a connection is of, and what limits it has of that.
//!
//! A class is chosen when a connection comes, again when it turns out to come from elsewhere or to have a
//! certificate, and at last when registration is complete. From then on it is that of the user, whose
//! presence names it on every server. A configuration that is read again changes the limits at once; a
//! user whose class is gone has those of `[limits]`.

use super::{
    ConnId, Core,
    ctx::{Ctx, Outcome},
    notes,
    peer::Origin,
    sasl,
    session::Session,
};
use crate::{
    config::{self, Config, DEFAULT_CLASS, Limits, Secret},
    network::User,
    wire::{casemap::Casemap, mask},
};
use std::{collections::BTreeMap, time::Duration};

/// A class of the configuration in force, by its place there; none is the class of all others.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct ClassId(Option<u16>);

/// What is known of a connection when its class is chosen.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Where it comes from.
    pub from: Origin,
    /// Which of the configuration's listeners has accepted it, unless that is gone.
    pub listener: Option<usize>,
    /// The gateway that speaks for it.
    pub gateway: Option<&'a str>,
    /// The account that it has logged in to.
    pub account: Option<&'a str>,
    /// Whether it has shown a certificate.
    pub certified: bool,
}

/// The limits that hold for a class.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    class: Option<&'a config::Class>,
    /// How many may come from where the connection does, if an exception says so.
    exception: Option<u32>,
    /// Those of everybody.
    pub limits: &'a Limits,
}

/// A key that a class may have, and else has from `[limits]`.
macro_rules! terms {
    ($($(#[doc = $doc:literal])* $key:ident: $type:ty;)*) => {
        impl Terms<'_> { $(
            $(#[doc = $doc])*
            pub fn $key(self) -> $type {
                self.class.and_then(|class| class.$key).unwrap_or(self.limits.$key)
            }
        )* }
    };
}

terms! {
    /// How long it waits for each connection beyond that.
    connect_interval: Duration;
    /// How long a client may be silent.
    ping_interval: Duration;
    /// How long it may then take to answer.
    ping_timeout: Duration;
    /// How much may wait to be read.
    send_queue: u64;
    /// How many commands may come at once.
    flood_burst: u32;
    /// How long each command beyond that takes.
    flood_interval: Duration;
    /// The most channels of a user.
    channels_per_user: usize;
}

impl<'a> Terms<'a> {
    /// The limits of a class that the configuration has.
    pub fn new(class: Option<&'a config::Class>, limits: &'a Limits) -> Terms<'a> {
        Terms { class, limits, exception: None }
    }

    /// The same for where an exception holds, if one does.
    pub fn excepted(self, exception: Option<u32>) -> Terms<'a> {
        Terms { exception, ..self }
    }

    /// The most connections from one address.
    pub fn clients_per_address(self) -> u32 {
        let own = self.class.and_then(|class| class.clients_per_address);
        self.exception.or(own).unwrap_or(self.limits.clients_per_address)
    }

    /// The most connections from one network.
    pub fn clients_per_network(self) -> u32 {
        let own = self.class.and_then(|class| class.clients_per_network);
        own.unwrap_or(self.limits.clients_per_network).max(self.exception.unwrap_or(0))
    }

    /// How many connections an address may make at once before it has to wait.
    pub fn connect_burst(self) -> u32 {
        let own = self.class.and_then(|class| class.connect_burst);
        own.unwrap_or(self.limits.connect_burst).max(self.exception.unwrap_or(0))
    }

    /// The name of the class.
    pub fn name(self) -> &'a str {
        self.class.map_or(DEFAULT_CLASS, |class| &class.name)
    }

    /// The most connections of the class; none if it has no limit of its own.
    pub fn clients(self) -> Option<u32> {
        self.class.and_then(|class| class.clients)
    }

    /// Whether its connections are trusted.
    pub fn exempt(self) -> bool {
        self.class.is_some_and(|class| class.exempt)
    }

    /// Whether a connection counts for nothing by where it comes from.
    pub fn uncounted(self, from: Origin) -> bool {
        self.exempt() || from.ip().is_some_and(|address| self.limits.is_exempt(address))
    }

    /// The hash of the password of the class, if it has one.
    pub fn password(self) -> Option<&'a Secret> {
        self.class.and_then(|class| class.password.as_ref())
    }

    fn require_sasl(self) -> bool {
        self.class.is_some_and(|class| class.require_sasl)
    }
}

/// How many sessions there are of each class.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Members(BTreeMap<ClassId, u32>);

impl Members {
    /// A session is of this class from now on.
    pub fn join(&mut self, class: ClassId) {
        *self.0.entry(class).or_default() += 1;
    }

    /// A session is no more of this class.
    pub fn leave(&mut self, class: ClassId) {
        if let Some(count) = self.0.get_mut(&class) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&class);
            }
        }
    }

    /// How many are.
    pub fn count(&self, class: ClassId) -> u32 {
        self.0.get(&class).copied().unwrap_or(0)
    }

    /// Counts them all.
    pub fn of<'a>(sessions: impl Iterator<Item = &'a Session>) -> Members {
        let mut members = Members::default();
        sessions.for_each(|session| members.join(session.class));
        members
    }
}

/// The class of a connection of which so much is known.
pub fn choose(config: &Config, facts: Facts<'_>) -> ClassId {
    let listen = facts.listener.and_then(|place| config.listen.get(place));
    let fits = |class: &config::Class| {
        let called = |name: &String| listen.is_some_and(|listen| listen.is_called(name));
        let owns = |pattern: &String| {
            facts.account.is_some_and(|name| mask::matches(pattern, name, Casemap::Ascii))
        };
        let speaks = |name: &String| facts.gateway == Some(name.as_str());
        (class.hosts.is_empty() || facts.from.is_among(&class.hosts))
            && (class.listeners.is_empty() || class.listeners.iter().any(called))
            && (class.gateways.is_empty() || class.gateways.iter().any(speaks))
            && (class.accounts.is_empty() || class.accounts.iter().any(owns))
            && (facts.certified || !class.certificate)
    };
    ClassId(config.class.iter().position(fits).and_then(|place| u16::try_from(place).ok()))
}

/// The class that has a name; none if there is none any more.
fn named(config: &Config, name: Option<&str>) -> ClassId {
    let place = config.class.iter().position(|class| Some(class.name.as_str()) == name);
    ClassId(place.and_then(|place| u16::try_from(place).ok()))
}

/// The name of a user's class.
pub fn of(user: &User) -> &str {
    user.connection.as_deref().unwrap_or(DEFAULT_CLASS)
}

/// The limits of a class.
pub fn terms(config: &Config, ClassId(place): ClassId) -> Terms<'_> {
    let class = place.and_then(|place| config.class.get(usize::from(place)));
    Terms::new(class, &config.limits)
}

/// Every class, the one of all others last.
pub fn all(config: &Config) -> impl Iterator<Item = ClassId> {
    let places = (0..config.class.len()).filter_map(|place| u16::try_from(place).ok());
    places.map(|place| ClassId(Some(place))).chain([ClassId(None)])
}

/// Lets a session become a user, unless it has to log in first.
pub fn admit(ctx: &mut Ctx<'_>) -> Outcome {
    let config = &ctx.core.config;
    let by_class = terms(config, ctx.session().class).require_sasl();
    let by_listener = ctx.session().listen(config).is_some_and(|listen| listen.require_sasl);
    if !by_class && !by_listener || ctx.session().login().is_some() {
        return Ok(());
    }
    let why = "You must log in to an account (SASL) to connect from there";
    sasl::require(ctx, why)
}

impl Core {
    /// The limits that hold for a session.
    pub fn terms(&self, session: &Session) -> Terms<'_> {
        terms(&self.config, session.class)
    }

    /// Chooses the class of a session anew, if it is not a user yet. The error tells the client why it
    /// cannot be of that class; the session then stays as it was.
    pub fn classify(&mut self, conn: ConnId) -> Result<(), String> {
        let Some(session) = self.sessions.get(conn) else { return Ok(()) };
        let (before, from) = (session.class, session.from);
        let class = choose(&self.config, session.facts());
        if session.user().is_some() || class == before {
            return Ok(());
        }
        let terms = terms(&self.config, class).excepted(notes::exception(&self.network, from));
        if terms.clients().is_some_and(|most| self.classes.count(class) >= most) {
            return Err(full(terms));
        }
        if !self.is_gateway(from) {
            self.admission.suits(from, terms).map_err(str::to_owned)?;
        }
        self.classes.leave(before);
        self.classes.join(class);
        self.sessions[conn].class = class;
        Ok(())
    }

    /// The configuration is another: who has not registered is chosen a class anew, without being put out
    /// for it; users stay in theirs, if it is still there.
    pub fn reclassify(&mut self) {
        let Core { sessions, network, config, .. } = self;
        for (_, session) in sessions.iter_mut() {
            let user = session.user().and_then(|user| network.find_user(user));
            session.class = match user {
                Some(user) => named(config, user.connection.as_deref()),
                None => choose(config, session.facts()),
            };
        }
        self.classes = Members::of(self.sessions.iter().map(|(_, session)| session));
    }
}

/// Why nobody else can be of a class.
pub fn full(terms: Terms<'_>) -> String {
    format!("there are too many connections of the class {}, try again later", terms.name())
}

#[cfg(test)]
mod tests {
    use crate::{
        config::{self, Address, Config, Listen, Trusted},
        core::{
            ConnId,
            effect::Effect,
            peer::{Origin, Peer, Tls, Verdict},
            scene::Scene,
        },
        job::{Answer, Loaded},
        server::Input,
        sim::script::check,
    };
    use std::time::Duration;

    #[test]
    fn a_class_shows_where_operators_look_and_where_users_are_banned() {
        check(
            r#"
            servers 2
            config oper root sesame
            config class name="bridges" hosts=["10.0.0.3","10.0.0.4"] clients=2 ping_interval="5m" channels_per_user=1
            root@1  > OPER root sesame
            root    > MODE root +s c
            alice@2 > JOIN #a
            bob@1   > JOIN #b
            root    < :s1.test NOTICE root :*** Notice -- Client connecting: bob (~bob@bob.test) [10.0.0.3] {bridges} [Real bob]
            bob     <~ :s1.test 005 bob * CHANLIMIT=#:1 *
            bob     < :bob!~bob@bob.test JOIN #b
            bob     > JOIN #c
            bob     < :s1.test 405 bob #c :You have joined too many channels
            bob     > PART #b
            alice   > MODE #a +bb class:bridge? class:other
            bob     > JOIN #a
            bob     < :s1.test 474 bob #a :Cannot join channel (+b)
            alice   > MODE #a -b+b class:bridge? m:class:BRIDGES
            bob     > JOIN #a
            bob     > PRIVMSG #a :hi
            bob     < :s1.test 404 bob #a :Cannot send to channel (+b: you are muted)
            alice   > MODE #a -b+b m:class:BRIDGES m:!class:bridges
            bob     > PRIVMSG #a :heard
            alice   < :bob!~bob@bob.test PRIVMSG #a :heard
            carol@2 > PING x
            dave@2  > JOIN #a
            dave    > PRIVMSG #a :hi
            dave    < :s2.test 404 dave #a :Cannot send to channel (+b: you are muted)
            alice   > MODE #a +b class:default
            alice   < :alice!~alice@alice.test MODE #a +b class:default
            erin@2  > JOIN #a
            erin    < :s2.test 474 erin #a :Cannot join channel (+b)
            root    > WHOIS bob
            root    < :s1.test 320 root bob :is in the connection class bridges
            root    > WHOIS carol
            root    < :s1.test 320 root carol :is in the connection class bridges
            root    > WHOIS alice
            root    <! connection class
            root    < :s1.test 318 root alice :End of /WHOIS list
            bob     > WHOIS bob
            bob     <! connection class
            root    > TRACE
            root    < :s1.test 204 root Oper default root :~root@root.test has been silent for 0 seconds
            root    < :s1.test 205 root User bridges bob :~bob@bob.test has been silent for 0 seconds
            root    < :s1.test 209 root Class bridges 1
            root    < :s1.test 209 root Class default 1
            root    > STATS Y
            root    < :s1.test 218 root Y bridges 300 10 1048576 :1 of 2 connections; at most 16 from an address, 1000000 from a network
            root    < :s1.test 218 root Y default 90 10 1048576 :1 of 10000 connections; at most 16 from an address, 1000000 from a network
            root    < :s1.test 219 root Y :End of /STATS report
            alice   > STATS Y
            alice   < :s2.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            same
            "#,
        );
    }

    #[test]
    fn who_has_to_log_in_is_told_so_and_not_let_in() {
        check(
            r#"
            config class name="dsl" hosts="10.0.0.1" require_sasl=true
            raw a
            a > NICK al
            a > USER al 0 * :Al
            a < :s1.test FAIL * ACCOUNT_REQUIRED :You must log in to an account (SASL) to connect.
            a < :s1.test 465 al :You are banned from this server: You must log in to an account (SASL) to connect from there
            a < ERROR :Closing link: You must log in to an account (SASL) to connect from there
            bob > PING x
            bob < :s1.test PONG s1.test :x
            "#,
        );
        check(
            r#"
            config listen address="127.0.0.1:6667" require_sasl=true
            raw a
            a > NICK al
            a > USER al 0 * :Al
            a < ERROR :Closing link: You must log in to an account (SASL) to connect from there
            "#,
        );
    }

    #[test]
    fn a_class_may_have_a_password_of_its_own() {
        check(
            r#"
            config server.password sesame
            config class name="guests" hosts="10.0.0.1" password="open"
            raw a
            a > PASS open
            a > NICK al
            a > USER al 0 * :Al
            a <~ :s1.test 001 al *
            raw b
            b > PASS open
            b > NICK bo
            b > USER bo 0 * :Bo
            b < :s1.test 464 bo :Password incorrect
            "#,
        );
    }

    #[test]
    fn a_gateway_and_a_certificate_choose_a_class_too() {
        check(
            r#"
            config oper root root
            config webirc chat sesame 10.0.0.0/8
            config class name="web" gateways="chat" clients=1
            config class name="proven" certificate=true flood_burst=100
            root > OPER root root
            raw a
            a    > WEBIRC sesame kiwi 192.0.2.7 192.0.2.7
            a    > NICK al
            a    > USER al 0 * :Al
            root > WHOIS al
            root < :s1.test 320 root al :is in the connection class web
            raw b
            b    > WEBIRC sesame kiwi 192.0.2.8 192.0.2.8
            b    < ERROR :Closing link: there are too many connections of the class web, try again later
            a    > QUIT
            raw c
            c    > WEBIRC sesame kiwi 192.0.2.8 192.0.2.8
            c    > NICK cy
            c    > USER cy 0 * :Cy
            c    <~ :s1.test 001 cy *
            secure dan
            root > WHOIS dan
            root < :s1.test 320 root dan :is in the connection class proven
            "#,
        );
    }

    #[test]
    fn whoever_stays_in_a_full_class_takes_no_second_place_there() {
        check(
            r#"
            config webirc chat sesame 10.0.0.0/8
            config class name="all" hosts="0.0.0.0/0" clients=1
            raw a
            a    > WEBIRC sesame kiwi h 192.0.2.7
            a    > NICK al
            a    > USER al 0 * :Al
            a    <~ :s1.test 001 al *
            "#,
        );
    }

    #[test]
    fn an_address_and_a_network_have_limits_in_each_class() {
        check(
            r#"
            config webirc chat sesame 10.0.0.0/8
            config limits.clients_per_network 2
            config class name="few" hosts="192.0.2.128/25" clients_per_network=1
            config class name="bridges" hosts="198.51.100.0/24" exempt=true
            raw a
            a > WEBIRC sesame kiwi h 192.0.2.7
            raw b
            b > WEBIRC sesame kiwi h 192.0.2.200
            b < ERROR :Closing link: too many connections from your network
            raw c
            c > WEBIRC sesame kiwi h 192.0.2.8
            raw d
            d > WEBIRC sesame kiwi h 192.0.2.9
            d < ERROR :Closing link: too many connections from your network
            c > QUIT
            raw e
            e > WEBIRC sesame kiwi h 192.0.2.9
            e > NICK ee
            e > USER ee 0 * :E
            e <~ :s1.test 001 ee *
            raw f
            f > WEBIRC sesame kiwi h 198.51.100.1
            raw g
            g > WEBIRC sesame kiwi h 198.51.100.2
            raw h
            h > WEBIRC sesame kiwi h 198.51.100.3
            h > NICK hh
            h > USER hh 0 * :H
            h <~ :s1.test 001 hh *
            "#,
        );
    }

    #[test]
    fn an_account_chooses_a_class_and_lets_in() {
        check(
            r#"
            config oper root sesame
            config class name="staff" accounts="al*" clients=1
            config class name="dsl" hosts="10.0.0.0/8" require_sasl=true
            config listen address="127.0.0.1:6667" require_sasl=true
            raw a
            a > CAP LS 302
            a > NICK alice
            a > USER al 0 * :Al
            a > REGISTER * * sesame-open
            a < :s1.test REGISTER SUCCESS alice :Account successfully registered
            a > CAP END
            a <~ :s1.test 001 alice *
            a > OPER root sesame
            a > WHOIS alice
            a < :s1.test 320 alice alice :is in the connection class staff
            raw b
            b > CAP LS 302
            b > NICK alan
            b > USER al 0 * :Al
            b > REGISTER * * sesame-open
            b > CAP END
            b < ERROR :Closing link: there are too many connections of the class staff, try again later
            raw c
            c > NICK carol
            c > USER ca 0 * :C
            c < ERROR :Closing link: You must log in to an account (SASL) to connect from there
            "#,
        );
    }

    #[test]
    fn silence_and_haste_are_measured_by_class() {
        check(
            r#"
            config limits.flood_burst 10
            config limits.flood_interval 60
            config limits.ping_interval 20
            config limits.ping_timeout 5
            config class name="bridges" hosts="10.0.0.2" exempt=true ping_interval="10m"
            alice > PING 1
            bob   > PING 1
            bob   > PRIVMSG bob,bob,bob :1
            bob   > PRIVMSG bob,bob,bob :2
            bob   > PRIVMSG bob,bob,bob :3
            bob   > PRIVMSG bob,bob,bob :4
            bob   > PRIVMSG bob,bob,bob :5
            bob   > LIST
            bob   > LIST
            bob   > LIST
            bob   > LIST
            bob   > PING last
            bob   < :s1.test PONG s1.test :last
            wait 26
            bob   <! PING :
            alice < ERROR :Closing link: Ping timeout: 25 seconds
            "#,
        );
    }

    fn bridges() -> config::Class {
        config::Class {
            name: "bridges".into(),
            hosts: vec![Trusted::Unix],
            send_queue: Some(70_000),
            ..config::Class::default()
        }
    }

    fn reload(scene: &mut Scene, config: Config) -> Vec<Effect> {
        let asked = scene.input(Input::Reload);
        let loaded = Loaded::of(config);
        let answer = Answer::Loaded(Ok(Box::new(loaded)));
        scene.input(Input::Done { id: Scene::asked(&asked), answer })
    }

    fn class_of(scene: &Scene, conn: ConnId) -> String {
        let core = scene.server.core();
        core.terms(&core.sessions[conn]).name().to_owned()
    }

    #[test]
    fn a_reload_changes_limits_and_leaves_users_where_they_are() {
        let config = Config { class: vec![bridges()], ..Config::default() };
        let mut scene = Scene::with(config.clone());
        let alice = scene.user("alice");
        let peer = Peer { from: Origin::Local, listener: 0, tls: None };
        let raw = scene.server.open(peer, scene.now, &mut scene.fx);
        assert_eq!(scene.server.send_queue(alice), Some(70_000));
        // Another stands before it now, and it is wider.
        let first = config::Class { name: "first".into(), ..bridges() };
        let wider = config::Class { send_queue: Some(90_000), clients: Some(1), ..bridges() };
        reload(&mut scene, Config { class: vec![first, wider], ..config.clone() });
        assert_eq!(
            (class_of(&scene, alice), class_of(&scene, raw)),
            ("bridges".into(), "first".into())
        );
        assert_eq!(scene.server.send_queue(alice), Some(90_000));
        assert!([alice, raw].iter().all(|conn| !scene.server.core().sessions[*conn].closing));
        // It is gone.
        reload(&mut scene, Config { class: Vec::new(), ..config.clone() });
        assert_eq!(class_of(&scene, alice), "default");
        assert_eq!(scene.server.send_queue(alice), None);
        // And back.
        reload(&mut scene, config);
        assert_eq!(class_of(&scene, alice), "bridges");
        assert!(scene.server.check().iter().all(|broken| broken.contains("admitted")));
    }

    #[test]
    fn a_full_class_takes_nobody_before_the_handshake() {
        let class = config::Class { clients: Some(1), ..bridges() };
        let mut scene = Scene::with(Config { class: vec![class], ..Config::default() });
        let now = scene.now;
        assert_eq!(scene.server.admit(Origin::Local, 0, now), Verdict::Admit);
        scene.user("alice");
        let text = "ERROR :Closing link: there are too many connections of the class bridges, try again later\r\n";
        assert_eq!(scene.server.admit(Origin::Local, 0, now), Verdict::Refuse(text.into()));
        let other = Origin::Ip([192, 0, 2, 1].into());
        assert_eq!(scene.server.admit(other, 0, now), Verdict::Admit);
    }

    #[test]
    fn listeners_are_known_by_what_they_are_and_by_their_labels() {
        let tls = config::Tls { certificate: "a".into(), key: "a".into(), names: Vec::new() };
        let named = |name: &str, listeners: &[&str]| config::Class {
            name: name.into(),
            listeners: listeners.iter().map(|one| (*one).to_owned()).collect(),
            ..config::Class::default()
        };
        let tcp = |port: u16| Address::Tcp(([127, 0, 0, 1], port).into());
        let listen = vec![
            Listen { address: tcp(1), label: Some("inside".into()), ..Listen::default() },
            Listen { address: tcp(2), tls: vec![tls.clone()], ..Listen::default() },
            Listen { address: tcp(3), websocket: true, ..Listen::default() },
            Listen { address: Address::Unix("s".into()), ..Listen::default() },
            Listen { address: tcp(4), tor: true, ..Listen::default() },
            Listen { address: tcp(5), tls: vec![tls], starttls: true, ..Listen::default() },
        ];
        let class = vec![
            named("a", &["inside"]),
            named("b", &["tls"]),
            named("c", &["websocket", "tor"]),
            named("d", &["unix"]),
            named("e", &["plain"]),
        ];
        let mut scene = Scene::with(Config { listen, class, ..Config::default() });
        for (place, wanted) in ["a", "b", "c", "d", "c", "e", "default"].into_iter().enumerate() {
            let peer = Peer { from: Origin::Local, listener: place, tls: None };
            let conn = scene.server.open(peer, scene.now, &mut scene.fx);
            assert_eq!(class_of(&scene, conn), wanted, "{place}");
        }
    }

    #[test]
    fn who_turns_to_tls_with_a_certificate_is_of_another_class() {
        let class = config::Class {
            name: "proven".into(),
            certificate: true,
            clients: Some(1),
            ..config::Class::default()
        };
        let listen = Listen { starttls: true, ..Listen::default() };
        let config = Config { listen: vec![listen], class: vec![class], ..Config::default() };
        let mut scene = Scene::with(config);
        let mut turn = || {
            let peer = Peer { from: Origin::Local, listener: 0, tls: None };
            let conn = scene.server.open(peer, scene.now, &mut scene.fx);
            scene.line(conn, "STARTTLS");
            let tls = Tls { cipher: String::new(), fingerprint: Some("ab".into()), name: None };
            scene.input(Input::Secured { conn, tls });
            (class_of(&scene, conn), scene.server.core().sessions[conn].closing)
        };
        assert_eq!(turn(), ("proven".into(), false));
        assert_eq!(turn(), ("default".into(), true), "it is full");
    }

    #[test]
    fn a_class_that_is_known_late_has_its_limits_too() {
        let class = config::Class {
            name: "proven".into(),
            certificate: true,
            clients_per_address: Some(1),
            ..config::Class::default()
        };
        let mut scene = Scene::with(Config { class: vec![class], ..Config::default() });
        let from = Origin::Ip([192, 0, 2, 1].into());
        let mut come = |fingerprint: Option<&str>| {
            assert_eq!(scene.server.admit(from, 0, scene.now), Verdict::Admit);
            let fingerprint = fingerprint.map(str::to_owned);
            let tls = Some(Tls { cipher: String::new(), fingerprint, name: None });
            let conn = scene.server.open(Peer { from, listener: 0, tls }, scene.now, &mut scene.fx);
            scene.server.core().sessions[conn].closing
        };
        assert!(!come(Some("ab")));
        assert!(!come(None));
        assert!(come(Some("cd")), "there are two others from there");
    }

    #[test]
    fn a_session_keeps_to_its_listener_when_others_stand_before_it() {
        let tcp = |port: u16| Address::Tcp(([127, 0, 0, 1], port).into());
        let plain = Listen { address: tcp(1), ..Listen::default() };
        let strict = Listen { address: tcp(2), sts_only: true, ..Listen::default() };
        let config = Config { listen: vec![plain.clone(), strict.clone()], ..Config::default() };
        let mut scene = Scene::with(config.clone());
        let mut open = |listener| {
            let peer = Peer { from: Origin::Local, listener, tls: None };
            scene.server.open(peer, scene.now, &mut scene.fx)
        };
        let (free, barred, gone) = (open(0), open(1), open(0));
        scene.line(gone, "NICK gone");
        scene.line(gone, "USER gone 0 * :G");
        reload(&mut scene, Config { listen: vec![strict.clone(), plain], ..config.clone() });
        for (conn, nick) in [(free, "free"), (barred, "barred")] {
            scene.line(conn, &format!("NICK {nick}"));
            scene.line(conn, &format!("USER {nick} 0 * :N"));
        }
        let closing = |scene: &Scene, conn: ConnId| scene.server.core().sessions[conn].closing;
        assert!(!closing(&scene, free) && closing(&scene, barred));
        // Who is a user stays when the listener goes; who is none yet has to come again.
        let late = scene.server.open(
            Peer { from: Origin::Local, listener: 1, tls: None },
            scene.now,
            &mut scene.fx,
        );
        reload(&mut scene, Config { listen: vec![strict], ..config });
        assert!(!closing(&scene, gone) && closing(&scene, late));
    }

    #[test]
    fn who_is_free_of_the_gate_is_not_made_to_wait_for_a_burst() {
        let class = config::Class {
            flood_burst: Some(2),
            flood_interval: Some(Duration::from_secs(60)),
            ..bridges()
        };
        for exempt in [false, true] {
            let class = config::Class { exempt, ..class.clone() };
            let mut scene = Scene::with(Config { class: vec![class], ..Config::default() });
            let peer = Peer { from: Origin::Local, listener: 0, tls: None };
            let conn = scene.server.open(peer, scene.now, &mut scene.fx);
            let mut said = 0;
            while scene.server.ready(conn) && said < 50 {
                scene.line(conn, "PING x");
                said += 1;
            }
            assert_eq!(said < 50, !exempt, "{said}");
        }
    }
}
