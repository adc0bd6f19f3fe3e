//! `slircd run`

use super::{Arguments, CONFIG, complain, loader, log, say};
use crate::{
    config::{Config, Listen, Secret, Tls},
    job::Loaded,
    reactor::Reactor,
    server::{Server, Setup},
    store::{Query, Rows, Store, sqlite},
    time::{Mono, Now, Wall},
    work::{
        Pool, Workers, certificate,
        load::{self, Loader},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::ExitCode,
    time::SystemTime,
};

pub(super) fn run(arguments: &Arguments) -> ExitCode {
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
    match serve(&mut loader, first, &folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn folder(config: &Config) -> PathBuf {
    let given = config.storage.path.clone();
    given
        .or_else(|| std::env::var_os("STATE_DIRECTORY").map(PathBuf::from))
        .unwrap_or_else(|| "slircd-data".into())
}

fn serve(loader: &mut Loader, first: Loaded, folder: &Path) -> Result<(), String> {
    let unusable = |what: &dyn std::fmt::Display| {
        format!(
            "the data folder {} cannot be used: {what}; set [storage] path, or make it writable",
            folder.display()
        )
    };
    log::begin(&first.config.log).map_err(|error| format!("the log cannot be started: {error}"))?;
    let mut store = sqlite::open(folder).map_err(|error| unusable(&error))?;
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
    let cloak = match loaded.config.cloak.secret.clone() {
        Some(secret) => secret,
        None => cloak(folder).map_err(|error| unusable(&error))?,
    };
    let seed = number().map_err(|error| error.to_string())?;
    let identify = Query::Identify { sid: loaded.config.server.sid, random: seed };
    let Rows::Identity { sid, clock, life } =
        store.ask(&identify).map_err(|error| unusable(&error))?
    else {
        return Err(unusable(&"it does not answer"));
    };
    let server =
        Server::new(Setup { loaded: loaded.clone(), sid, life, clock, seed, cloak }, start());
    let workers =
        Workers { store: Box::new(store), loader: loader.clone(), loaded: loaded.clone() };
    let reactor = Reactor::new(server, |wake| Pool::new(wake, workers), &loaded);
    let mut reactor = reactor.map_err(|error| format!("the server cannot start: {error}"))?;
    reactor.catch_signals().map_err(|error| format!("signals cannot be caught: {error}"))?;
    greet(&loaded.config, &reactor, folder);
    reactor.run().map_err(|error| format!("the server had to stop: {error}"))?;
    reactor.finish();
    Ok(())
}

/// Says on the terminal where the server is and how to get there.
fn greet(config: &Config, reactor: &Reactor, folder: &Path) {
    let mut text =
        format!("slircd {} is running as {}\n", env!("CARGO_PKG_VERSION"), config.server.name);
    for place in reactor.listening() {
        text += &format!("  listening on {place}\n");
    }
    text += &format!("  data in {}\n", folder.display());
    let addresses = reactor.addresses();
    let plain = |place: usize| config.listen.get(place).is_some_and(|listen| listen.tls.is_empty());
    let first = addresses.iter().find(|address| plain(address.0)).or(addresses.first());
    if let Some((place, address)) = first {
        let host = match address.ip() {
            ip if ip.is_unspecified() => config.server.name.clone(),
            ip => ip.to_string(),
        };
        text += &match plain(*place) {
            true => format!("  connect with: irssi -c {host} -p {}\n", address.port()),
            false => format!("  connect with: weechat ircs://{host}:{}\n", address.port()),
        };
    }
    say(&text);
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
    if secret.is_weak() {
        let text =
            format!("{} holds no secret; without the file a new one is made", path.display());
        return Err(io::Error::other(text));
    }
    Ok(secret)
}

/// Writes a file that only this user may read.
fn keep(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}

fn number() -> io::Result<u64> {
    let mut bytes = [0; 8];
    load::random(&mut bytes).map_err(|_| io::Error::other("the system has no random bytes"))?;
    Ok(u64::from_le_bytes(bytes))
}

fn start() -> Now {
    let wall = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    Now { mono: Mono(0), wall: Wall(u64::try_from(wall).unwrap_or(0)) }
}
