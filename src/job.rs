//! What the core asks of the workers, and what they answer. Data only.

use crate::{
    config::{self, Config, Secret, mail::Encryption},
    id,
    store::{self, Access, Query, Rows},
    wire::mmdb::Database,
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

id!(
    /// A question that is waiting for its answer.
    JobId
);

/// A question to a worker.
#[derive(Debug)]
pub enum Job {
    /// Is the hash of the password?
    Verify {
        /// As it is stored; none if there is nothing to log in to, which takes as long to answer.
        hash: Option<Secret>,
        /// As the client sent it.
        password: Secret,
    },
    /// Is it the password of an account? Answered with [`Answer::Checked`].
    Check {
        /// What is stored; nothing if there is no such account, which takes as long to answer.
        stored: Hashes,
        /// As the client sent it.
        password: Secret,
        /// Whether a verifier for SCRAM-SHA-256 is to be stored.
        scram: bool,
    },
    /// Make what is to be stored of a password.
    Hash {
        /// As the client sent it.
        password: Secret,
        /// Whether a verifier for SCRAM-SHA-256 is to be stored.
        scram: bool,
    },
    /// Make bytes that nobody can foresee.
    Random,
    /// What is the address called, by a name that leads back to it?
    Resolve {
        /// Whose name is asked for.
        address: IpAddr,
        /// The name servers to ask; those of the system if none.
        servers: Vec<SocketAddr>,
        /// How long that may take.
        timeout: Duration,
    },
    /// What does a blocklist say of an address?
    Inquire {
        /// Whom to ask.
        list: List,
        /// Of whom.
        address: IpAddr,
        /// How long that may take.
        timeout: Duration,
    },
    /// Send a mail.
    Mail(Box<Delivery>),
    /// Ask the store.
    Store(Query),
    /// Read the configuration again, with all files that it names.
    Load,
    /// Would the program, as it is on the disk now, start with the configuration as it is now?
    Rehearse {
        /// What everybody is told if it would; the answer says it again.
        text: Box<str>,
    },
    /// Read the certificates again if their files have changed since they were last read.
    Watch,
}

/// What a worker found.
#[derive(Debug)]
pub enum Answer {
    /// To [`Job::Verify`].
    Verified(bool),
    /// To [`Job::Check`].
    Checked {
        /// Whether it is.
        right: bool,
        /// What is to be stored from now on, if it is and what is stored is not what it should be today.
        renewed: Option<Box<Hashes>>,
    },
    /// To [`Job::Hash`].
    Hashed(Hashes),
    /// To [`Job::Random`].
    Random(Box<[u8; RANDOM_LEN]>),
    /// To [`Job::Resolve`]: a host name, if there is one that leads back to the address.
    Resolved(Option<String>),
    /// To [`Job::Inquire`]: nothing if there was no reply.
    Listed(Option<Listing>),
    /// To [`Job::Mail`].
    Mailed(Result<(), Undelivered>),
    /// To [`Job::Store`].
    Stored(Result<Rows, store::Error>),
    /// To [`Job::Load`].
    Loaded(Result<Box<Loaded>, Vec<config::Error>>),
    /// To [`Job::Watch`]: the certificates, if they have changed and can be read.
    Watched(Result<Option<Vec<Material>>, Vec<config::Error>>),
    /// To [`Job::Rehearse`].
    Rehearsed {
        /// What everybody is to be told.
        text: Box<str>,
        /// What is wrong, line by line.
        wrong: Vec<String>,
    },
    /// To any: the lane is full, nothing was done.
    Busy,
}

/// How many bytes that nobody can foresee are made at once.
pub const RANDOM_LEN: usize = 128;

/// What is stored of a password.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hashes {
    /// Its hash (argon2id, PHC string; or what another server has made).
    pub hash: Option<Secret>,
    /// Its verifier for SCRAM-SHA-256.
    pub scram: Option<Secret>,
}

/// A mail on its way.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// By which way.
    pub carrier: Carrier,
    /// The address that it comes from.
    pub from: String,
    /// The address that it goes to.
    pub to: String,
    /// The message, each line with its end. It may hold a code that is as good as a password.
    pub message: Secret,
    /// How long that may take.
    pub timeout: Duration,
}

/// A way by which mail goes.
#[derive(Clone, Debug)]
pub enum Carrier {
    /// A mail server.
    Server {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is encrypted.
        encryption: Encryption,
        /// Who vouches for it; those of the system if not this file.
        ca_file: Option<PathBuf>,
        /// The user and the password to log in with.
        login: Option<(String, Secret)>,
        /// How it is told that this host is called.
        hello: String,
    },
    /// A program.
    Program(PathBuf),
}

/// Why a mail has not been sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Undelivered {
    /// Whether it is about this mail, and will be the same the next time.
    pub is_final: bool,
    /// What happened, in words that do not name the recipient.
    pub why: String,
}

/// A blocklist, as it is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum List {
    /// By DNS.
    Zone {
        /// In which zone.
        zone: String,
        /// The name servers to ask; those of the system if none.
        servers: Vec<SocketAddr>,
    },
    /// By HTTP.
    Page {
        /// At which web address, that of whom it is asked about included.
        url: Secret,
        /// Who vouches for the server; those of the system if not this file.
        ca_file: Option<PathBuf>,
    },
}

/// What a blocklist replies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Listing {
    /// These addresses, which have a meaning.
    Addresses(Vec<Ipv4Addr>),
    /// A page.
    Page {
        /// With this status.
        status: u16,
        /// This stands in it.
        text: String,
    },
}

/// A configuration, with the contents of all files that it names.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What was configured.
    pub config: Config,
    /// The texts that clients can read.
    pub texts: Texts,
    /// One for each entry of each listener's `tls`.
    pub certificates: Vec<Material>,
    /// Where addresses belong.
    pub atlas: Atlas,
}

impl Loaded {
    /// A configuration that names no files.
    pub fn of(config: Config) -> Loaded {
        let (texts, atlas) = (Texts::default(), Atlas::default());
        Loaded { config, texts, certificates: Vec::new(), atlas }
    }
}

/// Databases of where addresses belong. They are large and never change, so all who have one share it.
#[derive(Clone, Debug, Default)]
pub struct Atlas {
    /// Of countries.
    pub country: Option<Arc<Database>>,
    /// Of networks (autonomous systems).
    pub asn: Option<Arc<Database>>,
}

/// Texts from files, line by line; empty where there is no file.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The message of the day.
    pub motd: Vec<String>,
    /// The rules of the server.
    pub rules: Vec<String>,
}

/// One certificate of one listener, as it stands in its files.
#[derive(Clone, Debug)]
pub struct Material {
    /// Which of the configuration's listeners it belongs to.
    pub listener: usize,
    /// Which of that listener's certificates it is.
    pub place: usize,
    /// The certificate chain, PEM.
    pub chain: Vec<u8>,
    /// The private key, PEM.
    pub key: Secret,
}

/// Which worker runs a job. A lane is a queue and its threads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lane {
    /// One thread: jobs finish in the order in which they were asked.
    Store,
    /// One thread: records that are looked up, however long writing takes. What is found there is never older
    /// than what has been told of writes before.
    LookUps,
    /// One thread: long reads of the store, so that they delay nothing else.
    Scans,
    /// What keeps a processor busy.
    Cpu,
    /// What waits for the network.
    Net,
    /// One thread: what waits for files, however busy the network is.
    Files,
}

impl Job {
    /// Where this job runs.
    pub fn lane(&self) -> Lane {
        match self {
            Job::Verify { .. } | Job::Check { .. } | Job::Hash { .. } | Job::Random => Lane::Cpu,
            Job::Store(Query::Find(_)) => Lane::LookUps,
            Job::Store(query) => match query.access() {
                Access::Write | Access::LookUp => Lane::Store,
                Access::Scan => Lane::Scans,
            },
            Job::Resolve { .. } | Job::Inquire { .. } | Job::Mail(_) => Lane::Net,
            Job::Load | Job::Rehearse { .. } | Job::Watch => Lane::Files,
        }
    }
}
