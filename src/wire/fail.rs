//! Standard replies (`ircv3: standard-replies`): every code, once.

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It was not done.
    Fail,
    /// It was done, but.
    Warn,
    /// For information.
    Note,
}

/// A standard reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standard {
    /// How bad it is.
    pub kind: Kind,
    /// The command it is about; `*` for none.
    pub command: &'static str,
    /// What programs read.
    pub code: &'static str,
    /// What it is about.
    pub context: Vec<String>,
    /// What people read.
    pub text: &'static str,
}

impl Standard {
    /// The command on the wire.
    pub fn verb(&self) -> &'static str {
        match self.kind {
            Kind::Fail => "FAIL",
            Kind::Warn => "WARN",
            Kind::Note => "NOTE",
        }
    }

    /// All that follows it.
    pub fn body(&self) -> String {
        let mut body = format!("{} {} ", self.command, self.code);
        for context in &self.context {
            super::encode::push_middle(&mut body, context);
            body.push(' ');
        }
        body.push(':');
        body.push_str(self.text);
        body
    }
}

/// A standard reply, as the manual tells of it.
#[derive(Debug)]
pub struct Row {
    /// The command it is about; `*` for none.
    pub command: &'static str,
    /// What programs read.
    pub code: &'static str,
    /// When it comes.
    pub doc: &'static str,
}

/// `/// doc` `Kind make(params) => "COMMAND" "CODE" [context] "text";`
macro_rules! standards {
    ($($(#[doc = $doc:literal])* $kind:ident $make:ident($($param:ident),*) => $command:literal $code:literal $text:literal;)*) => {
        $($(#[doc = $doc])*
        pub fn $make($($param: &str),*) -> Standard {
            let context = vec![$($param.to_owned()),*];
            Standard { kind: Kind::$kind, command: $command, code: $code, context, text: $text }
        })*
        /// Every code, and the command it is about.
        pub const ALL: &[Row] = &[$(Row { command: $command, code: $code, doc: concat!($($doc),*) }),*];
    };
}

standards! {
    /// One is not logged in (`ircv3: account-2fa`).
    Fail second_not_authenticated() => "2FA" "NOT_AUTHENTICATED" "You are not logged in to an account; log in first.";
    /// A subcommand that is none, or a kind of second factor that there is not.
    Fail second_invalid_type(asked) => "2FA" "INVALID_TYPE" "The subcommands are STATUS, LIST, CHALLENGE, ADD, REMOVE, ENABLE and DISABLE; the only type is totp.";
    /// What no app can be called.
    Fail second_invalid_name(name) => "2FA" "INVALID_NAME" "A name has at most 64 bytes, and no control character.";
    /// A code that is wrong, of an app that is to be added.
    Fail second_invalid_data() => "2FA" "INVALID_CREDENTIAL_DATA" "That is not the code of your app; try the next one, and look whether the clock is right.";
    /// A code that is wrong or has been used.
    Fail second_invalid_response() => "2FA" "INVALID_CHALLENGE_RESPONSE" "That is not a code of your app, or it has been used already.";
    /// No secret has been given for the app that is to be added.
    Fail second_no_challenge() => "2FA" "NO_CHALLENGE" "Say 2FA CHALLENGE totp first, which gives you a secret for your app.";
    /// As many apps as there may be.
    Fail second_limit_reached() => "2FA" "LIMIT_REACHED" "Your account has as many apps as it may, or holds as much as it may; remove one first.";
    /// An app that the account does not have.
    Fail second_unknown_credential(id) => "2FA" "UNKNOWN_CREDENTIAL" "Your account has no app of that id; 2FA LIST shows those that it has.";
    /// The only app of an account, while logging in takes its codes.
    Fail second_remove_last() => "2FA" "REMOVE_LAST_CREDENTIAL" "Logging in takes codes of this app alone. Add another first, or turn that off: 2FA DISABLE totp <code>.";
    /// Logging in takes a code already.
    Fail second_already_enabled() => "2FA" "ALREADY_ENABLED" "Logging in takes a code already.";
    /// Logging in takes no code.
    Fail second_already_disabled() => "2FA" "ALREADY_DISABLED" "Logging in takes no code.";
    /// An account without apps, whose codes logging in could take.
    Fail second_needs_credential() => "2FA" "NO_CREDENTIALS" "Add an app first: 2FA CHALLENGE totp.";
    /// It cannot be done now.
    Fail second_temporarily_unavailable() => "2FA" "TEMPORARILY_UNAVAILABLE" "Accounts cannot be reached now. Nothing has been changed; try again later.";
    /// Too many codes have been wrong.
    Fail second_too_many() => "2FA" "TEMPORARILY_UNAVAILABLE" "Too many wrong codes; wait a minute and try again.";
    /// Logging in takes a code.
    Note second_enabled() => "2FA" "ENABLED" "Logging in takes a code besides the password.";
    /// Logging in takes no code.
    Note second_disabled() => "2FA" "DISABLED" "Logging in takes no code besides the password.";
    /// An app of the account: its id, its type, what it is called, when it was added.
    Note second_credential(id, kind, name, added) => "2FA" "CREDENTIAL" "An app whose codes count.";
    /// The account has no apps.
    Note second_no_credentials() => "2FA" "NO_CREDENTIALS" "Your account has no app.";
    /// A secret for an app, for the client to show it.
    Note second_challenge(kind, challenge) => "2FA" "REGISTRATION_CHALLENGE" "Enter it in your app, then say 2FA ADD totp <name> <code>.";
    /// A batch whose reference has letters that it may not have (`ircv3: client-batch`).
    Fail invalid_reftag(reference) => "BATCH" "INVALID_REFTAG" "A reference has letters, digits and hyphens, at most 64, behind + or -.";
    /// A batch that stayed open for too long (`ircv3: client-batch`).
    Fail batch_timeout(reference) => "BATCH" "TIMEOUT" "The batch was open for too long and is thrown away.";
    /// A batch of a type that clients cannot send (`ircv3: client-batch`).
    Fail unknown_batch_type(reference, kind) => "BATCH" "UNKNOWN_TYPE" "No batch of this type can be sent here, or your client has not asked for it.";
    /// More bytes than a message of several lines may have (`ircv3: multiline`).
    Fail multiline_max_bytes(limit) => "BATCH" "MULTILINE_MAX_BYTES" "The message is too long and is thrown away.";
    /// More lines than a message of several lines may have (`ircv3: multiline`).
    Fail multiline_max_lines(limit) => "BATCH" "MULTILINE_MAX_LINES" "The message has too many lines and is thrown away.";
    /// A line for another target than its batch (`ircv3: multiline`).
    Fail multiline_invalid_target(batch, line) => "BATCH" "MULTILINE_INVALID_TARGET" "A line of the message is for another target; the message is thrown away.";
    /// Anything else that is wrong with a message of several lines (`ircv3: multiline`).
    Fail multiline_invalid() => "BATCH" "MULTILINE_INVALID" "The batch is not a message of several lines, or not in order; it is thrown away.";
    /// Whose messages cannot be taken back (`ircv3: message-redaction`).
    Fail redact_invalid_target(target) => "REDACT" "INVALID_TARGET" "There is no such channel or user, or you are not in the channel.";
    /// A message that is somebody else's (`ircv3: message-redaction`).
    Fail redact_forbidden(target, id) => "REDACT" "REDACT_FORBIDDEN" "You may not take back this message.";
    /// A message that was said too long ago (`ircv3: message-redaction`).
    Fail redact_window_expired(target, id, window) => "REDACT" "REDACT_WINDOW_EXPIRED" "This message is too old to be taken back.";
    /// A message that is not, or no longer, known (`ircv3: message-redaction`).
    Fail unknown_msgid(target, id) => "REDACT" "UNKNOWN_MSGID" "There is no such message here, or it is too old.";
    /// The new name is another channel's (`ircv3: channel-rename`).
    Fail channel_name_in_use(old, new) => "RENAME" "CHANNEL_NAME_IN_USE" "There is a channel of that name already.";
    /// A new name that no channel can have (`ircv3: channel-rename`).
    Fail rename_to_no_name(old, new) => "RENAME" "CANNOT_RENAME" "A channel's name begins with # and holds no space, comma or control character; or this one is too long.";
    /// A new name that is the old one (`ircv3: channel-rename`).
    Fail rename_to_same(old, new) => "RENAME" "CANNOT_RENAME" "The channel has this name already.";
    /// A channel that has been renamed lately (`ircv3: channel-rename`).
    Fail renamed_recently(old, new) => "RENAME" "CANNOT_RENAME" "The channel has been renamed a moment ago; try again later.";
    /// A channel that is registered, and keeps the name of its registration.
    Fail rename_registered(old, new) => "RENAME" "CANNOT_RENAME" "The channel is registered. Its founder can end that (/msg ChanServ UNREGISTER) and register it again under the new name.";
    /// A reason that a filter of the network does not let pass (`ircv3: channel-rename`).
    Fail rename_filtered(old, new) => "RENAME" "CANNOT_RENAME" "Your words are not allowed here.";
    /// A name that an operator of the network has forbidden.
    Fail rename_forbidden(old, new) => "RENAME" "CANNOT_RENAME" "The new name is forbidden; choose another.";
    /// Who is not logged in may not come in (`ircv3: sasl`).
    Fail account_required() => "*" "ACCOUNT_REQUIRED" "You must log in to an account (SASL) to connect.";
    /// A line that is not UTF-8 (`ircv3: utf8-only`).
    Fail invalid_utf8() => "*" "INVALID_UTF8" "Your message is not UTF-8 and was not handled; set your client to UTF-8.";
    /// Nobody whose metadata there is (`ircv3: metadata`).
    Fail metadata_invalid_target(target) => "METADATA" "INVALID_TARGET" "There is no such user or channel, or you cannot name it here.";
    /// What cannot be a key.
    Fail metadata_key_invalid(key) => "METADATA" "KEY_INVALID" "A key has at most 32 of a-z, 0-9, _, ., / and -.";
    /// What cannot be a key, as `draft/metadata-3` calls it.
    Fail metadata_invalid_key(key) => "METADATA" "INVALID_KEY" "A key has at most 32 of a-z, 0-9, _, ., / and -.";
    /// A value that is too long.
    Fail metadata_value_invalid() => "METADATA" "VALUE_INVALID" "The value is too long.";
    /// A value that is too long, as `draft/metadata-3` calls it.
    Fail metadata_invalid_value(key) => "METADATA" "INVALID_VALUE" "The value is too long.";
    /// A subcommand that is none.
    Fail metadata_subcommand_invalid(subcommand) => "METADATA" "SUBCOMMAND_INVALID" "The subcommands are GET, LIST, SET, CLEAR, SUB, UNSUB, SUBS and SYNC.";
    /// A subcommand that is none, as `draft/metadata-3` calls it.
    Fail metadata_invalid_params(subcommand) => "METADATA" "INVALID_PARAMS" "The subcommands are GET, LIST, SET, CLEAR, SUB, UNSUB, SUBS and SYNC.";
    /// Metadata that one may not see or change.
    Fail metadata_key_no_permission(target, key) => "METADATA" "KEY_NO_PERMISSION" "You may change what you tell of yourself, and what channels tell whose operator you are.";
    /// A key that is taken away and was not set.
    Fail metadata_key_not_set(target, key) => "METADATA" "KEY_NOT_SET" "The key is not set.";
    /// As many keys as there may be.
    Fail metadata_limit_reached(target) => "METADATA" "LIMIT_REACHED" "There are as many keys as there may be; take one away first.";
    /// As many as there may be, of what the subcommand makes, for `draft/metadata-3`.
    Fail metadata_limit_reached_by(target, subcommand) => "METADATA" "LIMIT_REACHED" "There are as many as there may be; take one away first.";
    /// Metadata of an account cannot be stored now, so it stays as it is.
    Fail metadata_temporarily_unavailable(target, key) => "METADATA" "TEMPORARILY_UNAVAILABLE" "It cannot be stored now, and nothing has been changed; try again later.";
    /// Metadata has been changed too often.
    Fail metadata_rate_limited(target, key, secs) => "METADATA" "RATE_LIMITED" "Too many changes; wait and try again.";
    /// As many subscriptions as there may be.
    Fail metadata_too_many_subs(key) => "METADATA" "TOO_MANY_SUBS" "You are subscribed to as many keys as you may be; UNSUB from one first.";
    /// Nothing is relayed here (`ircv3: relaymsg`).
    Fail relaymsg_not_enabled() => "RELAYMSG" "NOT_ENABLED" "RELAYMSG is switched off on this server.";
    /// One may not relay into the channel.
    Fail relaymsg_privs_needed() => "RELAYMSG" "PRIVS_NEEDED" "You may not relay into this channel: it takes an operator of the channel, or of the network with the privilege.";
    /// What cannot be the nick of one for whom something is relayed.
    Fail relaymsg_invalid_nick() => "RELAYMSG" "INVALID_NICK" "The nick of a relayed message must hold one of the separators that the capability names, and nothing that a mask is made of.";
    /// There is nothing to relay.
    Fail relaymsg_blank_msg() => "RELAYMSG" "BLANK_MSG" "There is no text to relay.";
    /// A ban of the channel touches the one for whom something is relayed.
    Fail relaymsg_banned() => "RELAYMSG" "BANNED" "The nick of the relayed message is banned in this channel.";
    /// A filter does not let the text pass.
    Fail relaymsg_filtered() => "RELAYMSG" "FILTERED" "The text may not be said here.";
    /// Somebody has an account of that name (`ircv3: account-registration`).
    Fail register_account_exists(account) => "REGISTER" "ACCOUNT_EXISTS" "There is an account of that name already, or the nick belongs to one.";
    /// Another name than the nick is asked for.
    Fail register_account_name_must_be_nick(account) => "REGISTER" "ACCOUNT_NAME_MUST_BE_NICK" "An account is registered under the nick that you have; take that nick first.";
    /// One has no nick yet.
    Fail register_need_nick(account) => "REGISTER" "NEED_NICK" "Choose a nick first (NICK).";
    /// One is logged in already.
    Fail register_already_authenticated(account) => "REGISTER" "ALREADY_AUTHENTICATED" "You are logged in to an account already.";
    /// A name that no account may have.
    Fail register_bad_account_name(account) => "REGISTER" "BAD_ACCOUNT_NAME" "No account can have this name; choose another nick.";
    /// One has to be connected first.
    Fail register_complete_connection(account) => "REGISTER" "COMPLETE_CONNECTION_REQUIRED" "Complete your connection before you register an account.";
    /// What cannot be a mail address.
    Fail register_invalid_email(account) => "REGISTER" "INVALID_EMAIL" "Give a mail address, as alice@example.org.";
    /// A mail address that nobody may register with.
    Fail register_unacceptable_email(account) => "REGISTER" "UNACCEPTABLE_EMAIL" "The network does not take this mail address; give another.";
    /// The address has registered too many.
    Fail register_too_many(account) => "REGISTER" "TEMPORARILY_UNAVAILABLE" "Too many accounts have been registered from your address; try again later.";
    /// A code that nobody has been sent, or too long ago.
    Fail verify_invalid_code(account) => "VERIFY" "INVALID_CODE" "No such account waits for this code, or not any more.";
    /// One has to be connected first.
    Fail verify_complete_connection() => "VERIFY" "COMPLETE_CONNECTION_REQUIRED" "Complete your connection before you verify an account.";
    /// It has been tried too often.
    Fail verify_too_many(account) => "VERIFY" "TEMPORARILY_UNAVAILABLE" "Too many attempts; wait a moment and try again.";
    /// It cannot be done now.
    Fail verify_temporarily_unavailable(account) => "VERIFY" "TEMPORARILY_UNAVAILABLE" "The account cannot be verified now; try again later.";
    /// One is logged in already.
    Fail verify_already_authenticated(account) => "VERIFY" "ALREADY_AUTHENTICATED" "You are logged in to an account already.";
    /// A password that is easily guessed.
    Fail register_weak_password(account) => "REGISTER" "WEAK_PASSWORD" "The password is too short.";
    /// A password that cannot be.
    Fail register_unacceptable_password(account) => "REGISTER" "UNACCEPTABLE_PASSWORD" "The password is too long.";
    /// A password that operators have forbidden.
    Fail register_forbidden_password(account) => "REGISTER" "UNACCEPTABLE_PASSWORD" "The network does not take this password; choose another.";
    /// It cannot be done now.
    Fail register_temporarily_unavailable(account) => "REGISTER" "TEMPORARILY_UNAVAILABLE" "No account can be registered now; try again later.";
    /// A real name that cannot be (`ircv3: setname`).
    Fail invalid_realname() => "SETNAME" "INVALID_REALNAME" "Your real name is empty or too long.";
}

/// A line that is not UTF-8, of a command that is known.
pub fn invalid_utf8_in(command: &'static str) -> Standard {
    Standard { command, ..invalid_utf8() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_reply_reads_as_specified() {
        assert!(invalid_utf8().body().starts_with("* INVALID_UTF8 :Your message"));
        assert_eq!(invalid_realname().verb(), "FAIL");
    }
}
