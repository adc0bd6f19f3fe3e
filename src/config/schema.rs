//! Every key, once.

use super::{
    Address, Key, LogFormat, Mistake, NameServer, Reading, Reload, Secret, Trusted,
    dnsbl::{Action, Rule},
    list::{self, begins_a_nick, hashed, is_icon, is_separators, within},
    mail::{self, Encryption},
    nearest::nearest,
    node::{Entry, Node, Value},
    privilege::Priv,
    value::Setting,
};
use crate::{
    time::Sid,
    wire::{
        casemap::Casemap,
        cidr::Cidr,
        name,
        sasl::{MECHANISMS, Mechanism},
    },
};
use std::{fmt::Write, path::PathBuf, time::Duration};

/// A table: `/// documentation` `name Struct { /// documentation`
/// `key: Type = "default as it is written", default, When, least..=most; }`. The range is for numbers and
/// for durations in seconds.
macro_rules! config {
    ($($(#[doc = $about:literal])* $table:ident $name:ident {
        $($(#[doc = $doc:literal])* $key:ident: $type:ty = $shown:literal, $default:expr, $reload:ident $(, $least:literal..=$most:literal)?;)*
    })*) => {
        $($(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[doc = $doc])* pub $key: $type),* }

        impl Default for $name {
            fn default() -> $name {
                $name { $($key: $default),* }
            }
        }

        impl $name {
            const KEYS: &'static [(Key, &'static str)] = &[$((
                Key { table: stringify!($table), name: stringify!($key), reload: Reload::$reload, doc: concat!($($doc),*) },
                $shown,
            )),*];

            /// Reads what stands in the table.
            pub(super) fn read(entries: Vec<Entry>, reading: &mut Reading<'_>) -> $name {
                let mut table = $name::default();
                let mut seen: Vec<String> = Vec::new();
                for entry in entries {
                    reading.source = entry.file;
                    let Some(entry) = from_file(entry, reading) else { continue };
                    if seen.contains(&entry.name) {
                        reading.wrong(entry.at, Mistake::Twice(entry.name));
                        continue;
                    }
                    seen.push(entry.name.clone());
                    match entry.name.as_str() {
                        $(stringify!($key) => {
                            if let Some(value) = setting(stringify!($key), &entry.node, reading) {
                                table.$key = value;
                                $(if !table.$key.within($least, $most) {
                                    reading.wrong(entry.node.at, Mistake::Range(stringify!($key), $least, $most, unit(&table.$key)));
                                })?
                            }
                        })*
                        other => {
                            let near = nearest(other, &[$(stringify!($key)),*]);
                            reading.wrong(entry.at, Mistake::UnknownKey(other.to_owned(), near));
                        }
                    }
                }
                table
            }

            /// Takes back what needs a restart, and names it.
            #[allow(dead_code, unused_variables, reason = "tables of lists are taken as they are")]
            fn keep(&mut self, old: &$name, kept: &mut Vec<&'static str>) {
                $(if Reload::$reload == Reload::Restart && self.$key != old.$key {
                    self.$key = old.$key.clone();
                    kept.push(concat!(stringify!($table), ".", stringify!($key)));
                })*
            }
        })*
    };
}

config! {
    /// Who this server is.
    server Server {
        /// The server's name: a host name with a dot in it, unlike any other on the network.
        name: String = "\"irc.localhost\"", "irc.localhost".into(), Restart;
        /// The network's name, as clients show it.
        network: String = "\"Local\"", "Local".into(), Live;
        /// What LINKS and MAP call the services of the network; without it, `services.` and the domain of the server's name.
        services: Option<String> = "", None, Live;
        /// The server's id on the network: a digit and two digits or capital letters. Made up and kept if none is given.
        sid: Option<Sid> = "", None, Restart;
        /// Which names are the same: `ascii`, `rfc1459`, or `precis`, which allows nicks in every script and none that look alike. The same on all servers of a network.
        casemapping: Casemap = "\"ascii\"", Casemap::Ascii, Restart;
        /// What WHOIS and LINKS say about this server.
        description: String = "\"An slircd server\"", "An slircd server".into(), Restart;
        /// The file with the message of the day. {nick}, {user}, {host}, {server}, {network}, {version}, {users}, {channels} and {date} in it stand for what they say.
        motd: Option<PathBuf> = "", None, Live;
        /// Lines that a new user is told in notices after the message of the day, with the same variables.
        welcome: Vec<String> = "[]", Vec::new(), Live;
        /// The file with the rules that RULES shows.
        rules: Option<PathBuf> = "", None, Live;
        /// Client-only tags that are not passed on, as ISUPPORT CLIENTTAGDENY tells: names without their +, `*` for all, and with a - in front those that pass in spite of it.
        client_tags_denied: Vec<String> = "[]", Vec::new(), Live;
        /// Whether users may take back (REDACT) what they have said.
        redact_own: bool = "true", true, Live;
        /// Whether half-operators and operators of a channel may take back what others have said there.
        redact_others: bool = "true", true, Live;
        /// Who runs the server, as ADMIN tells.
        admin_name: Option<String> = "", None, Live;
        /// Where it is run.
        admin_place: Option<String> = "", None, Live;
        /// How to reach whoever runs it.
        admin_email: Option<String> = "", None, Live;
        /// User modes that everybody begins with, of those that users may set themselves; i makes them invisible. Other letters mean nothing.
        user_modes: String = "\"\"", String::new(), Live;
        /// The web address of the network's picture, for clients that show one.
        icon: Option<String> = "", None, Live;
        /// The hash of a password without which nobody may connect; `slircd hash-password` makes one.
        password: Option<Secret> = "", None, Live;
    }
    /// Where one listener listens. Without any, the server listens on 6667 and, with a certificate of its own making, on 6697 of the loopback addresses.
    listen Listen {
        /// An address with a port, or `unix:` and a path.
        address: Address = "", Address::Unix(PathBuf::new()), Live;
        /// The certificates, for a listener that speaks TLS; the first is for clients that name no other.
        tls: Vec<Tls> = "", Vec::new(), Live;
        /// Proxies (HAProxy, stunnel, Tor) that say for whom they speak, with the PROXY protocol of version 1 or 2: addresses, ranges, or `unix`. Nobody else may then connect here.
        proxy: Vec<Trusted> = "[]", Vec::new(), Live;
        /// Whether clients are browsers, which speak WebSocket.
        websocket: bool = "false", false, Live;
        /// The web sites whose pages may connect, with `*` for anything; all if none is given.
        origins: Vec<String> = "[]", Vec::new(), Live;
        /// Web servers in front of a `websocket` listener that say for whom they speak. They must set X-Forwarded-For (or Forwarded) themselves, and X-Forwarded-Proto if users count as encrypted.
        forwarded: Vec<Trusted> = "[]", Vec::new(), Live;
        /// A name for this listener and others like it, which `listeners` of a `[[class]]` can name.
        label: Option<String> = "", None, Live;
        /// Whether who comes here has to log in to an account (SASL) before anything else.
        require_sasl: bool = "false", false, Live;
        /// Whether clients come by Tor: they get a host of their own and limits of their own, see `[tor]`.
        tor: bool = "false", false, Live;
        /// Whether connections begin in plain text and may turn to TLS with STARTTLS. Old clients only: STS is better.
        starttls: bool = "false", false, Live;
        /// Whether those who do not speak TLS are only told where to connect instead, see `[sts]`.
        sts_only: bool = "false", false, Live;
    }
    /// Strict transport security: clients are told to come back by TLS, and never without it. They then refuse every certificate that they cannot verify.
    sts Sts {
        /// Whether it is told. It never is while a listener for TLS has a certificate that vouches for itself.
        enabled: bool = "false", false, Live;
        /// The port where TLS is spoken.
        port: u16 = "6697", 6697, Live, 1..=65_535;
        /// How long clients are to remember it. Begin with minutes, and end with 30d or more; with 0s they forget.
        duration: Duration = "\"0s\"", Duration::ZERO, Live, 0..=315_360_000;
        /// The host names by which clients must have come (SNI) to be told how long to remember it, with `*.` in front for those directly below; if none is given, by any. Who comes without a name is not told. A proxy has to hand the name on (PROXY version 2 with `authority`).
        names: Vec<String> = "[]", Vec::new(), Live;
        /// Whether the network agrees to stand on lists that clients come with.
        preload: bool = "false", false, Live;
    }
    /// A gateway (a web client, a bouncer) that says with WEBIRC for whom it speaks.
    webirc Webirc {
        /// What WHOIS calls it.
        name: String = "", String::new(), Live;
        /// Its password, or the hash that `slircd hash-password` makes of it.
        password: Option<Secret> = "", None, Live;
        /// The SHA-256 fingerprint of the certificate that it connects with.
        fingerprint: Option<String> = "", None, Live;
        /// Where it connects from: addresses, ranges, or `unix`.
        hosts: Vec<Trusted> = "[]", Vec::new(), Live;
        /// Whether it is believed which certificates its users have.
        certificates: bool = "false", false, Live;
    }
    /// A class of connections with limits of its own; what it does not say is as in `[limits]`. A connection is of the first class of which all fits that `hosts`, `listeners`, `gateways`, `accounts` and `certificate` say, and else of the class default.
    class Class {
        /// Its name, one word, as TRACE, STATS and the extended ban `class` show it.
        name: String = "", String::new(), Live;
        /// Where its connections come from: addresses, ranges, or `unix`.
        hosts: Vec<Trusted> = "[]", Vec::new(), Live;
        /// The listeners they come to: `plain`, `tls`, `websocket`, `unix` or `tor`, or what listeners have as `label`.
        listeners: Vec<String> = "[]", Vec::new(), Live;
        /// The gateways that speak for them, by the `name` of their `[[webirc]]`.
        gateways: Vec<String> = "[]", Vec::new(), Live;
        /// The accounts they have logged in to before they are users, with `*` for anything.
        accounts: Vec<String> = "[]", Vec::new(), Live;
        /// Whether they come by TLS with a certificate of their own.
        certificate: bool = "false", false, Live;
        /// The most connections of this class.
        clients: Option<u32> = "100", None, Live, 1..=1_000_000;
        /// The most connections from one address, whatever their class.
        clients_per_address: Option<u32> = "16", None, Live, 1..=1_000_000;
        /// The most connections from one network, whatever their class.
        clients_per_network: Option<u32> = "64", None, Live, 1..=1_000_000;
        /// How many connections one address may make at once before it has to wait.
        connect_burst: Option<u32> = "16", None, Live, 1..=1_000_000;
        /// How long an address waits for each connection beyond that.
        connect_interval: Option<Duration> = "\"10s\"", None, Live, 0..=86_400;
        /// How long a client may be silent before it is asked whether it is there.
        ping_interval: Option<Duration> = "\"90s\"", None, Live, 1..=86_400;
        /// How long it may then take to answer.
        ping_timeout: Option<Duration> = "\"60s\"", None, Live, 1..=86_400;
        /// How much may wait to be read by a client before it is disconnected.
        send_queue: Option<u64> = "\"1m\"", None, Live, 65_536..=1_073_741_824;
        /// How many commands a client may send at once before it has to wait.
        flood_burst: Option<u32> = "20", None, Live, 1..=1_000_000;
        /// How long it waits for each command beyond that.
        flood_interval: Option<Duration> = "\"500ms\"", None, Live, 0..=3600;
        /// The most channels that a user may be in.
        channels_per_user: Option<usize> = "100", None, Live, 1..=1000;
        /// Whether they are trusted, as bridges to other networks are: no limits by address or network, no waiting for having connected or said too much, let in at every DEFCON level.
        exempt: bool = "false", false, Live;
        /// Whether they have to log in to an account (SASL) before anything else.
        require_sasl: bool = "false", false, Live;
        /// The hash of a password that they have to give (PASS), instead of that of `[server]`.
        password: Option<Secret> = "", None, Live;
    }
    /// Those who come by a `tor` listener.
    tor Tor {
        /// The host that they all have.
        host: String = "\"tor-network.onion\"", "tor-network.onion".into(), Live;
        /// The most of them.
        clients: u32 = "64", 64, Live, 1..=1_000_000;
        /// The most in one circuit, where Tor tells circuits apart (HiddenServiceExportCircuitID haproxy).
        clients_per_circuit: u32 = "4", 4, Live, 1..=1_000_000;
        /// How many may connect at once before they have to wait, all together.
        connect_burst: u32 = "32", 32, Live, 1..=1_000_000;
        /// How long they wait for each connection beyond that.
        connect_interval: Duration = "\"1s\"", Duration::from_secs(1), Live, 0..=86_400;
    }
    /// Bounds of everything that clients can make grow.
    limits Limits {
        /// The most connections.
        clients: u32 = "10000", 10_000, Live, 1..=1_000_000;
        /// The most connections from one address (of IPv6, from one /64).
        clients_per_address: u32 = "16", 16, Live, 1..=1_000_000;
        /// The most connections from one network.
        clients_per_network: u32 = "64", 64, Live, 1..=1_000_000;
        /// What counts as one network of IPv4: addresses of which so many bits are the same.
        network_v4: u8 = "24", 24, Live, 8..=32;
        /// And of IPv6.
        network_v6: u8 = "48", 48, Live, 16..=64;
        /// How many connections one address may make at once before it has to wait.
        connect_burst: u32 = "16", 16, Live, 1..=1_000_000;
        /// How long an address waits for each connection beyond that.
        connect_interval: Duration = "\"10s\"", Duration::from_secs(10), Live, 0..=86_400;
        /// Addresses and ranges for which none of these holds.
        exempt: Vec<Cidr> = "[]", Vec::new(), Live;
        /// How long a client may take for the handshake of TLS, and then again to say who it is.
        registration_timeout: Duration = "\"30s\"", Duration::from_secs(30), Live, 1..=3600;
        /// How long a client may be silent before it is asked whether it is there.
        ping_interval: Duration = "\"90s\"", Duration::from_secs(90), Live, 1..=86_400;
        /// How long it may then take to answer.
        ping_timeout: Duration = "\"60s\"", Duration::from_secs(60), Live, 1..=86_400;
        /// How much may wait to be read by a client before it is disconnected.
        send_queue: u64 = "\"1m\"", 1 << 20, Live, 65_536..=1_073_741_824;
        /// How many commands a client may send at once before it has to wait. Costly ones count as several, and so
        /// does one with a list of targets.
        flood_burst: u32 = "20", 20, Live, 1..=1_000_000;
        /// How long it waits for each command beyond that.
        flood_interval: Duration = "\"500ms\"", Duration::from_millis(500), Live, 0..=3600;
        /// How often an address may give a wrong password before it has to wait.
        login_burst: u32 = "5", 5, Live, 1..=1000;
        /// How long it waits for each attempt beyond that.
        login_interval: Duration = "\"30s\"", Duration::from_secs(30), Live, 0..=86_400;
        /// How often a wrong password may be given for one account, from whatever addresses, before the next has to wait.
        account_login_burst: u32 = "30", 30, Live, 1..=1000;
        /// How long each attempt beyond that waits. The longer, the easier it is for others to keep the owner out.
        account_login_interval: Duration = "\"5s\"", Duration::from_secs(5), Live, 0..=86_400;
        /// How many accounts may be registered from one address at once before it has to wait.
        register_burst: u32 = "3", 3, Live, 1..=1000;
        /// How long it waits for each account beyond that.
        register_interval: Duration = "\"1h\"", Duration::from_secs(3600), Live, 0..=2_592_000;
        /// The longest nick.
        nick: usize = "32", 32, Restart, 1..=64;
        /// The longest user name.
        user: usize = "20", 20, Restart, 2..=32;
        /// The longest real name.
        realname: usize = "150", 150, Restart, 1..=200;
        /// The longest channel name.
        channel: usize = "64", 64, Restart, 2..=100;
        /// The longest topic.
        topic: usize = "390", 390, Restart, 1..=390;
        /// The longest reason of KICK, PART and QUIT.
        kick: usize = "390", 390, Restart, 1..=390;
        /// The longest away message.
        away: usize = "390", 390, Restart, 1..=390;
        /// The longest channel key.
        key: usize = "32", 32, Restart, 1..=64;
        /// The most channels that a user may be in.
        channels_per_user: usize = "100", 100, Live, 1..=1000;
        /// The most channels that an account may have registered.
        channels_per_account: usize = "20", 20, Live, 1..=1000;
        /// The most masks on the lists of one channel.
        list_entries: usize = "100", 100, Live, 1..=10_000;
        /// The most server bans on the network.
        server_bans: usize = "100000", 100_000, Live, 1..=10_000_000;
        /// The most changes with a parameter in one MODE.
        modes: usize = "20", 20, Live, 1..=20;
        /// The most targets of one message or KICK.
        targets: usize = "4", 4, Live, 1..=20;
        /// The most users on an ACCEPT list.
        accept: usize = "100", 100, Live, 1..=1000;
        /// The most masks on a SILENCE list.
        silence: usize = "32", 32, Live, 1..=1000;
        /// The most nicks that a client may monitor.
        monitor: usize = "100", 100, Live, 1..=1000;
        /// The most metadata keys of a user, an account or a channel.
        metadata_keys: usize = "32", 32, Live, 1..=100;
        /// The most metadata keys that a client may be subscribed to.
        metadata_subs: usize = "50", 50, Live, 1..=200;
        /// The longest metadata value.
        metadata_value: usize = "300", 300, Live, 1..=300;
        /// How often a user may change metadata at once before having to wait.
        metadata_burst: u32 = "20", 20, Live, 1..=1_000_000;
        /// How long they then wait for each change.
        metadata_interval: Duration = "\"2s\"", Duration::from_secs(2), Live, 0..=3600;
        /// The most lines of a message of several lines (`draft/multiline`).
        multiline_lines: usize = "32", 32, Restart, 2..=100;
        /// The most bytes of a message of several lines.
        multiline_bytes: usize = "4096", 4096, Restart, 512..=16_384;
        /// Of how many messages it is remembered who said them and where, so that they can be taken back.
        redact_messages: usize = "10000", 10_000, Live, 0..=1_000_000;
        /// How long users may take back what they have said; 0s for as long as it is remembered.
        redact_window: Duration = "\"24h\"", Duration::from_secs(86_400), Live, 0..=31_536_000;
        /// How many reports of users (REPORT) are kept for operators; the oldest goes first.
        reports: usize = "100", 100, Live, 1..=10_000;
        /// How many blocklists that let a client in (`mark`, `require-sasl`) are together enough to refuse it; 0 if none are.
        dnsbl_marks: usize = "0", 0, Live, 0..=100;
        /// For how long a channel that has been renamed (RENAME) keeps its new name.
        rename_interval: Duration = "\"60s\"", Duration::from_secs(60), Live, 0..=86_400;
        /// How many past users WHOWAS remembers.
        whowas: usize = "1000", 1000, Live, 0..=100_000;
        /// How long the server may take to say goodbye.
        stop_timeout: Duration = "\"5s\"", Duration::from_secs(5), Live, 0..=60;
        /// How long a linked server may be out of reach before its users are shown as split.
        split_grace: Duration = "\"60s\"", Duration::from_secs(60), Live, 0..=3600;
        /// How long a linked server may be out of reach before its users are forgotten; if it comes back after that, it has to start anew. If that is more than 30 days later, empty its data folder before: bans, and what was taken from accounts and channels meanwhile, may come back with it.
        split_forget: Duration = "\"7d\"", Duration::from_secs(604_800), Live, 60..=31_536_000;
    }
    /// What outlives the process.
    storage Storage {
        /// The folder for the database and the secrets; else $STATE_DIRECTORY, else ./slircd-data.
        path: Option<PathBuf> = "", None, Restart;
    }
    /// Accounts.
    accounts Accounts {
        /// Whether clients may register accounts.
        registration: bool = "true", true, Live;
        /// Whether they may before they are connected, so that they can come in with one. Not where the server asks for a password.
        registration_before_connect: bool = "true", true, Live;
        /// Whether an account may be called otherwise than its owner's nick.
        custom_names: bool = "false", false, Live;
        /// Whether an account must have a mail address. If `[mail]` is configured, it waits for a code that is sent there.
        email_required: bool = "false", false, Live;
        /// Names that no account may have: masks with * and ?. Those of the services are never free.
        reserved: Vec<String> = "[]", Vec::new(), Live;
        /// How long a password is at least, in bytes.
        password_min: usize = "8", 8, Live, 1..=64;
        /// The ways to log in by SASL: PLAIN sends the password, EXTERNAL takes the client's certificate, with SCRAM-SHA-256 the password is not sent. For the last a verifier is kept beside the hash of each password (PBKDF2, 32768 iterations), on which who steals the database can try passwords faster; without it here there are none.
        sasl: Vec<Mechanism> = "[\"PLAIN\", \"EXTERNAL\", \"SCRAM-SHA-256\"]", MECHANISMS.iter().map(|row| row.0).collect(), Live;
        /// How long somebody may have a nick that belongs to an account without logging in to it; then they are called `guest` and a number. With 0s nobody gets such a nick at all, and whoever does not log in by SASL has to come under another.
        nick_grace: Duration = "\"30s\"", Duration::from_secs(30), Live, 0..=3600;
        /// How the nick begins that they are then given; no account can have one that begins so.
        guest: String = "\"Guest\"", "Guest".into(), Live;
        /// How long an account may go unused until it ends, and up to a day more; with 0s it never does. Those that operators hold (HOLD) stay.
        expire: Duration = "\"0s\"", Duration::ZERO, Live, 0..=315_360_000;
        /// How many nicks an account may have.
        nicks: usize = "10", 10, Live, 1..=100;
        /// How long a new account waits for its code, and a new mail address for its own, if `[mail]` is configured; the nick is held meanwhile.
        verify_timeout: Duration = "\"1d\"", Duration::from_secs(86_400), Live, 60..=604_800;
        /// The most accounts of the network that wait so.
        unverified: usize = "1000", 1000, Live, 1..=100_000;
        /// How long a code for a new password is good.
        reset_timeout: Duration = "\"1h\"", Duration::from_secs(3600), Live, 60..=86_400;
        /// How many memos may be left for an account.
        memos: usize = "30", 30, Live, 0..=100;
    }
    /// Mail: codes for new accounts (if `accounts.email_required`), for other mail addresses, and for passwords that are lost. None is sent without `server` or `sendmail`.
    mail Mail {
        /// The mail server that takes mail from here: a host name or an address.
        server: Option<String> = "", None, Live;
        /// Its port; else 465 with `implicit`, 587 with `starttls`, 25 with `none`.
        port: Option<u16> = "465", None, Live, 1..=65_535;
        /// How the connection is encrypted: `implicit` from the beginning, `starttls` after the first words, `none` only if the mail server is this machine.
        tls: Encryption = "\"implicit\"", Encryption::Implicit, Live;
        /// The certificates (PEM) of those who vouch for the mail server; else those of the system.
        ca_file: Option<PathBuf> = "", None, Live;
        /// The user to log in as there.
        user: Option<String> = "", None, Live;
        /// The password of that user.
        password: Option<Secret> = "", None, Live;
        /// Or a program that takes mail as sendmail does: it is run with -i -f, the sender, -- and the recipient, and reads the mail. As a unit of systemd, slircd needs a drop-in that lets it run such a program.
        sendmail: Option<PathBuf> = "", None, Live;
        /// The mail address that mail comes from.
        from: Option<String> = "", None, Live;
        /// How long sending one mail may take.
        timeout: Duration = "\"30s\"", Duration::from_secs(30), Live, 1..=300;
        /// How long to wait when a mail could not be sent; each time twice as long, at most an hour.
        retry: Duration = "\"1m\"", Duration::from_secs(60), Live, 1..=3600;
        /// When to give a mail up that cannot be sent.
        give_up: Duration = "\"1d\"", Duration::from_secs(86_400), Live, 60..=604_800;
        /// The most mails that wait to be sent.
        queue: usize = "1000", 1000, Live, 1..=100_000;
        /// The most mails in an hour. Memos are at most half of these, of those to one address and of those that wait, so that nobody is kept from a code by them.
        hourly: u32 = "100", 100, Live, 1..=100_000;
        /// The most mails to one address in an hour.
        hourly_address: u32 = "5", 5, Live, 1..=1000;
        /// What is written to the address of a new account: the subject, an empty line, and the text. {account}, {network}, {server}, {code} and {time}, for which the code is good, stand for what they say.
        verify: String = "\"Your account {account} on {network}\\n\\nThe account {account} has been registered on {network}\\nwith this mail address. To complete that, say there:\\n\\n    /msg NickServ VERIFY {account} {code}\\n\\nThe code is good for {time}. If it was not you who did that, do\\nnothing: the account is then forgotten.\\n\"", mail::VERIFY.into(), Live;
        /// What is written to somebody who wants a new password.
        reset: String = "\"A new password for {account} on {network}\\n\\nSomebody has asked for a new password for the account {account}\\non {network}. If that was you, say there:\\n\\n    /msg NickServ RESETPASS {account} {code} <new password>\\n\\nThe code is good for {time}. If it was not you, do nothing: your\\npassword stays as it is.\\n\"", mail::RESET.into(), Live;
        /// What is written to an address that an account is to have from now on.
        address: String = "\"Your mail address on {network}\\n\\nThe account {account} on {network} is to have this mail address.\\nTo confirm that, log in there and say:\\n\\n    /msg NickServ VERIFYEMAIL {code}\\n\\nThe code is good for {time}. If it is not your account, do nothing.\\n\"", mail::ADDRESS.into(), Live;
        /// What is written to the address that it had before; without a code.
        changed: String = "\"Another mail address for {account} on {network}\\n\\nThe account {account} on {network} has another mail address now,\\nand nothing more is sent to this one. If it was not you who did that,\\nturn to those who run {network}.\\n\"", mail::CHANGED.into(), Live;
        /// What is written to somebody who wants memos by mail (NickServ SET EMAILMEMOS). {sender} stands for the account that has left it, and {memo} for what it says.
        memo: String = "\"A memo from {sender} on {network}\\n\\n{sender} has left a memo for the account {account} on {network}:\\n\\n{memo}\\n\\nIt waits there as well:\\n\\n    /msg MemoServ READ NEW\\n\\nNo more are sent here after /msg NickServ SET EMAILMEMOS off.\\n\"", mail::MEMO.into(), Live;
    }
    /// Hosts of people's own choice, which their accounts have (HostServ).
    vhosts Vhosts {
        /// Whether users may ask for one. Operators with the privilege `vhosts` then allow it or not.
        requests: bool = "true", true, Live;
        /// How long an account waits between two requests.
        interval: Duration = "\"7d\"", Duration::from_secs(604_800), Live, 0..=31_536_000;
        /// Hosts that nobody can ask for: masks with * and ?. Operators can give them all the same.
        forbidden: Vec<String> = "[\"*admin*\", \"*oper.*\", \"*staff*\"]", ["*admin*", "*oper.*", "*staff*"].map(Into::into).into(), Live;
    }
    /// Registered channels.
    channels Channels {
        /// Whether whoever is logged in may register a channel that they are operator of; if not, only operators of the network with the privilege `channels` may.
        registration: bool = "true", true, Live;
        /// After how long a registration ends if nobody with access has entered the channel, and nobody is in it; 0s for never. ChanServ HOLD keeps one for good.
        expire: Duration = "\"0s\"", Duration::ZERO, Live, 0..=315_360_000;
    }
    /// How addresses are hidden.
    cloak Cloak {
        /// Whether hosts are cloaked at all.
        enabled: bool = "true", true, Restart;
        /// The key; the same on all servers of a network. Made up and kept in the data folder if none is given.
        secret: Option<Secret> = "", None, Restart;
        /// What cloaked hosts end with.
        suffix: String = "\"ip\"", "ip".into(), Restart;
    }
    /// An operator of the network.
    oper Oper {
        /// The name that OPER is given.
        name: String = "", String::new(), Live;
        /// The hash of the password; `slircd hash-password` makes one.
        password: Option<Secret> = "", None, Live;
        /// What the operator may do: `admin` (everything), `oper`, `helper`, or an `[[oper_class]]`.
        class: String = "\"admin\"", "admin".into(), Live;
        /// The SHA-256 fingerprint of the certificate that the operator must connect with.
        fingerprint: Option<String> = "", None, Live;
        /// Masks, one of which `user@host` of the operator must fit.
        masks: Vec<String> = "[]", Vec::new(), Live;
    }
    /// A class of operators. The classes admin, oper and helper are there without being configured.
    oper_class OperClass {
        /// The name that `class` of an operator names.
        name: String = "", String::new(), Live;
        /// A class whose privileges this one has as well.
        extends: Option<String> = "", None, Live;
        /// What operators of this class may do: accounts, announce, audit, ban, channels, defcon, die, forbid, force, identity, jupe, kill, override, rehash, relay, reports, restart, see, vhosts.
        privileges: Vec<Priv> = "[]", Vec::new(), Live;
    }
    /// The look-up of host names.
    dns Dns {
        /// Whether the names of clients' addresses are looked up. A name counts if it leads back to the address.
        enabled: bool = "true", true, Live;
        /// The servers to ask, at most 8, with a port if it is not 53; else those of /etc/resolv.conf. Only these are asked about addresses of this machine itself.
        servers: Vec<NameServer> = "[]", Vec::new(), Live, 0..=8;
        /// How long a client waits for its name; then it is shown by its address.
        timeout: Duration = "\"3s\"", Duration::from_secs(3), Live, 1..=30;
    }
    /// A blocklist: a list of addresses that do harm, which is asked about everybody who connects. None is asked that does not stand here, since whoever runs it learns who connects.
    dnsbl Dnsbl {
        /// What it is called in notices and reasons.
        name: String = "", String::new(), Live;
        /// The zone where it is asked by DNS.
        zone: Option<String> = "", None, Live;
        /// Or the web address where it, or a script of your own, is asked by HTTP, with {address} where the address belongs.
        url: Option<Secret> = "", None, Live;
        /// The certificates (PEM) of those who vouch for an https:// server; else those of the system.
        ca_file: Option<PathBuf> = "", None, Live;
        /// The replies that count: of a zone by the last number ("3", "5-7"), by its bits ("&6") or by address ("127.0.1.0/24"), any if none is given; of a page by the status ("200") or by a text in it ("\"proxy\":\"yes\""), whatever its white space. With => behind it a reply has an action of its own, as "9 => ban".
        replies: Vec<Rule> = "[]", Vec::new(), Live;
        /// What is done about an address that is listed: `mark` tells operators, `require-sasl` lets in only those who log in to an account, `refuse` lets in nobody, `ban` bans it from the network (a Z-line).
        action: Action = "\"mark\"", Action::Mark, Live;
        /// How long `ban` bans.
        duration: Duration = "\"1d\"", Duration::from_secs(86_400), Live, 60..=31_536_000;
        /// What those are told who are not let in; {address}, {provider} and {reply} in it stand for what they say, {address} only where nobody else sees it.
        reason: String = "\"Your address is listed by {provider} ({reply})\"", "Your address is listed by {provider} ({reply})".into(), Live;
        /// How long a client waits for the reply. What is replied a little later still counts, and puts out who has been let in.
        timeout: Duration = "\"3s\"", Duration::from_secs(3), Live, 1..=10;
        /// How long a reply is remembered.
        remember: Duration = "\"1h\"", Duration::from_secs(3600), Live, 0..=604_800;
        /// Addresses and ranges that it is never asked about, besides those of `limits.exempt` and of gateways.
        exempt: Vec<Cidr> = "[]", Vec::new(), Live;
        /// Whether it is asked about private addresses too, as a list of your own may be.
        private: bool = "false", false, Live;
    }
    /// Reputation: for how long people have been here from an address (of IPv6, from a /64). It earns a point for five minutes in which somebody is here from it, two if they are logged in, and loses all when nobody comes for as many hours as it has points. Each server keeps its own.
    reputation Reputation {
        /// Whether points are earned and count.
        enabled: bool = "true", true, Live;
        /// From how many points on an address is trusted: no blocklist is asked about it, and it may connect as often as it likes. With 0 none is.
        trusted: u32 = "24", 24, Live, 0..=10_000;
        /// The most addresses that are remembered.
        addresses: usize = "20000", 20_000, Live, 0..=1_000_000;
    }
    /// Where addresses belong, for bans by country and network, and for operators in WHOIS. The files are databases in the MaxMind format (.mmdb), as GeoLite2 and DB-IP are; each takes as much memory as it is long.
    geo Geo {
        /// The database of countries.
        country: Option<PathBuf> = "", None, Live;
        /// The database of networks (autonomous systems).
        asn: Option<PathBuf> = "", None, Live;
    }
    /// Bridges to other networks, which say what is said there under the names of those who say it (RELAYMSG).
    relaymsg RelayMsg {
        /// Whether there may be any.
        enabled: bool = "true", true, Live;
        /// Whether operators of a channel may relay into it; if not, it takes an operator of the network with the privilege `relay`.
        operators: bool = "true", true, Live;
        /// The characters of which a relayed nick has at least one, and no nick of this network.
        separators: String = "\"/\"", "/".into(), Live;
    }
    /// Playing parts: NPC, NPCA, SCENE and AMBIANCE, in channels with +E and to users with +E.
    roleplay Roleplay {
        /// Whether it is possible at all.
        enabled: bool = "false", false, Live;
        /// Whether it takes an operator of the channel.
        operators_only: bool = "false", false, Live;
        /// Whether the nick of who speaks stands behind the words.
        suffix: bool = "true", true, Live;
    }
    /// The log, on standard error.
    log Log {
        /// `plain` for people, `journal` for systemd, `json` for programs.
        format: LogFormat = "\"plain\"", LogFormat::Plain, Restart;
        /// How much is logged: error, warn, info, debug or trace.
        level: log::LevelFilter = "\"info\"", log::LevelFilter::Info, Live;
    }
}

/// A certificate of a listener.
#[derive(Clone, Debug, PartialEq)]
pub struct Tls {
    /// The file with the certificate chain, PEM.
    pub certificate: PathBuf,
    /// The file with the private key, PEM.
    pub key: PathBuf,
    /// The host names it is for.
    pub names: Vec<String>,
}

/// All settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[[listen]]`
    pub listen: Vec<Listen>,
    /// `[sts]`
    pub sts: Sts,
    /// `[[class]]`
    pub class: Vec<Class>,
    /// `[[webirc]]`
    pub webirc: Vec<Webirc>,
    /// `[tor]`
    pub tor: Tor,
    /// `[limits]`
    pub limits: Limits,
    /// `[storage]`
    pub storage: Storage,
    /// `[cloak]`
    pub cloak: Cloak,
    /// `[[oper]]`
    pub oper: Vec<Oper>,
    /// `[[oper_class]]`
    pub oper_class: Vec<OperClass>,
    /// `[dns]`
    pub dns: Dns,
    /// `[[dnsbl]]`
    pub dnsbl: Vec<Dnsbl>,
    /// `[reputation]`
    pub reputation: Reputation,
    /// `[geo]`
    pub geo: Geo,
    /// `[relaymsg]`
    pub relaymsg: RelayMsg,
    /// `[roleplay]`
    pub roleplay: Roleplay,
    /// `[accounts]`
    pub accounts: Accounts,
    /// `[channels]`
    pub channels: Channels,
    /// `[mail]`
    pub mail: Mail,
    /// `[vhosts]`
    pub vhosts: Vhosts,
    /// `[log]`
    pub log: Log,
}

const TABLES: &[&str] = &[
    "server",
    "listen",
    "class",
    "sts",
    "webirc",
    "tor",
    "limits",
    "storage",
    "cloak",
    "oper",
    "oper_class",
    "dns",
    "dnsbl",
    "reputation",
    "geo",
    "relaymsg",
    "roleplay",
    "accounts",
    "channels",
    "mail",
    "vhosts",
    "log",
    "include",
];

/// Those of which there can be several.
const LISTS: &[&str] = &["class", "listen", "webirc", "oper", "oper_class", "dnsbl"];

impl Config {
    pub(super) fn read(entries: Vec<Entry>, reading: &mut Reading<'_>) -> Config {
        let mut config = Config::default();
        let mut single: Vec<(String, Vec<Entry>)> = Vec::new();
        let mut named = list::Named::default();
        for entry in entries {
            reading.source = entry.file;
            let file = entry.file;
            match (entry.name.as_str(), entry.node.value) {
                ("include", Value::Array(_)) if file > 0 => {
                    reading.wrong(entry.at, Mistake::NestedInclude);
                }
                ("include", Value::Array(items)) => {
                    for item in items.iter().filter(|item| !matches!(item.value, Value::Text(_))) {
                        reading.wrong(item.at, Mistake::Wants("include", "a list of file names"));
                    }
                }
                (name, Value::Array(items)) if LISTS.contains(&name) => {
                    for item in items {
                        list::read(&mut config, &mut named, name, item, file, reading);
                    }
                }
                (
                    name @ ("server" | "sts" | "tor" | "limits" | "storage" | "cloak" | "dns"
                    | "reputation" | "geo" | "relaymsg" | "roleplay" | "accounts"
                    | "channels" | "mail" | "vhosts" | "log"),
                    Value::Table(entries),
                ) => match single.iter_mut().find(|table| table.0 == name) {
                    Some(table) => table.1.extend(within(entries, file)),
                    None => single.push((name.to_owned(), within(entries, file))),
                },
                (name, _) if TABLES.contains(&name) => {
                    let wants = match name {
                        list if LISTS.contains(&list) => "a list of tables ([[…]])",
                        "include" => "a list of file names",
                        _ => "a table ([…])",
                    };
                    let name =
                        TABLES.iter().find(|table| **table == name).copied().unwrap_or_default();
                    reading.wrong(entry.at, Mistake::Wants(name, wants));
                }
                (name, value) => {
                    let is_table = matches!(value, Value::Table(_) | Value::Array(_));
                    let home = keys().find(|key| key.name == name).filter(|_| !is_table);
                    let near = nearest(name, TABLES);
                    let mistake = match home {
                        Some(key) => Mistake::Misplaced(name.to_owned(), key.table),
                        None => Mistake::UnknownTable(name.to_owned(), near),
                    };
                    reading.wrong(entry.at, mistake);
                }
            }
        }
        for (name, entries) in single {
            config.table(&name, entries, reading);
        }
        named.check(&config, reading);
        config
    }

    #[allow(clippy::too_many_lines, reason = "an arm for each table")]
    fn table(&mut self, name: &str, entries: Vec<Entry>, reading: &mut Reading<'_>) {
        // What several files have to say about a table is known by where each key stands.
        let keys: Vec<(String, usize, usize)> =
            entries.iter().map(|entry| (entry.name.clone(), entry.file, entry.node.at)).collect();
        let at = |reading: &mut Reading<'_>, names: &[&str]| {
            let key = keys.iter().find(|key| names.contains(&key.0.as_str()));
            reading.source = key.map_or(reading.source, |key| key.1);
            key.map_or(0, |key| key.2)
        };
        match name {
            "server" => {
                self.server = Server::read(entries, reading);
                self.server.check(at, reading);
            }
            "sts" => {
                self.sts = Sts::read(entries, reading);
                let port = self.sts.port;
                if self.sts.enabled && !list::is_served(&self.listen, port) {
                    let at = at(reading, &["enabled", "port"]);
                    reading.wrong(at, Mistake::StsPort(port));
                }
            }
            "tor" => {
                self.tor = Tor::read(entries, reading);
                if !name::is_server_name(&self.tor.host) {
                    let at = at(reading, &["host"]);
                    reading.wrong(at, Mistake::Wants("host", "a host name with a dot in it"));
                }
            }
            "cloak" => {
                self.cloak = Cloak::read(entries, reading);
                let weak = self.cloak.secret.as_ref().is_some_and(Secret::is_weak);
                if weak && !reading.allow_insecure_cloak {
                    let at = at(reading, &["secret", "secret_file"]);
                    reading.wrong(at, Mistake::WeakSecret);
                }
                if !name::is_host_name(&self.cloak.suffix) || self.cloak.suffix.len() > 32 {
                    let at = at(reading, &["suffix"]);
                    reading.wrong(at, Mistake::Wants("suffix", SUFFIX));
                }
            }
            "relaymsg" => {
                self.relaymsg = RelayMsg::read(entries, reading);
                if !is_separators(&self.relaymsg.separators) {
                    let at = at(reading, &["separators"]);
                    reading.wrong(at, Mistake::Wants("separators", list::SEPARATORS));
                }
            }
            "accounts" => {
                self.accounts = Accounts::read(entries, reading);
                if !begins_a_nick(&self.accounts.guest) {
                    let at = at(reading, &["guest"]);
                    reading.wrong(at, Mistake::Wants("guest", "the beginning of a nick, as Guest"));
                }
            }
            "mail" => {
                self.mail = Mail::read(entries, reading);
                self.mail.check(at, reading);
            }
            _ => self.plain_table(name, entries, reading),
        }
    }

    /// A table of which each value is right by itself.
    fn plain_table(&mut self, name: &str, entries: Vec<Entry>, reading: &mut Reading<'_>) {
        match name {
            "limits" => self.limits = Limits::read(entries, reading),
            "storage" => self.storage = Storage::read(entries, reading),
            "roleplay" => self.roleplay = Roleplay::read(entries, reading),
            "dns" => self.dns = Dns::read(entries, reading),
            "channels" => self.channels = Channels::read(entries, reading),
            "geo" => self.geo = Geo::read(entries, reading),
            "reputation" => self.reputation = Reputation::read(entries, reading),
            "vhosts" => self.vhosts = Vhosts::read(entries, reading),
            _ => self.log = Log::read(entries, reading),
        }
    }

    /// Takes back from a new configuration what needs a restart, and names it.
    pub fn keep(&mut self, old: &Config) -> Vec<&'static str> {
        let mut kept = Vec::new();
        self.server.keep(&old.server, &mut kept);
        self.limits.keep(&old.limits, &mut kept);
        self.storage.keep(&old.storage, &mut kept);
        self.cloak.keep(&old.cloak, &mut kept);
        self.dns.keep(&old.dns, &mut kept);
        self.relaymsg.keep(&old.relaymsg, &mut kept);
        self.accounts.keep(&old.accounts, &mut kept);
        self.channels.keep(&old.channels, &mut kept);
        self.mail.keep(&old.mail, &mut kept);
        self.vhosts.keep(&old.vhosts, &mut kept);
        self.roleplay.keep(&old.roleplay, &mut kept);
        self.log.keep(&old.log, &mut kept);
        kept
    }
}

impl Server {
    /// That what it says can be.
    fn check(&self, at: impl Fn(&mut Reading<'_>, &[&str]) -> usize, reading: &mut Reading<'_>) {
        if !name::is_server_name(&self.name) {
            let at = at(reading, &["name"]);
            reading.wrong(at, Mistake::ServerName);
        }
        if self.services.as_deref().is_some_and(|name| !name::is_server_name(name)) {
            let at = at(reading, &["services"]);
            reading.wrong(at, Mistake::Wants("services", "a host name with a dot in it"));
        }
        if self.icon.as_deref().is_some_and(|icon| !is_icon(icon)) {
            let at = at(reading, &["icon"]);
            reading.wrong(at, Mistake::Wants("icon", ICON));
        }
        let at = at(reading, &["password", "password_file"]);
        hashed(self.password.as_ref(), at, reading);
    }
}

/// A `…_file` key becomes the key with what stands in the file.
fn from_file(mut entry: Entry, reading: &mut Reading<'_>) -> Option<Entry> {
    let Some(name) =
        entry.name.strip_suffix("_file").filter(|name| matches!(*name, "secret" | "password"))
    else {
        return Some(entry);
    };
    let name = name.to_owned();
    let Value::Text(path) = &entry.node.value else {
        reading.wrong(entry.node.at, Mistake::Wants("…_file", "the name of a file"));
        return None;
    };
    match (reading.file)(path.as_ref()) {
        Ok(text) => {
            entry.node.value = Value::Text(text.trim_end_matches(['\r', '\n']).to_owned());
            entry.name = name;
            Some(entry)
        }
        Err(error) => {
            reading.wrong(entry.node.at, Mistake::Unreadable(path.clone(), error.kind()));
            None
        }
    }
}

fn setting<T: Setting>(name: &'static str, node: &Node, reading: &mut Reading<'_>) -> Option<T> {
    let value = T::read(&node.value);
    if value.is_none() {
        reading.wrong(node.at, Mistake::Wants(name, T::WANTS));
    }
    value
}

impl Setting for Tls {
    const WANTS: &'static str =
        "{ certificate = \"…\", key = \"…\" }, or a list of these with `names`";

    fn read(value: &Value) -> Option<Tls> {
        let Value::Table(entries) = value else { return None };
        let known = entries
            .iter()
            .all(|entry| matches!(entry.name.as_str(), "certificate" | "key" | "names"));
        let find = |name: &str| {
            entries.iter().find(|entry| entry.name == name).map(|entry| &entry.node.value)
        };
        let names = find("names").map_or(Some(Vec::new()), Vec::read)?;
        let (certificate, key) =
            (PathBuf::read(find("certificate")?)?, PathBuf::read(find("key")?)?);
        known.then_some(Tls { certificate, key, names })
    }
}

/// What has a range.
trait Within {
    /// What it is counted in.
    const UNIT: &'static str;

    fn within(&self, least: u64, most: u64) -> bool;
}

macro_rules! within {
    ($($type:ty: $unit:literal, $number:ident => $value:expr;)*) => { $(
        impl Within for $type {
            const UNIT: &'static str = $unit;

            fn within(&self, least: u64, most: u64) -> bool {
                let $number = self;
                (least..=most).contains(&$value)
            }
        }
    )* };
}

within! {
    u8: " bits", number => u64::from(*number);
    u16: "", number => u64::from(*number);
    u32: "", number => u64::from(*number);
    u64: "", number => *number;
    usize: "", number => *number as u64;
    Duration: "s", number => number.as_secs();
    Vec<NameServer>: " entries", list => list.len() as u64;
}

impl<T: Within> Within for Option<T> {
    const UNIT: &'static str = T::UNIT;

    fn within(&self, least: u64, most: u64) -> bool {
        self.as_ref().is_none_or(|value| value.within(least, most))
    }
}

fn unit<T: Within>(_: &T) -> &'static str {
    T::UNIT
}

fn all() -> [&'static [(Key, &'static str)]; 22] {
    [
        Server::KEYS,
        Listen::KEYS,
        Class::KEYS,
        Sts::KEYS,
        Webirc::KEYS,
        Tor::KEYS,
        Limits::KEYS,
        Storage::KEYS,
        Cloak::KEYS,
        Oper::KEYS,
        OperClass::KEYS,
        Dns::KEYS,
        Dnsbl::KEYS,
        Reputation::KEYS,
        Geo::KEYS,
        RelayMsg::KEYS,
        Roleplay::KEYS,
        Accounts::KEYS,
        Channels::KEYS,
        Mail::KEYS,
        Vhosts::KEYS,
        Log::KEYS,
    ]
}

/// Every key, in the order of the example.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    all().into_iter().flatten().map(|row| &row.0)
}

/// The annotated configuration, with every key at its default, commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# The configuration of slircd. What is commented out is as it would be without the line.\n# Secrets can stand in files of their own: secret_file, password_file.\n# Files that are read are looked for from the folder of this one.\n\n# More files to read.\n#include = [\"conf.d/*.toml\"]\n",
    );
    for table in all() {
        let Some(name) = table.first().map(|row| row.0.table) else { continue };
        let (open, close, off) =
            if LISTS.contains(&name) { ("[[", "]]", "#") } else { ("[", "]", "") };
        let _ = writeln!(text, "\n{off}{open}{name}{close}");
        for (key, shown) in table {
            let when = if key.reload == Reload::Restart { " Takes a restart." } else { "" };
            let _ = writeln!(
                text,
                "#{}{when}\n#{} = {}",
                key.doc,
                key.name,
                if shown.is_empty() { sample(key) } else { shown }
            );
        }
    }
    text
}

/// What two keys want to be.
const ICON: &str = "a web address of at most 200 characters, as https://example.org/icon.png";
const SUFFIX: &str = "the end of a host name, as ip or users.example";

/// A value for a key that has no default.
fn sample(key: &Key) -> &'static str {
    match (key.table, key.name) {
        ("server", "services") => "\"services.example.org\"",
        ("server", "icon") => "\"https://example.org/icon.png\"",
        ("server", "sid") => "\"0AB\"",
        ("server", "motd") => "\"/etc/slircd/motd.txt\"",
        ("server", "rules") => "\"/etc/slircd/rules.txt\"",
        ("server", "admin_name") => "\"Alice\"",
        ("server", "admin_place") => "\"A cupboard in Berlin\"",
        ("server", "admin_email") => "\"alice@example.org\"",
        ("class", "name") => "\"bridges\"",
        ("listen", "label") => "\"inside\"",
        ("listen", "address") => "\"[::]:6697\"",
        ("listen", "tls") => {
            "{ certificate = \"/etc/slircd/tls/fullchain.pem\", key = \"/etc/slircd/tls/privkey.pem\" }"
        }
        ("storage", "path") => "\"/var/lib/slircd\"",
        ("webirc", "name") => "\"webchat\"",
        ("geo", "country") => "\"/var/lib/GeoIP/GeoLite2-Country.mmdb\"",
        ("geo", "asn") => "\"/var/lib/GeoIP/GeoLite2-ASN.mmdb\"",
        ("dnsbl", "name") => "\"DroneBL\"",
        ("dnsbl", "zone") => "\"dnsbl.dronebl.org\"",
        ("dnsbl", "url") => "\"http://127.0.0.1:8080/check?address={address}\"",
        (_, "ca_file") => "\"/etc/ssl/certs/ca-certificates.crt\"",
        ("mail", "server") => "\"mail.example.org\"",
        ("mail", "user") => "\"irc\"",
        ("mail", "password") => "\"…\"",
        ("mail", "sendmail") => "\"/usr/sbin/sendmail\"",
        ("mail", "from") => "\"irc@example.org\"",
        ("oper", "name") => "\"alice\"",
        ("oper_class", "name") => "\"guard\"",
        ("oper_class", "extends") => "\"helper\"",
        (_, "fingerprint") => "\"0123…\"",
        (_, "secret") => "\"…\"",
        _ => "\"$argon2id$…\"",
    }
}
