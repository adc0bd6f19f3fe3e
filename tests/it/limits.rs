//! Every key of `[limits]` is reached by a test, here or beside what it limits, which says what then happens.

use slircd::{config::schema, sim::script::check};
use std::{collections::BTreeSet, fs};

/// Each key, and where it is reached.
const REACHED: &[(&str, &str)] = &[
    ("accept", "src/command/accept.rs"),
    ("account_login_burst", "src/command/authenticate.rs"),
    ("account_login_interval", "src/command/authenticate.rs"),
    ("away", HERE),
    ("channel", HERE),
    ("channels_per_account", "src/service/chanserv/register.rs"),
    ("channels_per_user", "src/command/join.rs"),
    ("clients", "src/core/admission.rs"),
    ("clients_per_address", "src/core/admission.rs"),
    ("clients_per_network", "src/core/class.rs"),
    ("connect_burst", "src/core/admission.rs"),
    ("connect_interval", "src/core/admission.rs"),
    ("dnsbl_marks", "src/core/blocklist/tests.rs"),
    ("exempt", "src/core/admission.rs"),
    ("flood_burst", "src/command/pong.rs"),
    ("flood_interval", "src/command/pong.rs"),
    ("key", HERE),
    ("kick", HERE),
    ("list_entries", "src/command/modelist.rs"),
    ("login_burst", "src/command/oper.rs"),
    ("login_interval", HERE),
    ("metadata_burst", "src/command/metadata.rs"),
    ("metadata_interval", HERE),
    ("metadata_keys", "src/command/metadata.rs"),
    ("metadata_subs", "src/command/subscription.rs"),
    ("metadata_value", HERE),
    ("modes", HERE),
    ("monitor", "src/command/monitor.rs"),
    ("multiline_bytes", "src/command/batch.rs"),
    ("multiline_lines", "src/command/batch.rs"),
    ("network_v4", HERE),
    ("network_v6", HERE),
    ("nick", HERE),
    ("ping_interval", "src/command/pong.rs"),
    ("ping_timeout", "src/command/pong.rs"),
    ("realname", HERE),
    ("redact_messages", "src/command/redact.rs"),
    ("redact_window", "src/command/redact.rs"),
    ("register_burst", "src/core/account.rs"),
    ("register_interval", "src/core/account.rs"),
    ("registration_timeout", "src/command/pong.rs"),
    ("rename_interval", "src/command/rename.rs"),
    ("reports", "src/command/report.rs"),
    ("send_queue", "src/reactor/tests.rs"),
    ("server_bans", "src/command/uban.rs"),
    ("silence", "src/command/silence.rs"),
    ("split_forget", "src/link/mod.rs"),
    ("split_grace", HERE),
    ("stop_timeout", "tests/it/sockets/process.rs"),
    ("targets", HERE),
    ("topic", HERE),
    ("user", HERE),
    ("whowas", "src/command/whowas.rs"),
];

const HERE: &str = "tests/it/limits.rs";

#[test]
fn every_limit_is_reached_by_a_test() {
    let keys: BTreeSet<&str> =
        schema::keys().filter(|key| key.table == "limits").map(|key| key.name).collect();
    let rows: BTreeSet<&str> = REACHED.iter().map(|row| row.0).collect();
    assert_eq!(keys, rows);
    for (key, path) in REACHED {
        let text = fs::read_to_string(path).unwrap();
        // In a file of tests, behind this list.
        let tests = text.split_once("#[cfg(test)]").map_or(text.as_str(), |parts| parts.1);
        let tests = tests.split_once("];\n").filter(|_| *path == HERE).map_or(tests, |list| list.1);
        let named = ["limits.{key} ", "limits.{key} =", "{key}: ", "{key} = ", "\"{key} "];
        let named = named.map(|name| name.replace("{key}", key));
        assert!(named.iter().any(|name| tests.contains(name)), "{path} does not reach {key}");
    }
}

#[test]
fn names_are_so_long_and_no_longer() {
    check(
        r"
        config limits.nick 5
        config limits.user 4
        config limits.realname 6
        config limits.channel 4
        raw a
        a > NICK alicia
        a <~ :s1.test 432 * alicia :Erroneous nickname: it has at most 5 *
        a > NICK alice
        a > USER alicia 0 * :Alicia Long
        a < :s1.test 001 alice :Welcome to the Test IRC network, alice!~ali@a.test
        a <~ :s1.test 005 alice * NICKLEN=5 *
        a > WHOIS alice
        a < :s1.test 311 alice alice ~ali a.test * :Alicia
        a > CAP REQ :setname standard-replies
        a > SETNAME :Alicia L
        a <~ :s1.test FAIL SETNAME INVALID_REALNAME :*
        a > JOIN #abcd
        a < :s1.test 476 alice #abcd :Bad Channel Mask: a channel's name begins with # and has at most 4 bytes
        a > JOIN #abc
        a < :alice!~ali@a.test JOIN #abc
        ",
    );
}

#[test]
fn what_is_said_is_cut_where_it_is_too_long() {
    check(
        r"
        config limits.topic 5
        config limits.kick 6
        config limits.away 7
        alice > JOIN #a
        bob   > JOIN #a
        alice > TOPIC #a :one two
        bob   < :alice!~alice@alice.test TOPIC #a :one t
        alice > AWAY :gone for lunch
        bob   > WHOIS alice
        bob   < :s1.test 301 bob alice :gone fo
        alice > KICK #a bob :go away now
        bob   < :alice!~alice@alice.test KICK #a bob :go awa
        alice > PART #a :good bye
        bob   > JOIN #a
        alice > JOIN #a
        alice > QUIT :good bye all
        bob   < :alice!~alice@alice.test QUIT :Quit: good b
        ",
    );
}

#[test]
fn a_key_and_a_value_that_are_too_long_are_refused() {
    check(
        r"
        config limits.key 4
        config limits.metadata_value 4
        alice > JOIN #a
        alice > MODE #a +k sesame
        alice < :s1.test 525 alice #a :Key is not well-formed
        alice > MODE #a +k open
        alice < :alice!~alice@alice.test MODE #a +k open
        alice > CAP REQ :draft/metadata-2 batch
        alice > METADATA * SET url :12345
        alice <~ :s1.test FAIL METADATA VALUE_INVALID *
        alice > METADATA * SET url :1234
        alice <~ :s1.test 761 alice alice url * :1234
        ",
    );
}

#[test]
fn one_command_changes_and_reaches_so_much() {
    check(
        r"
        config limits.modes 2
        config limits.targets 2
        alice > JOIN #a
        alice <~ :s1.test 353 *
        alice > MODE #a +bbb one two three
        alice < :alice!~alice@alice.test MODE #a +bb one!*@* two!*@*
        alice > MODE #a b
        alice <! three
        bob   > PING x
        carol > PING x
        alice > PRIVMSG bob,carol,alice :hi
        bob   < :alice!~alice@alice.test PRIVMSG bob :hi
        carol < :alice!~alice@alice.test PRIVMSG carol :hi
        alice <~ :s1.test 407 alice alice :*
        alice > NAMES #a,#b,#c
        alice <~ :s1.test 407 alice #c :*
        alice < :s1.test 366 alice #a,#b :End of /NAMES list
        ",
    );
}

#[test]
fn who_has_waited_may_try_again() {
    check(
        r"
        config oper root sesame
        config limits.login_burst 1
        config limits.login_interval 30
        config limits.metadata_burst 1
        config limits.metadata_interval 10
        alice > OPER root wrong
        alice < :s1.test 464 alice :Password incorrect
        alice > OPER root sesame
        alice <! 381
        wait 30
        alice > OPER root sesame
        alice <~ :s1.test 381 alice :*
        alice > METADATA * SET url :1
        alice <~ :s1.test 761 alice alice url * :1
        alice > METADATA * SET url :2
        alice < :s1.test 775 alice alice url 10 :2
        wait 10
        alice > METADATA * SET url :2
        alice <~ :s1.test 761 alice alice url * :2
        ",
    );
}

#[test]
fn a_network_is_as_wide_as_is_configured() {
    for (bits, address) in [("network_v4 16", "192.0.99.1"), ("network_v6 32", "2001:db8:9::1")] {
        let near = if bits.contains("v4") { "192.0.2.1" } else { "2001:db8::1" };
        check(&format!(
            r"
            config webirc chat sesame 10.0.0.0/8
            config limits.clients_per_network 1
            config limits.{bits}
            raw a
            a > WEBIRC sesame kiwi h {near}
            raw b
            b > WEBIRC sesame kiwi h {address}
            b < ERROR :Closing link: too many connections from your network
            raw c
            c > WEBIRC sesame kiwi h 198.51.100.1
            c > NICK cy
            c > USER cy 0 * :Cy
            c <~ :s1.test 001 cy *
            "
        ));
    }
}

#[test]
fn a_split_shows_after_its_grace() {
    check(
        r"
        servers 2
        config limits.split_grace 20
        alice@1 > JOIN #a
        bob@2   > JOIN #a
        split 1 | 2
        wait 19
        alice   <! QUIT
        wait 2
        alice   <~ :bob!~bob@bob.test QUIT *
        heal
        same
        ",
    );
}

#[test]
fn of_many_invitations_the_oldest_goes_first() {
    let mut script = String::from("bob > PING x\nalice > PING x\n");
    for number in 0..33 {
        script += &format!("alice > JOIN #c{number}\nalice > INVITE bob #c{number}\n");
    }
    script += r"
        bob > INVITE
        bob <! 336 bob #c0
        bob < :s1.test 336 bob #c32
        bob < :s1.test 337 bob :End of /INVITE list
    ";
    check(&script);
}

#[test]
fn there_are_only_so_many_filters() {
    let mut script = String::from("config oper root sesame\nroot > OPER root sesame\n");
    for number in 0..500 {
        script += &format!("root > FILTER bad{number} block p :no\n");
    }
    script += r"
        root > FILTER another block p :no
        root <~ :s1.test NOTICE root :There are 500 filters, and more are not*
    ";
    check(&script);
}
