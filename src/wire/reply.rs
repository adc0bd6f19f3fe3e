//! Every numeric, once: its code, its typed parameters and its text. Nothing else spells a numeric.

use std::fmt::{Display, Write};

/// A numeric ready to send: all but the server's name and whom it is addressed to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// Three digits.
    pub code: &'static str,
    /// Its parameters.
    pub body: String,
}

impl Reply {
    /// What people read of it: the last parameter, if that is a text.
    pub fn text(&self) -> &str {
        self.body.split_once(':').map_or(&*self.body, |(_, text)| text)
    }
}

/// A numeric, as the manual tells of it.
#[derive(Debug)]
pub struct Row {
    /// Three digits.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it tells.
    pub params: &'static [&'static str],
    /// When it comes.
    pub doc: &'static str,
}

/// `/// When it comes.` `"403" NO_SUCH_CHANNEL no_such_channel(channel: &str) => [channel] "No such channel";`
/// makes the constant, the constructor and the row. In brackets stand the middle parameters, after `~` one
/// that is several; without a text there is no last one.
macro_rules! replies {
    ($($(#[doc = $doc:literal])* $code:literal $konst:ident $make:ident($($param:ident: $type:ty),*) => [$($middle:expr),*] $(~ $raw:ident)? $($text:expr)?;)*) => {
        $($(#[doc = $doc])* pub const $konst: &str = $code;
        $(#[doc = $doc])*
        #[allow(clippy::too_many_arguments, reason = "a numeric has as many as it has")]
        pub fn $make($($param: $type),*) -> Reply {
            #[allow(unused_mut)]
            let mut body = String::with_capacity(64);
            $(middle(&mut body, &$middle);)*
            $(body.push_str($raw); body.push(' ');)?
            // Without a text, the space after the last parameter is one too many.
            body.truncate(body.trim_end_matches(' ').len());
            $(let _ = write!(body, "{}:{}", if body.is_empty() { "" } else { " " }, $text);)?
            Reply { code: $code, body }
        })*
        /// Every numeric, by code.
        pub const ALL: &[Row] = &[$(Row {
            code: $code, name: stringify!($konst), params: &[$(stringify!($param)),*], doc: concat!($($doc),*),
        }),*];
    };
}

replies! {
    /// The session has a user.
    "001" WELCOME welcome(network: &str, mask: &str) => [] format_args!("Welcome to the {network} IRC network, {mask}");
    /// Which server this is.
    "002" YOUR_HOST your_host(server: &str, version: &str) => [] format_args!("Your host is {server}, running version {version}");
    /// Since when it runs.
    "003" CREATED created(date: &str) => [] format_args!("This server was started on {date}");
    /// What it knows of modes.
    "004" MY_INFO my_info(server: &str, version: &str, user_modes: &str, channel_modes: &str, with_param: &str) => [server, version, user_modes, channel_modes, with_param];
    /// One's own id on the network, which stands for a nick that is lost to somebody else.
    "042" YOUR_ID your_id(id: &str) => [id] "your unique ID";
    /// What it supports.
    "005" ISUPPORT isupport(tokens: &str) => [] ~ tokens "are supported by this server";
    /// Of which events one is told.
    "008" SNOMASK snomask(letters: &str) => [letters] "Server notice mask";
    /// One's own modes.
    "221" UMODE_IS umode_is(modes: &str) => [modes];
    /// The most clients there have been, and how many connections in all.
    "250" STATS_CONN stats_conn(most: usize, count: u64) => [] format_args!("Highest connection count: {most} ({most} clients) ({count} connections received)");
    /// How many users there are.
    "251" LUSER_CLIENT luser_client(users: usize, invisible: usize, servers: usize) => [] format_args!("There are {users} users and {invisible} invisible on {servers} servers");
    /// How many operators are online.
    "252" LUSER_OP luser_op(count: usize) => [count] "operator(s) online";
    /// How many connections have not registered.
    "253" LUSER_UNKNOWN luser_unknown(count: usize) => [count] "unknown connection(s)";
    /// How many channels there are.
    "254" LUSER_CHANNELS luser_channels(count: usize) => [count] "channels formed";
    /// How many users are on this server.
    "255" LUSER_ME luser_me(clients: usize, servers: usize) => [] format_args!("I have {clients} clients and {servers} servers");
    /// The users of this server, and the most there have been.
    "265" LOCAL_USERS local_users(now: usize, most: usize) => [now, most] format_args!("Current local users {now}, max {most}");
    /// The users of the network, and the most there have been.
    "266" GLOBAL_USERS global_users(now: usize, most: usize) => [now, most] format_args!("Current global users {now}, max {most}");
    /// The fingerprint of someone's certificate.
    "276" WHOIS_CERTFP whois_certfp(nick: &str, fingerprint: &str) => [nick] format_args!("has client certificate fingerprint {fingerprint}");
    /// Someone is away.
    "301" AWAY away(nick: &str, message: &str) => [nick] message;
    /// The hosts of nicks.
    "302" USER_HOST user_host(list: &str) => [] list;
    /// Which of the nicks are online.
    "303" ISON ison(nicks: &str) => [] nicks;
    /// One is no longer away.
    "305" UN_AWAY un_away() => [] "You are no longer marked as being away";
    /// One is away.
    "306" NOW_AWAY now_away() => [] "You have been marked as being away";
    /// Someone is there to help.
    "310" WHOIS_HELPOP whois_helpop(nick: &str) => [nick] "is available for help";
    /// Who someone is.
    "311" WHOIS_USER whois_user(nick: &str, user: &str, host: &str, realname: &str) => [nick, user, host, '*'] realname;
    /// Where someone is.
    "312" WHOIS_SERVER whois_server(nick: &str, server: &str, about: &str) => [nick, server] about;
    /// Someone is an operator.
    "313" WHOIS_OPERATOR whois_operator(nick: &str, class: &str) => [nick] format_args!("is an IRC operator ({class})");
    /// Who someone was.
    "314" WHOWAS_USER whowas_user(nick: &str, user: &str, host: &str, realname: &str) => [nick, user, host, '*'] realname;
    /// The end of WHO.
    "315" END_OF_WHO end_of_who(mask: &str) => [mask] "End of /WHO list";
    /// How long someone has been idle, and since when online.
    "317" WHOIS_IDLE whois_idle(nick: &str, idle: u64, since: u64) => [nick, idle, since] "seconds idle, signon time";
    /// The end of WHOIS.
    "318" END_OF_WHOIS end_of_whois(nicks: &str) => [nicks] "End of /WHOIS list";
    /// Which channels someone is in.
    "319" WHOIS_CHANNELS whois_channels(nick: &str, channels: &str) => [nick] channels;
    /// Something else about someone.
    "320" WHOIS_SPECIAL whois_special(nick: &str, text: &str) => [nick] text;
    /// A channel in LIST.
    "322" LIST list(channel: &str, members: usize, topic: &str) => [channel, members] topic;
    /// The beginning of LIST.
    "321" LIST_START list_start() => ["Channel"] "Users  Name";
    /// The end of LIST.
    "323" LIST_END list_end() => [] "End of /LIST";
    /// A channel's modes.
    "324" CHANNEL_MODE_IS channel_mode_is(channel: &str, modes: &str) => [channel] ~ modes;
    /// When a channel was created.
    "329" CREATION_TIME creation_time(channel: &str, at: u64) => [channel, at];
    /// A channel has no topic.
    "331" NO_TOPIC no_topic(channel: &str) => [channel] "No topic is set";
    /// A channel's topic.
    "332" TOPIC topic(channel: &str, topic: &str) => [channel] topic;
    /// Who set it, and when.
    "333" TOPIC_WHO_TIME topic_who_time(channel: &str, setter: &str, at: u64) => [channel, setter, at];
    /// Someone is a bot.
    "335" WHOIS_BOT whois_bot(nick: &str) => [nick] "is a bot";
    /// The account that someone is logged in to.
    "330" WHOIS_ACCOUNT whois_account(nick: &str, account: &str) => [nick, account] "is logged in as";
    /// A channel that one has been invited to.
    "336" INVITE_LIST invite_list(channel: &str) => [channel];
    /// The end of these.
    "337" END_OF_INVITE_LIST end_of_invite_list() => [] "End of /INVITE list";
    /// The host and address behind someone.
    "338" WHOIS_ACTUALLY whois_actually(nick: &str, host: &str, address: &str) => [nick, host, address] "Actual user@host, Actual IP";
    /// An invitation is on its way.
    "341" INVITING inviting(nick: &str, channel: &str) => [nick, channel];
    /// A mask on an invite-exception list.
    "346" INVEX_LIST invex_list(channel: &str, mask: &str, setter: &str, at: u64) => [channel, mask, setter, at];
    /// The end of these.
    "347" END_OF_INVEX_LIST end_of_invex_list(channel: &str) => [channel] "End of channel invite exception list";
    /// A mask on a ban-exception list.
    "348" EXCEPT_LIST except_list(channel: &str, mask: &str, setter: &str, at: u64) => [channel, mask, setter, at];
    /// The end of these.
    "349" END_OF_EXCEPT_LIST end_of_except_list(channel: &str) => [channel] "End of channel exception list";
    /// Which version this is.
    "351" VERSION version(version: &str, server: &str, about: &str) => [version, server] about;
    /// Someone in WHO.
    "352" WHO_REPLY who_reply(channel: &str, user: &str, host: &str, server: &str, nick: &str, flags: &str, hops: u32, realname: &str) => [channel, user, host, server, nick, flags] format_args!("{hops} {realname}");
    /// Someone in WHO, as it was asked for (`ircv3: whox`).
    "354" WHOX_REPLY whox_reply(fields: &str) => [] ~ fields;
    /// The names in a channel.
    "353" NAM_REPLY nam_reply(symbol: char, channel: &str, names: &str) => [symbol, channel] names;
    /// The end of these.
    "366" END_OF_NAMES end_of_names(channel: &str) => [channel] "End of /NAMES list";
    /// A mask on a ban list.
    "367" BAN_LIST ban_list(channel: &str, mask: &str, setter: &str, at: u64) => [channel, mask, setter, at];
    /// The end of these.
    "368" END_OF_BAN_LIST end_of_ban_list(channel: &str) => [channel] "End of channel ban list";
    /// The end of WHOWAS.
    "369" END_OF_WHOWAS end_of_whowas(nick: &str) => [nick] "End of WHOWAS";
    /// A line of the message of the day.
    "372" MOTD motd(line: &str) => [] format_args!("- {line}");
    /// The beginning of the message of the day.
    "375" MOTD_START motd_start(server: &str) => [] format_args!("- {server} Message of the day -");
    /// The end of the message of the day.
    "376" END_OF_MOTD end_of_motd() => [] "End of /MOTD command";
    /// From which host someone is connecting.
    "378" WHOIS_HOST whois_host(nick: &str, host: &str, address: &str) => [nick] format_args!("is connecting from {host} {address}");
    /// Someone's modes.
    "379" WHOIS_MODES whois_modes(nick: &str, modes: &str) => [nick] format_args!("is using modes {modes}");
    /// One is an operator now.
    "381" YOURE_OPER youre_oper() => [] "You are now an IRC operator";
    /// The configuration is read again.
    "382" REHASHING rehashing(file: &str) => [file] "Rehashing";
    /// What time it is.
    "391" TIME time(server: &str, secs: u64, text: &str) => [server, secs] text;
    /// The host that others see.
    "396" HOST_HIDDEN host_hidden(host: &str) => [host] "is now your displayed host";
    /// Something could not be done.
    "400" UNKNOWN_ERROR unknown_error(command: &str, text: &str) => [command] text;
    /// There is no such nick.
    "401" NO_SUCH_NICK no_such_nick(nick: &str) => [nick] "No such nick/channel";
    /// There is no such server.
    "402" NO_SUCH_SERVER no_such_server(server: &str) => [server] "No such server";
    /// There is no such channel.
    "403" NO_SUCH_CHANNEL no_such_channel(channel: &str) => [channel] "No such channel";
    /// One may not speak there.
    "404" CANNOT_SEND_TO_CHAN cannot_send_to_chan(channel: &str, why: &str) => [channel] format_args!("Cannot send to channel ({why})");
    /// One is in as many channels as one may.
    "405" TOO_MANY_CHANNELS too_many_channels(channel: &str) => [channel] "You have joined too many channels";
    /// There was no such nick.
    "406" WAS_NO_SUCH_NICK was_no_such_nick(nick: &str) => [nick] "There was no such nickname";
    /// More targets than one may name at once.
    "407" TOO_MANY_TARGETS too_many_targets(target: &str) => [target] "Too many targets; this one and those after it were left out";
    /// PING without a token.
    "409" NO_ORIGIN no_origin() => [] "No origin specified";
    /// A CAP subcommand that means nothing.
    "410" INVALID_CAP_CMD invalid_cap_cmd(subcommand: &str) => [subcommand] "Invalid CAP command";
    /// A message to nobody.
    "411" NO_RECIPIENT no_recipient(verb: &str) => [] format_args!("No recipient given ({verb})");
    /// A message without words.
    "412" NO_TEXT_TO_SEND no_text_to_send() => [] "No text to send";
    /// A line longer than allowed.
    "417" INPUT_TOO_LONG input_too_long() => [] "Input line was too long";
    /// There is no such command.
    "421" UNKNOWN_COMMAND unknown_command(verb: &str) => [verb] "Unknown command; HELP lists what there is";
    /// There is no message of the day.
    "422" NO_MOTD no_motd() => [] "MOTD File is missing";
    /// NICK without a nick.
    "431" NO_NICKNAME_GIVEN no_nickname_given() => [] "No nickname given";
    /// What cannot be a nick.
    "432" ERRONEOUS_NICKNAME erroneous_nickname(nick: &str, max: usize) => [nick] format_args!("Erroneous nickname: it has at most {max} letters, digits and -_[]{{}}\\`^|, and begins with neither digit nor hyphen");
    /// A channel cannot be entered now.
    "437" UNAVAILABLE unavailable(channel: &str, why: &str) => [channel] format_args!("Cannot join channel ({why})");
    /// Somebody else has the nick.
    "433" NICKNAME_IN_USE nickname_in_use(nick: &str) => [nick] "Nickname is already in use";
    /// Someone is not in the channel.
    "441" USER_NOT_IN_CHANNEL user_not_in_channel(nick: &str, channel: &str) => [nick, channel] "They aren't on that channel";
    /// One is not in the channel.
    "442" NOT_ON_CHANNEL not_on_channel(channel: &str) => [channel] "You're not on that channel";
    /// Someone is in the channel already.
    "443" USER_ON_CHANNEL user_on_channel(nick: &str, channel: &str) => [nick, channel] "is already on channel";
    /// The nick cannot be changed while one is in a channel.
    "447" CANNOT_CHANGE_NICK cannot_change_nick(channel: &str, why: &str) => [] format_args!("Cannot change nickname while on {channel} ({why})");
    /// One has to register first.
    "451" NOT_REGISTERED not_registered() => [] "You have not registered";
    /// Parameters are missing.
    "461" NEED_MORE_PARAMS need_more_params(verb: &str) => [verb] "Not enough parameters";
    /// One has registered already.
    "462" ALREADY_REGISTERED already_registered() => [] "You may not reregister";
    /// A password is wrong.
    "464" PASSWD_MISMATCH passwd_mismatch() => [] "Password incorrect";
    /// A server ban touches the client.
    "465" YOU_ARE_BANNED you_are_banned(reason: &str) => [] format_args!("You are banned from this server: {reason}");
    /// What cannot be a user name.
    "468" INVALID_USERNAME invalid_username() => [] "Your username is not valid";
    /// One is sent to another channel.
    "470" LINK_CHANNEL link_channel(channel: &str, to: &str) => [channel, to] "Forwarding to another channel";
    /// The channel is full.
    "471" CHANNEL_IS_FULL channel_is_full(channel: &str) => [channel] "Cannot join channel (+l)";
    /// A letter that is no mode.
    "472" UNKNOWN_MODE unknown_mode(letter: char) => [letter] "is unknown mode char to me; HELP CMODES lists them";
    /// The channel is by invitation only.
    "473" INVITE_ONLY_CHAN invite_only_chan(channel: &str) => [channel] "Cannot join channel (+i)";
    /// One is banned.
    "474" BANNED_FROM_CHAN banned_from_chan(channel: &str) => [channel] "Cannot join channel (+b)";
    /// The key is wrong.
    "475" BAD_CHANNEL_KEY bad_channel_key(channel: &str) => [channel] "Cannot join channel (+k)";
    /// What cannot be a channel.
    "476" BAD_CHAN_MASK bad_chan_mask(channel: &str, max: usize) => [channel] format_args!("Bad Channel Mask: a channel's name begins with # and has at most {max} bytes");
    /// It takes an account.
    "477" NEED_REGGED_NICK need_regged_nick(target: &str, why: &str) => [target] why;
    /// A list is full.
    "478" BAN_LIST_FULL ban_list_full(channel: &str, letter: char) => [channel, letter] "Channel list is full";
    /// A channel that nobody may be in.
    "479" FORBIDDEN_CHANNEL forbidden_channel(channel: &str, why: &str) => [channel] format_args!("Cannot join channel (it is {why})");
    /// It takes an operator with the privilege.
    "481" NO_PRIVILEGES no_privileges() => [] "Permission Denied - You're not an IRC operator with that privilege";
    /// It takes a channel operator.
    "482" CHAN_OP_NEEDED chan_op_needed(channel: &str) => [channel] "You're not channel operator";
    /// The channel does not let anybody do that.
    "482" CHAN_RESTRICTED chan_restricted(channel: &str, why: &str) => [channel] why;
    /// The channel is for those on TLS.
    "489" SECURE_ONLY_CHAN secure_only_chan(channel: &str) => [channel] "Cannot join channel (+z): connect by TLS to enter";
    /// Somebody inside is not on TLS.
    "490" ALL_MUST_USE_TLS all_must_use_tls(channel: &str, nick: &str) => [channel] format_args!("All members must be connected by TLS before +z can be set; {nick} is not");
    /// One cannot become an operator from here.
    "491" NO_OPER_HOST no_oper_host() => [] "No appropriate operator blocks were found for your host";
    /// A letter that is no user mode.
    "501" UMODE_UNKNOWN_FLAG umode_unknown_flag() => [] "Unknown MODE flag; HELP UMODES lists them";
    /// The modes of others are theirs.
    "502" USERS_DONT_MATCH users_dont_match() => [] "Can't change mode for other users";
    /// The channel is for operators of the network.
    "520" OPER_ONLY_CHAN oper_only_chan(channel: &str) => [channel] "Cannot join channel (+O): only operators of the network may enter";
    /// There is no help on that.
    "524" HELP_NOT_FOUND help_not_found(topic: &str) => [topic] "No help available on this topic";
    /// A private message was not delivered, and why.
    "531" CANNOT_SEND_TO_USER cannot_send_to_user(nick: &str, why: &str) => [nick] format_args!("Cannot send to user ({why})");
    /// A key that cannot be.
    "525" INVALID_KEY invalid_key(channel: &str) => [channel] "Key is not well-formed";
    /// No part can be played there, and why.
    "573" CANNOT_SEND_RP cannot_send_rp(target: &str, why: &str) => [target] why;
    /// The TLS handshake may begin.
    "670" STARTTLS starttls() => [] "STARTTLS successful, proceed with TLS handshake";
    /// Someone is connected by TLS.
    "671" WHOIS_SECURE whois_secure(nick: &str) => [nick] "is using a secure connection";
    /// There will be no TLS handshake.
    "691" STARTTLS_FAILED starttls_failed(why: &str) => [] format_args!("STARTTLS failed ({why})");
    /// A mode's parameter cannot be.
    "696" INVALID_MODE_PARAM invalid_mode_param(target: &str, letter: char, param: &str, why: &str) => [target, letter, param] why;
    /// The beginning of a help text.
    "704" HELP_START help_start(topic: &str, text: &str) => [topic] text;
    /// A line of a help text.
    "705" HELP_TXT help_txt(topic: &str, text: &str) => [topic] text;
    /// The end of a help text.
    "706" END_OF_HELP end_of_help(topic: &str) => [topic] "End of /HELP";
    /// A mask that mutes.
    "728" QUIET_LIST quiet_list(channel: &str, mask: &str, setter: &str, at: u64) => [channel, 'q', mask, setter, at];
    /// The end of these.
    "729" END_OF_QUIET_LIST end_of_quiet_list(channel: &str) => [channel, 'q'] "End of channel quiet list";
    /// The end of the content filter.
    "940" END_OF_FILTER_LIST end_of_filter_list(channel: &str) => [channel] "End of channel filter list";
    /// A text that members may not say.
    "941" FILTER_LIST filter_list(channel: &str, text: &str, setter: &str, at: u64) => [channel, text, setter, at];
    /// Someone does not hear those who are not on their list.
    "716" TARGET_UMODE_G target_umode_g(nick: &str) => [nick] "is in +g mode (server-side ignore)";
    /// They have been told that one would like to be heard.
    "717" TARGET_NOTIFY target_notify(nick: &str) => [nick] "has been informed that you messaged them";
    /// Someone would like to be heard.
    "718" UMODE_G_MESSAGE umode_g_message(nick: &str, host: &str) => [nick, host] "is messaging you, and you have user mode +g set; ACCEPT lets you hear them";
    /// Someone on one's SILENCE list.
    "271" SILENCE_LIST silence_list(nick: &str, mask: &str) => [nick, mask];
    /// The end of these.
    "272" END_OF_SILENCE_LIST end_of_silence_list(nick: &str) => [nick] "End of Silence List";
    /// Those on one's ACCEPT list.
    "281" ACCEPT_LIST accept_list(nicks: &str) => [] nicks;
    /// The end of these.
    "282" END_OF_ACCEPT end_of_accept() => [] "End of /ACCEPT list";
    /// One's ACCEPT list is full.
    "456" ACCEPT_FULL accept_full() => [] "Accept list is full";
    /// Someone is on it already.
    "457" ACCEPT_EXIST accept_exist(nick: &str) => [nick] "is already on your accept list";
    /// Someone is not on it.
    "458" ACCEPT_NOT accept_not(nick: &str) => [nick] "is not on your accept list";
    /// One's SILENCE list is full.
    "511" SILENCE_LIST_FULL silence_list_full(mask: &str) => [mask] "Your silence list is full";
    /// Monitored users who are online.
    "730" MON_ONLINE mon_online(masks: &str) => [] masks;
    /// Monitored nicks that nobody wears.
    "731" MON_OFFLINE mon_offline(nicks: &str) => [] nicks;
    /// What is monitored.
    "732" MON_LIST mon_list(nicks: &str) => [] nicks;
    /// The end of these.
    "733" END_OF_MON_LIST end_of_mon_list() => [] "End of MONITOR list";
    /// No more can be monitored.
    "734" MON_LIST_FULL mon_list_full(limit: usize, nicks: &str) => [limit, nicks] "Monitor list is full";
    /// A line of the rules.
    "232" RULES rules(line: &str) => [] format_args!("- {line}");
    /// The beginning of the rules.
    "308" RULES_START rules_start(server: &str) => [] format_args!("- {server} Server Rules -");
    /// The end of the rules.
    "309" END_OF_RULES end_of_rules() => [] "End of RULES command";
    /// There are no rules.
    "434" NO_RULES no_rules() => [] "RULES File is missing";
    /// A server and what is behind it.
    "006" MAP map(line: &str) => [] line;
    /// The end of these.
    "007" END_OF_MAP end_of_map() => [] "End of /MAP";
    /// A connection that has not said who it is.
    "203" TRACE_UNKNOWN trace_unknown(class: &str, address: &str) => ["????", class, address];
    /// An operator's connection.
    "204" TRACE_OPERATOR trace_operator(class: &str, nick: &str, host: &str, silent: u64) => ["Oper", class, nick] format_args!("{host} has been silent for {silent} seconds");
    /// A user's connection.
    "205" TRACE_USER trace_user(class: &str, nick: &str, host: &str, silent: u64) => ["User", class, nick] format_args!("{host} has been silent for {silent} seconds");
    /// How many connections a class has.
    "209" TRACE_CLASS trace_class(class: &str, count: u32) => ["Class", class, count];
    /// The end of TRACE.
    "262" TRACE_END trace_end(server: &str, version: &str) => [server, version] "End of TRACE";
    /// A connection, in STATS.
    "211" STATS_LINK_INFO stats_link_info(nick: &str, address: &str, since: u64) => [nick, address, since];
    /// A server ban, in STATS.
    "216" STATS_K_LINE stats_k_line(kind: &str, mask: &str, until: &str, reason: &str) => [kind, mask, until] reason;
    /// A class of connections, in STATS: the seconds of silence after which a client is asked whether it is
    /// there, those that each connection too many costs, and how much may wait to be read.
    "218" STATS_Y_LINE stats_y_line(class: &str, ping: u64, connect: u64, send_queue: u64, rest: &str) => ['Y', class, ping, connect, send_queue] rest;
    /// The end of STATS.
    "219" END_OF_STATS end_of_stats(letter: char) => [letter] "End of /STATS report";
    /// How long the server has been up.
    "242" STATS_UPTIME stats_uptime(days: u64, hours: u64, minutes: u64, seconds: u64) => [] format_args!("Server Up {days} days {hours}:{minutes:02}:{seconds:02}");
    /// Who may become an operator.
    "243" STATS_O_LINE stats_o_line(mask: &str, name: &str, class: &str) => ['O', mask, '*', name, class];
    /// Something else, in STATS.
    "249" STATS_DEBUG stats_debug(text: &str) => [] text;
    /// The end of SERVLIST.
    "235" SERVLIST_END servlist_end(mask: &str, kind: &str) => [mask, kind] "End of service listing";
    /// Who runs the server.
    "256" ADMIN_ME admin_me(server: &str) => [server] "Administrative info";
    /// Where it is.
    "257" ADMIN_LOC1 admin_loc1(text: &str) => [] text;
    /// Who that is.
    "258" ADMIN_LOC2 admin_loc2(text: &str) => [] text;
    /// How to reach them.
    "259" ADMIN_EMAIL admin_email(text: &str) => [] text;
    /// The addresses of nicks.
    "340" USER_IP user_ip(list: &str) => [] list;
    /// A server of the network.
    "364" LINKS links(server: &str, uplink: &str, hops: u32, about: &str) => [server, uplink] format_args!("{hops} {about}");
    /// The end of these.
    "365" END_OF_LINKS end_of_links(mask: &str) => [mask] "End of /LINKS list";
    /// What the server is.
    "371" INFO info(line: &str) => [] line;
    /// The end of that.
    "374" END_OF_INFO end_of_info() => [] "End of INFO list";
    /// There is no such service.
    "408" NO_SUCH_SERVICE no_such_service(name: &str) => [name] "No such service";
    /// Nobody has said who runs the server.
    "423" NO_ADMIN_INFO no_admin_info(server: &str) => [server] "No administrative info available";
    /// SUMMON is not done.
    "445" SUMMON_DISABLED summon_disabled() => [] "SUMMON has been disabled";
    /// USERS is not done.
    "446" USERS_DISABLED users_disabled() => [] "USERS has been disabled";
    /// One cannot knock there.
    "480" CANNOT_KNOCK cannot_knock(channel: &str, why: &str) => [channel] format_args!("Cannot knock on {channel} ({why})");
    /// Someone is no longer invited.
    "494" UNINVITED uninvited(nick: &str, channel: &str) => [nick, channel] "Uninvited";
    /// Someone has not been invited.
    "505" NOT_INVITED not_invited(nick: &str, channel: &str) => [nick, channel] "Is not invited to channel";
    /// Someone asks to be let in.
    "710" KNOCK knock(channel: &str, mask: &str) => [channel, mask] "has asked for an invite";
    /// The knock has been heard.
    "711" KNOCK_DELIVERED knock_delivered(channel: &str) => [channel] "Your KNOCK has been delivered";
    /// One has knocked a moment ago.
    "712" TOO_MANY_KNOCK too_many_knock(channel: &str) => [channel] "Too many KNOCKs (wait a minute)";
    /// The door is open.
    "713" CHAN_OPEN chan_open(channel: &str) => [channel] "Channel is open";
    /// One is inside.
    "714" KNOCK_ON_CHAN knock_on_chan(channel: &str) => [channel] "You are already on that channel";
    /// A mode that the registration of the channel locks.
    "742" MLOCK_RESTRICTED mlock_restricted(channel: &str, letter: char, lock: &str) => [channel, letter, lock] "MODE cannot be set due to channel having an active MLOCK restriction policy";
    /// What someone tells of themselves, in WHOIS (`ircv3: metadata`).
    "760" WHOIS_KEY_VALUE whois_key_value(target: &str, key: &str, value: &str) => [target, key, '*'] value;
    /// A metadata key and its value.
    "761" KEY_VALUE key_value(target: &str, key: &str, value: &str) => [target, key, '*'] value;
    /// A metadata key that has no value.
    "766" KEY_NOT_SET key_not_set(target: &str, key: &str) => [target, key] "Key is not set";
    /// Keys that one is now subscribed to.
    "770" METADATA_SUB_OK metadata_sub_ok(keys: &str) => [] ~ keys;
    /// Keys that one is no longer subscribed to.
    "771" METADATA_UNSUB_OK metadata_unsub_ok(keys: &str) => [] ~ keys;
    /// Keys that one is subscribed to.
    "772" METADATA_SUBS metadata_subs(keys: &str) => [] ~ keys;
    /// There is metadata to be asked for with METADATA SYNC.
    "774" METADATA_SYNC_LATER metadata_sync_later(target: &str) => [target];
    /// Metadata has been changed too often; when to try again, and what was to be set.
    "775" METADATA_RATE_LIMIT metadata_rate_limit(target: &str, key: &str, secs: u64, value: &str) => [target, key, secs] value;
    /// A nick that nobody may wear.
    "432" FORBIDDEN_NICKNAME forbidden_nickname(nick: &str, why: &str) => [nick] format_args!("Nickname is forbidden: {why}");
    /// A nick belongs to an account.
    "433" NICKNAME_RESERVED nickname_reserved(nick: &str) => [nick] "Nickname belongs to an account; log in to it first";
    /// One is logged in now (`ircv3: sasl-3.1`).
    "900" LOGGED_IN logged_in(mask: &str, account: &str, text: &str) => [mask, account] text;
    /// One is logged out now (`ircv3: sasl-3.1`).
    "901" LOGGED_OUT logged_out(mask: &str) => [mask] "You are now logged out";
    /// The account that one wants to log in to is suspended.
    "902" NICK_LOCKED nick_locked() => [] "This account is suspended; ask an operator of the network";
    /// That is done by SASL.
    "903" SASL_SUCCESS sasl_success() => [] "SASL authentication successful";
    /// It is not.
    "904" SASL_FAIL sasl_fail(why: &str) => [] format_args!("SASL authentication failed: {why}");
    /// A message of SASL is longer than it may be.
    "905" SASL_TOO_LONG sasl_too_long() => [] "SASL message too long";
    /// Logging in by SASL has been given up.
    "906" SASL_ABORTED sasl_aborted() => [] "SASL authentication aborted";
    /// The ways to log in by SASL.
    "908" SASL_MECHS sasl_mechs(mechanisms: &str) => [mechanisms] "are available SASL mechanisms";
    /// Too busy; ask again.
    "263" TRY_AGAIN try_again(verb: &str) => [verb] "Please wait a while and try again.";
}

/// Appends a middle parameter and a space.
fn middle(body: &mut String, param: &dyn Display) {
    let start = body.len();
    let _ = write!(body, "{param}");
    let given = body.get(start..).unwrap_or_default();
    if given.is_empty() || given.starts_with(':') || given.contains([' ', '\r', '\n', '\0']) {
        body.truncate(start);
        body.push('*');
    }
    body.push(' ');
}
