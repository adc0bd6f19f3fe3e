//! Every mode of channels and users, and every word of extended bans, does the same to users of this server
//! and of another. A letter without a row fails.

use slircd::{
    network::mode::{CHANNEL, STATUS, USER},
    sim::script::check,
    wire::extban::WORDS,
};

/// In #a are alice, who is its operator, and bob, both of the first server, and carol of the second. Outside are
/// dave of the first and erin of the second.
const SCENE: &str = r"
    servers 2
    config geo.country country.mmdb
    config geo.asn asn.mmdb
    config oper root sesame
    config roleplay.enabled true
    alice@1 > JOIN #a
    bob@1   > JOIN #a
    carol@2 > JOIN #a
    dave@1  > PING x
    erin@2  > PING x
";

/// What each channel mode does.
const CHANNEL_MODES: &[(char, &str)] = &[
    (
        'I',
        "alice > MODE #a +iII dave!*@* erin!*@*
         dave > JOIN #a
         dave < :dave!~dave@dave.test JOIN #a
         erin > JOIN #a
         erin < :erin!~erin@erin.test JOIN #a
         frank@2 > JOIN #a
         frank < :s2.test 473 frank #a :Cannot join channel (+i)",
    ),
    (
        'b',
        "alice > MODE #a +bbbb bob carol dave erin
         bob > PRIVMSG #a :x
         bob <~ :s1.test 404 bob #a *
         carol > PRIVMSG #a :x
         carol <~ :s2.test 404 carol #a *
         dave > JOIN #a
         dave <~ :s1.test 474 dave #a *
         erin > JOIN #a
         erin <~ :s2.test 474 erin #a *",
    ),
    (
        'e',
        "alice > MODE #a +beeee *!*@* bob carol dave erin
         bob > PRIVMSG #a :here
         alice < :bob!~bob@bob.test PRIVMSG #a :here
         carol > PRIVMSG #a :elsewhere
         alice < :carol!~carol@carol.test PRIVMSG #a :elsewhere
         dave > JOIN #a
         dave < :dave!~dave@dave.test JOIN #a
         erin > JOIN #a
         erin < :erin!~erin@erin.test JOIN #a",
    ),
    (
        'g',
        "alice > MODE #a +g spam
         bob > PRIVMSG #a :spam
         bob <~ :s1.test 404 bob #a *+g*
         carol > PRIVMSG #a :spam
         carol <~ :s2.test 404 carol #a *+g*",
    ),
    (
        'k',
        "alice > MODE #a +k key
         dave > JOIN #a
         dave <~ :s1.test 475 dave #a *
         dave > JOIN #a key
         dave < :dave!~dave@dave.test JOIN #a
         erin > JOIN #a
         erin <~ :s2.test 475 erin #a *
         erin > JOIN #a key
         erin < :erin!~erin@erin.test JOIN #a",
    ),
    (
        'F',
        "alice > MODE #a +F 1m:60
         bob > PRIVMSG #a :1
         bob > PRIVMSG #a :2
         bob <~ :s1.test 404 bob #a *+F*
         carol > PRIVMSG #a :1
         carol > PRIVMSG #a :2
         carol <~ :s2.test 404 carol #a *+F*",
    ),
    (
        'J',
        "alice > MODE #a +J 30
         alice > KICK #a bob,carol
         bob > JOIN #a
         bob <~ :s1.test 437 bob #a *+J*
         carol > JOIN #a
         carol <~ :s2.test 437 carol #a *+J*",
    ),
    (
        'W',
        "alice > MODE #a +W 30
         bob > PRIVMSG #a :1
         bob > PRIVMSG #a :2
         bob <~ :s1.test 404 bob #a *+W*
         carol > PRIVMSG #a :1
         carol > PRIVMSG #a :2
         carol <~ :s2.test 404 carol #a *+W*",
    ),
    (
        'd',
        "alice > MODE #a +d 30
         dave > JOIN #a
         dave > PRIVMSG #a :x
         dave <~ :s1.test 404 dave #a *+d*
         erin > JOIN #a
         erin > PRIVMSG #a :x
         erin <~ :s2.test 404 erin #a *+d*
         wait 31
         erin > PRIVMSG #a :late
         alice < :erin!~erin@erin.test PRIVMSG #a :late",
    ),
    (
        'f',
        "alice > JOIN #b
         alice > MODE #a +if #b
         dave > JOIN #a
         dave < :s1.test 470 dave #a #b :Forwarding to another channel
         dave < :dave!~dave@dave.test JOIN #b
         erin > JOIN #a
         erin < :s2.test 470 erin #a #b :Forwarding to another channel
         erin < :erin!~erin@erin.test JOIN #b",
    ),
    (
        'j',
        "alice > MODE #a +j 1:60
         dave > JOIN #a
         dave < :dave!~dave@dave.test JOIN #a
         frank@1 > JOIN #a
         frank <~ :s1.test 437 frank #a *
         erin > JOIN #a
         erin <~ :s2.test 437 erin #a *",
    ),
    (
        'l',
        "alice > MODE #a +l 3
         dave > JOIN #a
         dave <~ :s1.test 471 dave #a *
         erin > JOIN #a
         erin <~ :s2.test 471 erin #a *",
    ),
    (
        'A',
        "alice > MODE #a +iA
         bob > INVITE dave #a
         dave < :bob!~bob@bob.test INVITE dave #a
         dave > JOIN #a
         dave < :dave!~dave@dave.test JOIN #a
         carol > INVITE erin #a
         erin < :carol!~carol@carol.test INVITE erin #a
         erin > JOIN #a
         erin < :erin!~erin@erin.test JOIN #a",
    ),
    (
        'C',
        "alice > MODE #a +C
         bob > PRIVMSG #a :\x01PING\x01
         bob <~ :s1.test 404 bob #a *+C*
         carol > PRIVMSG #a :\x01PING\x01
         carol <~ :s2.test 404 carol #a *+C*",
    ),
    (
        'D',
        "alice > MODE #a +D
         dave > JOIN #a
         erin > JOIN #a
         bob <! dave!
         carol <! dave!
         bob <! erin!
         carol <! erin!
         dave > PRIVMSG #a :one
         carol < :dave!~dave@dave.test JOIN #a
         carol < :dave!~dave@dave.test PRIVMSG #a :one
         erin > PRIVMSG #a :two
         bob < :dave!~dave@dave.test JOIN #a
         bob < :erin!~erin@erin.test JOIN #a
         bob < :erin!~erin@erin.test PRIVMSG #a :two",
    ),
    (
        'E',
        "alice > MODE #a +E
         bob > SCENE #a rain
         carol <~ :=Scene=!bob@* PRIVMSG #a :rain*
         carol > SCENE #a snow
         bob <~ :=Scene=!carol@* PRIVMSG #a :snow*",
    ),
    (
        'K',
        "alice > MODE #a +iK
         dave > KNOCK #a
         dave <~ :s1.test 480 dave #a *
         erin > KNOCK #a
         erin <~ :s2.test 480 erin #a *",
    ),
    (
        'M',
        "alice > MODE #a +M
         bob > PRIVMSG #a :x
         bob <~ :s1.test 404 bob #a *+M*
         carol > PRIVMSG #a :x
         carol <~ :s2.test 404 carol #a *+M*
         alice > MODE #a +v carol
         carol > PRIVMSG #a :y
         alice < :carol!~carol@carol.test PRIVMSG #a :y",
    ),
    (
        'N',
        "alice > MODE #a +N
         bob > NICK rob
         bob <~ :s1.test 447 bob *+N*
         carol > NICK cora
         carol <~ :s2.test 447 carol *+N*",
    ),
    (
        'O',
        "alice > OPER root sesame
         alice > MODE #a +O
         dave > JOIN #a
         dave <~ :s1.test 520 dave #a *
         erin > JOIN #a
         erin <~ :s2.test 520 erin #a *
         erin > OPER root sesame
         erin > JOIN #a
         erin < :erin!~erin@erin.test JOIN #a",
    ),
    (
        'P',
        "alice > OPER root sesame
         alice > MODE #a +P
         alice > TOPIC #a :still here
         alice > PART #a
         bob > PART #a
         carol > PART #a
         dave > JOIN #a
         dave < :s1.test 332 dave #a :still here
         dave > PART #a
         erin > JOIN #a
         erin < :s2.test 332 erin #a :still here",
    ),
    (
        'Q',
        "alice > MODE #a +Qo carol
         alice > KICK #a bob
         alice <~ :s1.test 482 alice #a *+Q*
         carol > KICK #a bob
         carol <~ :s2.test 482 carol #a *+Q*",
    ),
    (
        'R',
        "alice > MODE #a +R
         dave > JOIN #a
         dave <~ :s1.test 477 dave #a *
         erin > JOIN #a
         erin <~ :s2.test 477 erin #a *",
    ),
    (
        'S',
        "alice > MODE #a +S
         bob > PRIVMSG #a :\x02one
         carol < :bob!~bob@bob.test PRIVMSG #a :one
         carol > PRIVMSG #a :\x02two
         bob < :carol!~carol@carol.test PRIVMSG #a :two",
    ),
    (
        'T',
        "alice > MODE #a +T
         bob > NOTICE #a :x
         carol > NOTICE #a :x
         bob > PRIVMSG #a :y
         alice < :bob!~bob@bob.test PRIVMSG #a :y
         alice <! NOTICE #a",
    ),
    (
        'U',
        "alice > MODE #a +U
         bob > PRIVMSG #a :one
         carol > PRIVMSG #a :two
         alice < :bob!~bob@bob.test PRIVMSG #a :one
         alice < :carol!~carol@carol.test PRIVMSG #a :two
         bob <! PRIVMSG
         carol <! PRIVMSG",
    ),
    (
        'V',
        "alice > MODE #a +V
         bob > INVITE dave #a
         bob <~ :s1.test 482 bob #a *+V*
         carol > INVITE erin #a
         carol <~ :s2.test 482 carol #a *+V*",
    ),
    (
        'c',
        "alice > MODE #a +c
         bob > PRIVMSG #a :\x02x
         bob <~ :s1.test 404 bob #a *+c*
         carol > PRIVMSG #a :\x02x
         carol <~ :s2.test 404 carol #a *+c*",
    ),
    (
        'i',
        "alice > MODE #a +i
         dave > JOIN #a
         dave <~ :s1.test 473 dave #a *
         erin > JOIN #a
         erin <~ :s2.test 473 erin #a *
         alice > INVITE erin #a
         erin > JOIN #a
         erin < :erin!~erin@erin.test JOIN #a",
    ),
    (
        'm',
        "alice > MODE #a +m
         bob > PRIVMSG #a :x
         bob <~ :s1.test 404 bob #a *+m*
         carol > PRIVMSG #a :x
         carol <~ :s2.test 404 carol #a *+m*",
    ),
    (
        'n',
        "dave > PRIVMSG #a :x
         dave <~ :s1.test 404 dave #a *+n*
         erin > PRIVMSG #a :x
         erin <~ :s2.test 404 erin #a *+n*
         alice > MODE #a -n
         erin > PRIVMSG #a :y
         alice < :erin!~erin@erin.test PRIVMSG #a :y",
    ),
    (
        'p',
        "alice > MODE #a +p
         dave > LIST
         dave < :s1.test 323 dave :End of /LIST
         dave <! #a
         erin > LIST
         erin < :s2.test 323 erin :End of /LIST
         erin > WHOIS alice
         erin <~ :s2.test 318 erin alice *
         erin <! #a",
    ),
    (
        'r',
        "alice > MODE #a +r
         alice <~ :s1.test 696 alice #a r *
         carol <! MODE #a",
    ),
    (
        's',
        "alice > MODE #a +s
         dave > WHOIS bob
         dave <~ :s1.test 318 dave bob *
         dave > NAMES #a
         dave < :s1.test 366 dave #a :End of /NAMES list
         dave <! 353
         erin > LIST
         erin < :s2.test 323 erin :End of /LIST
         erin > WHOIS bob
         erin <~ :s2.test 318 erin bob *
         erin <! #a",
    ),
    (
        't',
        "bob > TOPIC #a :x
         bob <~ :s1.test 482 bob #a *
         carol > TOPIC #a :x
         carol <~ :s2.test 482 carol #a *
         alice > MODE #a -t
         carol > TOPIC #a :y
         alice < :carol!~carol@carol.test TOPIC #a :y",
    ),
    (
        'u',
        "alice > MODE #a +u
         dave > JOIN #a
         erin > JOIN #a
         alice < :dave!~dave@dave.test JOIN #a
         alice < :erin!~erin@erin.test JOIN #a
         carol > NAMES #a
         carol < :s2.test 353 carol = #a :@alice
         bob <! dave!
         bob <! erin!
         carol <! dave!
         carol <! erin!",
    ),
    (
        'z',
        "secure sue
         sue > JOIN #z
         sue > MODE #z +z
         dave > JOIN #z
         dave <~ :s1.test 489 dave #z *
         erin > JOIN #z
         erin <~ :s2.test 489 erin #z *
         alice > MODE #a +z
         alice <~ :s1.test 490 alice #a *",
    ),
];

/// What each status gives.
const STATUSES: &[(char, &str)] = &[
    ('q', "alice > MODE #a +q carol\nalice <~ :s1.test 482 alice #a *"),
    ('a', "alice > MODE #a +a carol\nalice <~ :s1.test 482 alice #a *"),
    (
        'o',
        "alice > MODE #a +o carol
         carol > MODE #a +o bob
         bob < :carol!~carol@carol.test MODE #a +o bob
         bob > KICK #a carol
         carol < :bob!~bob@bob.test KICK #a carol :bob",
    ),
    (
        'h',
        "alice > MODE #a +h carol
         carol > KICK #a bob :out
         bob < :carol!~carol@carol.test KICK #a bob :out
         carol > KICK #a alice
         carol <~ :s2.test 482 carol #a *",
    ),
    (
        'v',
        "alice > MODE #a +mv carol
         carol > PRIVMSG #a :x
         bob < :carol!~carol@carol.test PRIVMSG #a :x
         alice > PRIVMSG +#a :voices
         carol < :alice!~alice@alice.test PRIVMSG +#a :voices
         bob <! voices",
    ),
];

/// What each user mode does.
const USER_MODES: &[(char, &str)] = &[
    (
        'B',
        "alice > MODE alice +B
         dave > WHOIS alice
         dave <~ :s1.test 335 dave alice *
         erin > WHOIS alice
         erin <~ :s2.test 335 erin alice *
         erin > WHO #a
         erin < :s2.test 352 erin #a ~alice alice.test s1.test alice H@B :1 Real alice",
    ),
    (
        'D',
        "alice > MODE alice +D
         bob > PRIVMSG alice :x
         bob <~ :s1.test 531 bob alice *+D*
         carol > PRIVMSG alice :x
         carol <~ :s2.test 531 carol alice *+D*",
    ),
    (
        'E',
        "bob > SCENE alice rain
         bob <~ :s1.test 573 bob alice *
         carol > SCENE alice rain
         carol <~ :s2.test 573 carol alice *
         alice > MODE alice +E
         carol > SCENE alice snow
         alice <~ :=Scene=!carol@* PRIVMSG alice :snow*",
    ),
    (
        'H',
        "alice > OPER root sesame
         alice > MODE alice +H
         bob > WHOIS alice
         bob <~ :s1.test 318 bob alice *
         bob <! 313
         carol > WHOIS alice
         carol <~ :s2.test 318 carol alice *
         carol <! 313
         erin > OPER root sesame
         erin > WHOIS alice
         erin <~ :s2.test 313 erin alice *",
    ),
    (
        'I',
        "alice > MODE alice +I
         dave > WHOIS alice
         dave <~ :s1.test 318 dave alice *
         dave <! 319
         erin > WHOIS alice
         erin <~ :s2.test 318 erin alice *
         erin <! 319",
    ),
    (
        'L',
        "alice > JOIN #b
         alice > MODE #a +if #b
         dave > MODE dave +L
         dave > JOIN #a
         dave <~ :s1.test 473 dave #a *
         erin > MODE erin +L
         erin > JOIN #a
         erin <~ :s2.test 473 erin #a *",
    ),
    (
        'O',
        "alice > MODE #a +i
         dave > OPER root sesame
         dave > MODE dave +O
         dave > JOIN #a
         dave < :dave!~dave@dave.test JOIN #a
         erin > OPER root sesame
         erin > MODE erin +O
         erin > JOIN #a
         erin < :erin!~erin@erin.test JOIN #a
         erin > KICK #a alice :out
         alice < :erin!~erin@erin.test KICK #a alice :out",
    ),
    (
        'R',
        "alice > MODE alice +R
         bob > PRIVMSG alice :x
         bob <~ :s1.test 477 bob alice *
         carol > PRIVMSG alice :x
         carol <~ :s2.test 477 carol alice *",
    ),
    ('S', "alice > MODE alice +S\nalice > MODE alice\nalice < :s1.test 221 alice +"),
    (
        'T',
        "alice > MODE alice +T
         bob > PRIVMSG alice :\x01PING\x01
         bob <~ :s1.test 531 bob alice *+T*
         carol > PRIVMSG alice :\x01PING\x01
         carol <~ :s2.test 531 carol alice *+T*",
    ),
    (
        'W',
        "alice > OPER root sesame
         alice > MODE alice +W
         bob > WHOIS alice
         alice < :s1.test NOTICE alice :*** bob!~bob@bob.test did a WHOIS on you
         carol > WHOIS alice
         alice < :s1.test NOTICE alice :*** carol!~carol@carol.test did a WHOIS on you",
    ),
    (
        'Z',
        "secure sue
         bob > WHOIS sue
         bob <~ :s1.test 671 bob sue *
         carol > WHOIS sue
         carol <~ :s2.test 671 carol sue *
         alice > MODE alice +Z
         alice > MODE alice
         alice < :s1.test 221 alice +",
    ),
    (
        'c',
        "alice > MODE alice +c
         dave > PRIVMSG alice :x
         dave <~ :s1.test 531 dave alice *+c*
         erin > PRIVMSG alice :x
         erin <~ :s2.test 531 erin alice *+c*
         carol > PRIVMSG alice :near
         alice < :carol!~carol@carol.test PRIVMSG alice :near",
    ),
    (
        'd',
        "alice > MODE alice +d
         bob > PRIVMSG #a :x
         carol > PRIVMSG #a :x
         alice <! PRIVMSG
         carol > PRIVMSG alice :heard
         alice < :carol!~carol@carol.test PRIVMSG alice :heard",
    ),
    (
        'g',
        "alice > MODE alice +g
         bob > PRIVMSG alice :x
         bob <~ :s1.test 716 bob alice *
         alice <~ :s1.test 718 alice bob ~bob@bob.test *
         carol > PRIVMSG alice :x
         carol <~ :s2.test 716 carol alice *
         alice > ACCEPT carol
         carol > PRIVMSG alice :y
         alice < :carol!~carol@carol.test PRIVMSG alice :y",
    ),
    (
        'h',
        "alice > MODE alice +h
         alice > MODE alice
         alice < :s1.test 221 alice +
         alice > OPER root sesame
         alice > MODE alice +h
         bob > WHOIS alice
         bob <~ :s1.test 310 bob alice *
         carol > WHOIS alice
         carol <~ :s2.test 310 carol alice *",
    ),
    (
        'i',
        "alice > MODE alice +i
         dave > WHO *
         dave <~ :s1.test 315 dave *
         dave <! alice
         erin > WHO *
         erin <~ :s2.test 315 erin *
         erin <! alice
         carol > WHO #a
         carol <~ :s2.test 352 carol #a ~alice *",
    ),
    (
        'o',
        "alice > OPER root sesame
         bob > WHOIS alice
         bob <~ :s1.test 313 bob alice *
         carol > WHOIS alice
         carol <~ :s2.test 313 carol alice *
         alice > MODE alice -o
         alice > KILL bob
         alice <~ :s1.test 481 alice *",
    ),
    ('r', "alice > MODE alice +r\nalice > MODE alice\nalice < :s1.test 221 alice +"),
    (
        's',
        "alice > OPER root sesame
         alice > MODE alice +s k
         erin > OPER root sesame
         erin > MODE erin +s k
         alice > KILL bob :x
         alice <~ :s1.test NOTICE alice :*** Notice -- *bob*
         erin <~ :s1.test NOTICE erin :*** Notice -- *bob*",
    ),
    (
        'w',
        "bob > MODE bob +w
         carol > MODE carol +w
         alice > OPER root sesame
         alice > WALLOPS :hear
         bob < :alice!~alice@alice.test WALLOPS :hear
         carol < :alice!~alice@alice.test WALLOPS :hear
         dave <! WALLOPS
         erin <! WALLOPS",
    ),
    (
        'x',
        "alice > MODE alice +x
         dave > WHOIS alice
         dave <~ :s1.test 311 dave alice ~alice *.ip * :Real alice
         erin > WHOIS alice
         erin <~ :s2.test 311 erin alice ~alice *.ip * :Real alice",
    ),
    (
        'z',
        "alice > MODE alice +z
         bob > PRIVMSG alice :x
         bob <~ :s1.test 531 bob alice *+z*
         carol > PRIVMSG alice :x
         carol <~ :s2.test 531 carol alice *+z*",
    ),
];

/// A ban that keeps bob and carol from speaking.
const SILENCED: &str = "bob > PRIVMSG #a :x
    bob <~ :s1.test 404 bob #a *
    carol > PRIVMSG #a :x
    carol <~ :s2.test 404 carol #a *";

/// What each word of an extended ban does: what comes before it, it, and what then is so.
const EXTBANS: &[(&str, &str, &str, &str)] = &[
    ("account", "", "!account:x", SILENCED),
    (
        "blockcolor",
        "",
        "blockcolor:*!*@*",
        "bob > PRIVMSG #a :\x02x
         bob <~ :s1.test 404 bob #a *+c*
         carol > PRIVMSG #a :\x02x
         carol <~ :s2.test 404 carol #a *+c*",
    ),
    ("bot", "bob > MODE bob +B\ncarol > MODE carol +B", "bot:*!*@*", SILENCED),
    ("channel", "bob > JOIN #b\ncarol > JOIN #b", "channel:#b", SILENCED),
    ("asn", "", "!asn:64999", SILENCED),
    ("class", "", "class:default", SILENCED),
    ("country", "", "country:SE", SILENCED),
    ("fingerprint", "", "!fingerprint:ab12", SILENCED),
    ("gateway", "", "!gateway:web", SILENCED),
    (
        "join",
        "",
        "join:*!*@*",
        "dave > JOIN #a
         dave <~ :s1.test 474 dave #a *
         erin > JOIN #a
         erin <~ :s2.test 474 erin #a *
         carol > PRIVMSG #a :inside
         alice < :carol!~carol@carol.test PRIVMSG #a :inside",
    ),
    ("mute", "", "mute:*!*@*", SILENCED),
    (
        "nokick",
        "alice > MODE #a +oo bob carol",
        "nokick:*!*@*",
        "bob > KICK #a carol
         bob <~ :s1.test 482 bob #a *nokick*
         carol > KICK #a bob
         carol <~ :s2.test 482 carol #a *nokick*",
    ),
    (
        "noctcp",
        "",
        "noctcp:*!*@*",
        "bob > PRIVMSG #a :\x01PING\x01
         bob <~ :s1.test 404 bob #a *+C*
         carol > PRIVMSG #a :\x01PING\x01
         carol <~ :s2.test 404 carol #a *+C*",
    ),
    (
        "nonick",
        "",
        "nonick:*!*@*",
        "bob > NICK rob
         bob <~ :s1.test 447 bob *nonick*
         carol > NICK cora
         carol <~ :s2.test 447 carol *nonick*",
    ),
    (
        "nonotice",
        "",
        "nonotice:*!*@*",
        "bob > NOTICE #a :x
         carol > NOTICE #a :x
         carol > PRIVMSG #a :y
         alice < :carol!~carol@carol.test PRIVMSG #a :y
         alice <! NOTICE #a",
    ),
    ("oper", "bob > OPER root sesame\ncarol > OPER root sesame", "oper:*!*@*", SILENCED),
    ("opertype", "bob > OPER root sesame\ncarol > OPER root sesame", "opertype:admin", SILENCED),
    (
        "opmoderated",
        "",
        "opmoderated:*!*@*",
        "bob > PRIVMSG #a :one
         carol > PRIVMSG #a :two
         alice < :bob!~bob@bob.test PRIVMSG #a :one
         alice < :carol!~carol@carol.test PRIVMSG #a :two
         bob <! PRIVMSG
         carol <! PRIVMSG",
    ),
    ("realmask", "", "realmask:*!*@*+Real?*", SILENCED),
    ("realname", "", "realname:Real?*", SILENCED),
    (
        "redirect",
        "alice > JOIN #b",
        "redirect:#b:*!*@*",
        "dave > JOIN #a
         dave < :dave!~dave@dave.test JOIN #b
         erin > JOIN #a
         erin < :erin!~erin@erin.test JOIN #b",
    ),
    ("server", "", "server:s?.test", SILENCED),
    ("share", "alice > JOIN #b\nalice > MODE #b +bb bob carol", "share:#b", SILENCED),
    (
        "stripcolor",
        "",
        "stripcolor:*!*@*",
        "bob > PRIVMSG #a :\x02one
         carol < :bob!~bob@bob.test PRIVMSG #a :one
         carol > PRIVMSG #a :\x02two
         bob < :carol!~carol@carol.test PRIVMSG #a :two",
    ),
    (
        "time",
        "",
        "time:30s:*!*@*",
        "carol > PRIVMSG #a :x
         carol <~ :s2.test 404 carol #a *
         wait 31
         carol > PRIVMSG #a :later
         alice < :carol!~carol@carol.test PRIVMSG #a :later",
    ),
    ("unauthed", "", "unauthed:*!*@*", SILENCED),
];

#[test]
fn every_channel_mode_acts_on_the_users_of_every_server() {
    for row in CHANNEL {
        let known = CHANNEL_MODES.iter().find(|known| known.0 == row.letter);
        let Some((letter, script)) = known else { panic!("+{} has no row", row.letter) };
        println!("channel mode {letter}");
        check(&format!("{SCENE}{script}\nsame"));
    }
}

#[test]
fn every_status_is_worth_the_same_on_every_server() {
    for row in STATUS {
        let known = STATUSES.iter().find(|known| known.0 == row.0);
        let Some((letter, script)) = known else { panic!("+{} has no row", row.0) };
        println!("status {letter}");
        check(&format!("{SCENE}{script}\nsame"));
    }
}

#[test]
fn every_user_mode_holds_for_the_users_of_every_server() {
    for row in USER {
        let known = USER_MODES.iter().find(|known| known.0 == row.letter);
        let Some((letter, script)) = known else { panic!("+{} has no row", row.letter) };
        println!("user mode {letter}");
        check(&format!("{SCENE}{script}\nsame"));
    }
}

#[test]
fn every_extended_ban_fits_the_users_of_every_server() {
    for row in WORDS {
        let known = EXTBANS.iter().find(|known| known.0 == row.name);
        let Some((name, before, ban, script)) = known else { panic!("{} has no row", row.name) };
        println!("extended ban {name}");
        check(&format!("{SCENE}{before}\nalice > MODE #a +b {ban}\n{script}\nsame"));
    }
}
