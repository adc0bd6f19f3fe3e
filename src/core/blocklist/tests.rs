//! What blocklists do to those who connect.

use super::*;
use crate::{
    config::{Config, Webirc, dnsbl::Rule},
    core::{
        effect::Effect,
        peer::{Peer, Tls},
        scene::Scene,
    },
    job::JobId,
    server::Input,
    sim::script::check,
};

#[test]
fn who_is_marked_comes_in_and_operators_know() {
    check(
        r"
        config oper root sesame
        config dnsbl bl.test mark
        config dnsbl page mark
        root > OPER root sesame
        root > MODE root +s b
        bad1 > PING x
        root < :s1.test NOTICE root :*** Notice -- 10.0.0.2 is listed by bl.test (127.0.0.3): mark
        root < :s1.test NOTICE root :*** Notice -- 10.0.0.2 is listed by page (200): mark
        root > WHOIS bad1
        root < :s1.test 320 root bad1 :has an address listed by bl.test (127.0.0.3), page (200)
        bad1 > WHOIS bad1
        bad1 < :s1.test 318 bad1 bad1 :End of /WHOIS list
        bad1 <! listed
        good > PING x
        root > STATS n
        root < :s1.test 249 root :bl.test (bl.test) mark: 3 asked, 0 remembered, 1 listed, 0 failed
        root < :s1.test 249 root :page (by HTTP) mark: 3 asked, 0 remembered, 1 listed, 0 failed
        good > STATS n
        good < :s1.test 481 good :Permission Denied - You're not an IRC operator with that privilege
        ",
    );
}

#[test]
fn who_is_refused_is_told_why() {
    check(
        r"
        config dnsbl bl.test refuse
        raw bad1
        bad1 < :s1.test 465 * :You are banned from this server: Your address is listed by bl.test (127.0.0.3)
        bad1 < ERROR :Closing link: Your address is listed by bl.test (127.0.0.3)
        alice > PING x
        ",
    );
}

#[test]
fn who_has_to_log_in_is_told_so() {
    check(
        r"
        config dnsbl page require-sasl
        raw bad1
        bad1 > NICK bad1
        bad1 > USER bad1 0 * :Bad
        bad1 <~ :s1.test FAIL * ACCOUNT_REQUIRED :*
        bad1 < :s1.test 465 bad1 :You are banned from this server: You must log in to an account (SASL) to connect from there: Your address is listed by page (200)
        bad1 < ERROR :Closing link: You must log in to an account (SASL) to connect from there: Your address is listed by page (200)
        ",
    );
}

#[test]
fn an_address_is_banned_from_the_network_for_a_time() {
    check(
        r"
        servers 2
        config oper root sesame
        config dnsbl bl.test ban
        root@2 > OPER root sesame
        root   > MODE root +s x
        raw bad1
        bad1   < ERROR :Closing link: Your address is listed by bl.test (127.0.0.3)
        root   > ZLINE
        root   <~ :s2.test NOTICE root :10.0.0.2: no entry until *, Your address is listed by bl.test (127.0.0.3) (bl.test 127.0.0.3).*
        same
        ",
    );
}

#[test]
fn two_lists_that_only_mark_may_be_enough_together() {
    check(
        r"
        config dnsbl bl.test mark
        config dnsbl page mark
        config limits.dnsbl_marks 2
        raw bad1
        bad1 > NICK bad1
        bad1 > USER bad1 0 * :Bad
        bad1 < ERROR :Closing link: Your address 10.0.0.1 is listed by bl.test (127.0.0.3), page (200)
        ",
    );
}

#[test]
fn a_list_that_does_not_reply_has_a_rest() {
    check(
        r"
        config oper root sesame
        config dnsbl dead.test refuse
        root > OPER root sesame
        root > MODE root +s b
        a > PING x
        b > PING x
        c > PING x
        root <! blocklist
        d > PING x
        root <~ :s1.test NOTICE root :* Notice -- The blocklist dead.test does not reply; it is tried again every 60 s*
        e > PING x
        root > STATS n
        root < :s1.test 249 root :dead.test (dead.test) refuse: 5 asked, 0 remembered, 0 listed, 5 failed, rests for 59 s
        wait 61
        f > PING x
        g > PING x
        root > STATS n
        root < :s1.test 249 root :dead.test (dead.test) refuse: 6 asked, 0 remembered, 0 listed, 6 failed, rests for 59 s
        root <! blocklist
        ",
    );
}

#[test]
fn for_whom_a_gateway_speaks_is_asked_about_and_the_gateway_is_not() {
    check(
        r"
        config oper root sesame
        config webirc chat sesame 10.0.0.0/8
        config dnsbl bl.test mark
        root > OPER root sesame
        root > STATS n
        root < :s1.test 249 root :bl.test (bl.test) mark: 0 asked, 0 remembered, 0 listed, 0 failed
        raw a
        a > WEBIRC sesame kiwi home.example 192.0.2.7
        root > STATS n
        root < :s1.test 249 root :bl.test (bl.test) mark: 1 asked, 0 remembered, 0 listed, 0 failed
        ",
    );
}

fn list(name: &str, action: Action) -> Dnsbl {
    let zone = Some(format!("{name}.test"));
    Dnsbl { name: name.into(), zone, action, ..Dnsbl::default() }
}

fn scene(lists: Vec<Dnsbl>) -> Scene {
    let mut config = Config { dnsbl: lists, ..Config::default() };
    config.limits.exempt = vec![Cidr::parse("198.51.100.0/24").unwrap()];
    let mut scene = Scene::with(config);
    scene.fx.clear(Vec::new());
    scene
}

/// What lists are asked about somebody who connects.
fn connect(scene: &mut Scene, from: &str) -> (ConnId, Vec<(JobId, String)>) {
    let peer = Peer { from: Origin::Ip(from.parse().unwrap()), listener: 0, tls: None };
    scene.fx.clear(Vec::new());
    let conn = scene.server.open(peer, scene.now, &mut scene.fx);
    (conn, asked(scene))
}

/// What lists have been asked since the last look.
fn asked(scene: &mut Scene) -> Vec<(JobId, String)> {
    let inquiries = scene.fx.take().into_iter().filter_map(|effect| match effect {
        Effect::Job { id, job } => match *job {
            Job::Inquire { list: List::Zone { zone, .. }, .. } => Some((id, zone)),
            _ => None,
        },
        _ => None,
    });
    inquiries.collect()
}

fn reply(scene: &mut Scene, id: JobId, addresses: &[[u8; 4]]) {
    let addresses = addresses.iter().copied().map(Ipv4Addr::from).collect();
    let answer = Answer::Listed(Some(Listing::Addresses(addresses)));
    scene.input(Input::Done { id, answer });
}

fn closing(scene: &Scene, conn: ConnId) -> bool {
    scene.server.core().sessions[conn].closing
}

fn is_user(scene: &Scene, conn: ConnId) -> bool {
    scene.server.core().sessions[conn].user().is_some()
}

#[test]
fn registration_waits_for_a_list_but_not_for_long_and_a_late_reply_counts() {
    for (action, goes) in
        [(Action::Mark, false), (Action::RequireSasl, true), (Action::Refuse, true)]
    {
        let mut scene = scene(vec![list("a", action)]);
        scene.server.handle(Input::Tick, scene.now, &mut scene.fx);
        let (conn, asked) = connect(&mut scene, "192.0.2.1");
        for line in ["NICK alice", "USER alice 0 * :Alice"] {
            scene.line(conn, line);
        }
        // The name of the address is not to be waited for either.
        scene.now.mono = scene.now.mono + Duration::from_millis(2900);
        scene.input(Input::Tick);
        assert!(!is_user(&scene, conn));
        scene.now.mono = scene.now.mono + Duration::from_millis(100);
        scene.input(Input::Tick);
        assert!(is_user(&scene, conn));
        reply(&mut scene, asked[0].0, &[[127, 0, 0, 2]]);
        assert_eq!(closing(&scene, conn), goes, "{action}");
        let listed = scene.server.core().locals.iter().map(|local| &local.1.seldom().listed);
        assert_eq!(listed.flatten().count(), usize::from(!goes));
    }
}

#[test]
fn nobody_is_asked_about_whom_it_does_not_concern() {
    let exempt = vec![Cidr::parse("203.0.113.0/24").unwrap()];
    let mut scene = scene(vec![Dnsbl { exempt, ..list("a", Action::Refuse) }]);
    for address in ["127.0.0.1", "::1", "10.1.2.3", "fd00::7", "198.51.100.1", "203.0.113.9"] {
        assert!(connect(&mut scene, address).1.is_empty(), "{address}");
    }
    for address in ["192.0.2.1", "2001:db8::1"] {
        assert_eq!(connect(&mut scene, address).1.len(), 1, "{address}");
    }
}

#[test]
fn an_address_is_asked_about_once_and_the_reply_is_remembered_for_a_while() {
    let mut scene = scene(vec![list("a", Action::Refuse), list("b", Action::Mark)]);
    let (first, asked) = connect(&mut scene, "192.0.2.1");
    assert_eq!(asked.iter().map(|asked| &*asked.1).collect::<Vec<_>>(), ["a.test", "b.test"]);
    let (second, none) = connect(&mut scene, "192.0.2.1");
    assert!(none.is_empty());
    reply(&mut scene, asked[1].0, &[]);
    reply(&mut scene, asked[0].0, &[[127, 0, 0, 2]]);
    assert!(closing(&scene, first) && closing(&scene, second));
    let (third, none) = connect(&mut scene, "192.0.2.1");
    assert!(none.is_empty() && closing(&scene, third));
    scene.now.mono = scene.now.mono + Duration::from_secs(3601);
    assert_eq!(connect(&mut scene, "192.0.2.1").1.len(), 2);
}

#[test]
fn each_reply_means_what_is_written_and_the_first_that_fits_counts() {
    let rules = ["9 => ban", "3-5", "&64 => refuse"];
    let replies = rules.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
    let list = Dnsbl { replies, ..list("a", Action::Mark) };
    let judged = |addresses: &[[u8; 4]]| {
        let addresses = addresses.iter().copied().map(Ipv4Addr::from).collect();
        judge(&list, Some(Listing::Addresses(addresses)))
            .map(|hit| hit.map(|hit| (hit.action, hit.reply.to_string())))
    };
    assert_eq!(judged(&[]), Ok(None));
    assert_eq!(judged(&[[127, 0, 0, 2]]), Ok(None));
    assert_eq!(judged(&[[127, 0, 0, 4]]), Ok(Some((Action::Mark, "127.0.0.4".into()))));
    let both = [[127, 0, 0, 4], [127, 0, 0, 9]];
    assert_eq!(judged(&both), Ok(Some((Action::Ban, "127.0.0.9".into()))));
    assert_eq!(judged(&[[127, 0, 0, 66]]), Ok(Some((Action::Refuse, "127.0.0.66".into()))));
    // A domain that has lapsed, and a list that refuses.
    for address in [[192, 0, 2, 1], [127, 255, 255, 254]] {
        assert_eq!(judged(&[address]), Err(Fault::Nonsense), "{address:?}");
    }
    assert!(judge(&list, None).is_err_and(|fault| fault == Fault::Silence));
}

#[test]
fn a_page_with_an_error_says_nothing_of_an_address() {
    let replies = vec![Rule::parse("yes => ban").unwrap(), Rule::parse("403").unwrap()];
    let list = Dnsbl { zone: None, replies, ..list("a", Action::Refuse) };
    let judged = |status, text: &str| {
        judge(&list, Some(Listing::Page { status, text: text.into() }))
            .map(|hit| hit.map(|hit| hit.action))
    };
    assert_eq!(judged(200, "Y e s"), Ok(Some(Action::Ban)));
    assert_eq!(judged(403, "no"), Ok(Some(Action::Refuse)));
    assert_eq!((judged(200, "no"), judged(404, "yes")), (Ok(None), Ok(None)));
    for status in [401, 429, 500, 503] {
        assert_eq!(judged(status, "yes"), Err(Fault::Nonsense), "{status}");
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut lists = Blocklists::default();
    for number in 0..KNOWN_MAX as u32 + 9 {
        lists.remember(number.to_be_bytes().into(), "a", Mono(number.into()), None);
    }
    assert_eq!(lists.known.len(), KNOWN_MAX);
    assert!(lists.known([0, 0, 0, 8].into(), "a", Mono(0)).is_none());
    assert!(lists.known([0, 0, 0, 9].into(), "a", Mono(0)).is_some());
    lists.forget(Mono(u64::MAX));
    assert!(lists.known.is_empty());
}

#[test]
fn a_lane_without_room_is_no_fault_of_the_list() {
    let mut scene = scene(vec![list("a", Action::Refuse)]);
    for last in 0..20 {
        let (_, asked) = connect(&mut scene, &format!("192.0.2.{last}"));
        scene.input(Input::Done { id: asked[0].0, answer: Answer::Busy });
    }
    let health = scene.server.core().blocklists.health("a");
    assert_eq!((health.asked, health.failed, health.rest(scene.now.mono)), (20, 0, None));
}

#[test]
fn what_a_list_says_of_a_gateway_does_not_concern_its_users() {
    let fingerprint = Some("ab12".to_owned());
    let webirc = vec![Webirc { fingerprint: fingerprint.clone(), ..Webirc::default() }];
    let dnsbl = vec![list("a", Action::Refuse)];
    let mut scene = Scene::with(Config { dnsbl, webirc, ..Config::default() });
    let tls = Some(Tls { cipher: "TLSv1.3".into(), fingerprint, name: None });
    let peer = Peer { from: Origin::Ip([192, 0, 2, 1].into()), listener: 0, tls };
    let conn = scene.server.open(peer, scene.now, &mut scene.fx);
    let of_gateway = asked(&mut scene);
    scene.server.handle(
        Input::Line { conn, line: b"WEBIRC x chat home.example 192.0.2.9" },
        scene.now,
        &mut scene.fx,
    );
    let of_user = asked(&mut scene);
    assert_eq!((of_gateway.len(), of_user.len()), (1, 1));
    reply(&mut scene, of_gateway[0].0, &[[127, 0, 0, 2]]);
    for line in ["NICK alice", "USER alice 0 * :Alice"] {
        scene.line(conn, line);
    }
    assert!(!closing(&scene, conn) && !is_user(&scene, conn));
    reply(&mut scene, of_user[0].0, &[]);
    assert!(is_user(&scene, conn));
}

#[test]
fn after_its_rest_a_list_is_asked_once_to_see_how_it_does() {
    let mut scene = scene(vec![list("a", Action::Refuse)]);
    let mut next = 0;
    let mut another = |scene: &mut Scene| {
        next += 1;
        connect(scene, &format!("192.0.2.{next}")).1.first().map(|asked| asked.0)
    };
    for _ in 0..FAILURES_MAX {
        let id = another(&mut scene).unwrap();
        scene.input(Input::Done { id, answer: Answer::Listed(None) });
    }
    assert_eq!(another(&mut scene), None);
    scene.now.mono = scene.now.mono + REST;
    let id = another(&mut scene).unwrap();
    assert_eq!(another(&mut scene), None);
    reply(&mut scene, id, &[]);
    assert!(another(&mut scene).is_some() && another(&mut scene).is_some());
}

#[test]
fn operators_stay_whatever_a_list_says_late() {
    let mut scene = scene(vec![list("a", Action::Refuse), list("b", Action::RequireSasl)]);
    let (conn, asked) = connect(&mut scene, "192.0.2.1");
    for line in ["NICK alice", "USER alice 0 * :Alice"] {
        scene.line(conn, line);
    }
    scene.now.mono = scene.now.mono + Duration::from_secs(4);
    scene.input(Input::Tick);
    scene.oper(conn);
    reply(&mut scene, asked[0].0, &[[127, 0, 0, 2]]);
    reply(&mut scene, asked[1].0, &[[127, 0, 0, 2]]);
    assert!(!closing(&scene, conn));
}
