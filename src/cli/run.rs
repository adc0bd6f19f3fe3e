//! `slircd run`

use super::{Arguments, CONFIG, complain, loader, log, say};
use crate::{
    config::{Config, Listen, Secret, Tls},
    job::Loaded,
    reactor::{Reactor, inherit::Heritage, system::wall},
    server::{Server, Setup},
    store::{self, Query, Rows, Store, sqlite},
    time::{Mono, Now, Stamp},
    work::{
        Pool, Workers, certificate,
        load::{self, Loader},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    ffi::OsString,
    fmt, fs,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
};

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    // Asked now, since a newer program may have taken this one's place when it is to be started.
    let program = std::env::current_exe();
    let mut loader = loader(arguments);
    let first = match loader.load() {
        Ok(loaded) => loaded,
        Err(errors) => {
            for error in errors {
                complain(&error.to_string());
            }
            complain("the configuration has mistakes, so nothing was started");
            return ExitCode::from(CONFIG);
        }
    };
    let folder = folder(&first.config);
    // A fault has been logged where it was; the log has still to be written.
    let served = catch_unwind(AssertUnwindSafe(|| serve(&mut loader, first, &folder)))
        .unwrap_or_else(|_| Err("the server had to stop by a fault of this program".into()));
    log::finish();
    let served =
        served.and_then(|heritage| heritage.map_or(Ok(()), |heritage| again(program, heritage)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

pub(super) fn folder(config: &Config) -> PathBuf {
    let given = config.storage.path.clone();
    given
        .or_else(|| state_directory(std::env::var_os("STATE_DIRECTORY")))
        .unwrap_or_else(|| "slircd-data".into())
}

/// That what is made in a data folder will be the server's.
pub(super) fn is_ours(folder: &Path) -> Result<(), NotYours> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let owner = std::fs::metadata(folder).map(|folder| folder.uid());
        let own = rustix::process::geteuid().as_raw();
        if owner.is_ok_and(|owner| owner != own) {
            return Err(NotYours(folder.into()));
        }
    }
    Ok(())
}

/// A data folder belongs to another user of the system.
#[derive(Debug)]
pub(super) struct NotYours(PathBuf);

impl fmt::Display for NotYours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} belongs to another user; run this as that user (for example with `sudo -u slircd`), so that the server can read what is written there",
            self.0.display()
        )
    }
}

/// The folder that systemd has made for the unit; of several the first (systemd.exec(5)).
fn state_directory(variable: Option<OsString>) -> Option<PathBuf> {
    std::env::split_paths(&variable?).find(|path| !path.as_os_str().is_empty())
}

/// Starts the program anew, in this process and with its listeners. Returns only if that fails.
#[cfg(unix)]
fn again(program: io::Result<PathBuf>, heritage: Heritage) -> Result<(), String> {
    let error = match program {
        Ok(program) => {
            heritage.exec(std::process::Command::new(program).args(std::env::args_os().skip(1)))
        }
        Err(error) => error,
    };
    Err(format!("the server has ended and cannot be started again: {error}"))
}

#[cfg(not(unix))]
fn again(_program: io::Result<PathBuf>, heritage: Heritage) -> Result<(), String> {
    match heritage {}
}

fn serve(loader: &mut Loader, first: Loaded, folder: &Path) -> Result<Option<Heritage>, String> {
    let unusable = |what: &dyn std::fmt::Display| {
        format!(
            "the data folder {} cannot be used: {what}; another can be named by `path` in [storage]",
            folder.display()
        )
    };
    let failed = |error: store::Error| unusable(&format!("{error}; {}", error.remedy()));
    log::begin(&first.config.log).map_err(|error| format!("the log cannot be started: {error}"))?;
    let mut store = sqlite::open(folder).map_err(failed)?;
    let mut loaded = first;
    if loaded.config.listen.is_empty() {
        let listeners = fallback(folder).map_err(|error| unusable(&error))?;
        let (certificates, errors) = loader.certificates(&listeners, &[]);
        if let Some(error) = errors.first() {
            return Err(unusable(error));
        }
        loaded.certificates = certificates;
        loaded.config.listen.clone_from(&listeners);
        loader.fallback = Some(listeners);
    } else {
        loader.fallback = Some(Vec::new());
    }
    if loaded.config.cloak.secret.as_ref().is_some_and(Secret::is_weak) {
        ::log::warn!(
            "the cloak secret can be guessed, and with it every address; it is used only because \
             SLIRCD_ALLOW_INSECURE_CLOAK is set"
        );
    }
    let cloak = match loaded.config.cloak.secret.clone() {
        Some(secret) => secret,
        None => cloak(folder).map_err(|error| unusable(&error))?,
    };
    let seed = load::number().map_err(|_| "the system has no random bytes")?;
    let now = Now { mono: Mono(0), wall: wall() };
    let (sid, tick) = (loaded.config.server.sid, Stamp::tick_at(now.wall));
    let identify = Query::Identify { sid, random: seed, tick };
    let Rows::Identity { sid, clock, life } = store.ask(&identify).map_err(failed)? else {
        return Err(unusable(&"it does not answer"));
    };
    let mut server =
        Server::new(Setup { loaded: loaded.clone(), sid, life, clock, seed, cloak }, now);
    let reader = || sqlite::reader(folder).map_err(failed);
    // By one of those who read, which keeps little of the file in memory: what is once given back in the midst of
    // the heap stays there.
    let mut finder = reader()?;
    store::remember(&mut finder, |past| server.remember(past, now)).map_err(failed)?;
    finder.shrink().map_err(failed)?;
    let workers = Workers {
        store: Box::new(store),
        readers: Some([Box::new(finder), Box::new(reader()?)]),
        loader: loader.clone(),
        loaded: loaded.clone(),
    };
    let reactor = Reactor::new(server, |wake| Pool::new(wake, workers), &loaded);
    let cannot = |error| format!("the server cannot start: {error}");
    let mut reactor = reactor.map_err(cannot)?;
    reactor.catch_signals().map_err(|error| format!("signals cannot be caught: {error}"))?;
    reactor.inherit(&loaded);
    reactor.bind(&loaded).map_err(cannot)?;
    greet(&loaded.config, &reactor, folder);
    reactor.run().map_err(|error| format!("the server had to stop: {error}"))?;
    reactor.finish().map_err(|error| format!("the listeners cannot be handed over: {error}"))
}

/// Says on the terminal where the server is and how to get there.
fn greet(config: &Config, reactor: &Reactor, folder: &Path) {
    let mut text =
        format!("slircd {} is running as {}\n", env!("CARGO_PKG_VERSION"), config.server.name);
    for place in reactor.listening() {
        text += &format!("  listening on {place}\n");
    }
    text += &format!("  data in {}\n", folder.display());
    let is = |place: usize, what: fn(&Listen) -> bool| config.listen.get(place).is_some_and(what);
    let secure = |place| is(place, |one| !one.tls.is_empty() && !one.starttls || one.sts_only);
    // Proxies, browsers and Tor come their own way.
    let mut addresses = reactor.addresses();
    addresses
        .retain(|(place, _)| is(*place, |one| one.proxy.is_empty() && !one.websocket && !one.tor));
    let plain = addresses.iter().find(|(place, _)| !secure(*place));
    if let Some((place, address)) = plain.or(addresses.first()) {
        text += &format!("  connect with:  {}\n", way(*address, secure(*place)));
    }
    say(&text);
}

/// How irssi is told where to connect, from this machine.
fn way(address: SocketAddr, secure: bool) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    match secure {
        false => format!("irssi -c {host} -p {}", address.port()),
        true => format!("irssi, and there /connect -tls {host} {}", address.port()),
    }
}

/// The listeners without configuration, with a certificate made once and kept.
fn fallback(folder: &Path) -> io::Result<Vec<Listen>> {
    // Whatever the working folder will be, these stay where they are.
    let folder = folder.canonicalize()?;
    let (chain_path, key_path) = (folder.join("self-signed.crt"), folder.join("self-signed.key"));
    if !chain_path.exists() || !key_path.exists() {
        let (chain, key) = certificate::self_signed(&["localhost", "127.0.0.1", "::1"])
            .map_err(io::Error::other)?;
        keep(&key_path, &key)?;
        keep(&chain_path, &chain)?;
    }
    let tls = Tls { certificate: chain_path, key: key_path, names: Vec::new() };
    // A machine without IPv6 has no ::1 to listen on.
    Ok(load::loopback(TcpListener::bind("[::1]:0").is_ok(), &tls))
}

/// The cloak secret, made once and kept.
fn cloak(folder: &Path) -> io::Result<Secret> {
    let path = folder.join("cloak.secret");
    if !path.exists() {
        let mut bytes = [0; 32];
        load::random(&mut bytes).map_err(|_| io::Error::other("the system has no random bytes"))?;
        keep(&path, &STANDARD.encode(bytes))?;
    }
    let secret = Secret::new(fs::read_to_string(&path)?.trim_end());
    if secret.expose().len() < SECRET_MIN {
        return Err(io::Error::other(
            "cloak.secret is damaged; restore it from a backup, or remove it to have another made, \
             with which every cloaked host and every ban of one changes",
        ));
    }
    Ok(secret)
}

/// Writes a file that only this user may read. After a crash it is there whole, or not at all.
fn keep(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Left by a start that was cut short. Usually there is none, and what is worse shows right below.
    drop(fs::remove_file(&new));
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // So that the name outlives a power cut too; other systems do not open folders.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A kept secret is longer, or has been cut.
const SECRET_MIN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_states_folders_is_used() {
        let first = |text: &str| state_directory(Some(text.into()));
        assert_eq!(first("/var/lib/slircd"), Some("/var/lib/slircd".into()));
        assert_eq!(first(""), None);
        assert_eq!(state_directory(None), None);
        #[cfg(unix)]
        assert_eq!(first("/var/lib/a:/var/lib/b"), Some("/var/lib/a".into()));
    }

    #[test]
    fn the_way_to_the_server_is_one_that_leads_there() {
        let tell = |address: &str, secure| way(address.parse().unwrap(), secure);
        assert_eq!(tell("127.0.0.1:6667", false), "irssi -c 127.0.0.1 -p 6667");
        assert_eq!(tell("[::]:6697", true), "irssi, and there /connect -tls ::1 6697");
    }

    #[test]
    fn a_secret_is_made_once_for_this_user_alone_and_never_half() {
        let name = format!("slircd-secret-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        // What a start that was cut short has left does not matter.
        fs::write(folder.join("cloak.new"), "half").unwrap();
        let made = cloak(&folder).unwrap();
        assert_eq!(cloak(&folder).unwrap(), made);
        assert!(!made.is_weak());
        let path = folder.join("cloak.secret");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, "\n").unwrap();
        assert!(cloak(&folder).unwrap_err().to_string().contains("damaged"));
        fs::remove_dir_all(folder).unwrap();
    }
}
