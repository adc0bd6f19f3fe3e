//! Every capability, once: its bit, its name, its specification, whether it is offered.

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CapSet(u64);

impl CapSet {
    /// None.
    pub const EMPTY: CapSet = CapSet(0);

    /// Whether all of `other` are in it.
    pub const fn contains(self, other: CapSet) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: CapSet) -> CapSet {
        CapSet(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: CapSet) -> CapSet {
        CapSet(self.0 | other.0)
    }

    /// What is not in `other`.
    #[must_use]
    pub const fn without(self, other: CapSet) -> CapSet {
        CapSet(self.0 & !other.0)
    }

    /// Whether there is none in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A capability.
#[derive(Debug)]
pub struct Cap {
    /// As it is negotiated.
    pub name: &'static str,
    /// The set of it alone.
    pub set: CapSet,
    /// What it is for.
    pub doc: &'static str,
    /// Whether all of it works, so that clients may ask for it.
    pub offered: bool,
    /// Whether it is offered only to some, and with a value that depends on who they are.
    pub conditional: bool,
}

/// `bit NAME = "name" offered;`, or `conditional`, or `planned`.
macro_rules! caps {
    ($($(#[doc = $doc:literal])* $bit:literal $konst:ident = $name:literal $offered:ident;)*) => {
        $($(#[doc = $doc])* pub const $konst: CapSet = CapSet(1 << $bit);)*
        /// Every capability, by name.
        pub const ALL: &[Cap] = &[$(Cap {
            name: $name, set: $konst, doc: concat!($($doc),*), offered: caps!(@ $offered), conditional: caps!(? $offered),
        }),*];
    };
    (@ offered) => { true };
    (@ $other:ident) => { false };
    (? conditional) => { true };
    (? $other:ident) => { false };
}

caps! {
    /// Changes of the accounts of others are told.
    0 ACCOUNT_NOTIFY = "account-notify" offered;
    /// Messages carry their sender's account.
    1 ACCOUNT_TAG = "account-tag" offered;
    /// Others going away are told.
    2 AWAY_NOTIFY = "away-notify" offered;
    /// Lines that belong together are marked.
    3 BATCH = "batch" offered;
    /// Changes of what can be negotiated are told.
    4 CAP_NOTIFY = "cap-notify" offered;
    /// Changes of the hosts of others are told.
    5 CHGHOST = "chghost" offered;
    /// One is asked for the second factor of one's account, and minds it, in ways that clients know.
    48 ACCOUNT_2FA = "draft/account-2fa" conditional;
    /// One may register an account with REGISTER.
    46 ACCOUNT_REGISTRATION = "draft/account-registration" conditional;
    /// Channels can be renamed.
    47 CHANNEL_RENAME = "draft/channel-rename" offered;
    /// What the server supports can be asked for, and comes as a batch.
    6 EXTENDED_ISUPPORT = "draft/extended-isupport" offered;
    /// Messages can be taken back.
    30 MESSAGE_REDACTION = "draft/message-redaction" offered;
    /// Users and channels tell of themselves, key by key, in METADATA lines.
    40 METADATA_2 = "draft/metadata-2" offered;
    /// Users and channels tell of themselves, key by key, in numerics.
    41 METADATA_3 = "draft/metadata-3" offered;
    /// A message may have several lines, as long as a batch may be.
    31 MULTILINE = "draft/multiline" offered;
    /// No names are sent on joining; the name before it was ratified.
    7 DRAFT_NO_IMPLICIT_NAMES = "draft/no-implicit-names" offered;
    /// What operators of the network do is marked.
    42 OPER_TAG = "draft/oper-tag" offered;
    /// One may be away before registering.
    8 PRE_AWAY = "draft/pre-away" offered;
    /// What is relayed for somebody else tells by whom.
    43 RELAYMSG = "draft/relaymsg" planned;
    /// Who registers is told their own mask and real name.
    44 WHOAMI = "draft/whoami" offered;
    /// One's own messages come back.
    9 ECHO_MESSAGE = "echo-message" offered;
    /// JOIN tells account and real name.
    10 EXTENDED_JOIN = "extended-join" offered;
    /// Changes of monitored users are told.
    11 EXTENDED_MONITOR = "extended-monitor" offered;
    /// Invitations of others are told.
    12 INVITE_NOTIFY = "invite-notify" offered;
    /// Answers carry the label of what they answer.
    13 LABELED_RESPONSE = "labeled-response" offered;
    /// Messages may carry tags.
    14 MESSAGE_TAGS = "message-tags" offered;
    /// Every prefix of a member is shown.
    15 MULTI_PREFIX = "multi-prefix" offered;
    /// No names are sent on joining.
    16 NO_IMPLICIT_NAMES = "no-implicit-names" offered;
    /// One may log in to an account by SASL.
    45 SASL = "sasl" conditional;
    /// Messages carry their time.
    17 SERVER_TIME = "server-time" offered;
    /// Real names may change.
    18 SETNAME = "setname" offered;
    /// Errors may come as FAIL, WARN and NOTE.
    19 STANDARD_REPLIES = "standard-replies" offered;
    /// One should come back by TLS.
    62 STS = "sts" conditional;
    /// One may turn to TLS with STARTTLS.
    63 TLS = "tls" conditional;
    /// NAMES tells whole masks.
    20 USERHOST_IN_NAMES = "userhost-in-names" offered;
}

/// What is sent and read in batches of several lines: who knows the one must know the other.
pub const MULTILINE_BATCH: CapSet = MULTILINE.or(BATCH);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_has_a_bit_of_its_own() {
        assert!(ALL.is_sorted_by_key(|cap| cap.name));
        let all = ALL.iter().fold(CapSet::EMPTY, |set, cap| set.or(cap.set));
        assert_eq!(all.0.count_ones() as usize, ALL.len());
    }
}
