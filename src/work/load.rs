//! Reads the configuration with all files that it names.

use super::{certificate, trust};
use crate::{
    config::{self, Address, Config, Error, FILE_MAX, Listen, Mistake, Reading, Secret, Source},
    job::{Atlas, Loaded, Material, Texts},
    wire::mmdb::Database,
};
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The most files that `include` may name.
const FILES_MAX: usize = 256;

/// The longest database that is read; what is beyond that is missed, and the rest none.
const DATABASE_MAX: u64 = 512 << 20;

/// The longest message of the day, and the most rules, in lines.
const TEXT_MAX: usize = 500;

/// What reads the configuration, again and again.
#[derive(Clone, Debug)]
pub struct Loader {
    /// The file; none for the defaults.
    pub path: Option<PathBuf>,
    /// Whether a weak cloak secret is let pass.
    pub allow_insecure_cloak: bool,
    /// The listeners to use if none are configured, once it is known whether the server has begun with
    /// these; if it has not, there have to be others.
    pub fallback: Option<Vec<Listen>>,
}

impl Loader {
    /// Reads everything, or finds every mistake.
    pub fn load(&self) -> Result<Loaded, Vec<Error>> {
        let (mut config, sources, mut errors) = self.config()?;
        if let Some(fallback) = self.fallback.as_ref().filter(|_| config.listen.is_empty()) {
            config.listen.clone_from(fallback);
            if fallback.is_empty() && errors.is_empty() {
                let name = sources.first().map_or("", |source| &source.name);
                errors.push(Error::of_file(name, Mistake::NoListener));
            }
        }
        let mut lines = |path: &Option<PathBuf>| -> Vec<String> {
            let Some(path) = path else { return Vec::new() };
            match read(&self.folder().join(path)) {
                Ok(text) => text.lines().take(TEXT_MAX).map(str::to_owned).collect(),
                Err(error) => {
                    errors.push(unreadable(&sources, path, &error));
                    Vec::new()
                }
            }
        };
        let texts = Texts { motd: lines(&config.server.motd), rules: lines(&config.server.rules) };
        let (certificates, unusable) = self.certificates(&config.listen, &sources);
        errors.extend(unusable);
        let lists = config.dnsbl.iter_mut().filter_map(|list| list.ca_file.as_mut());
        for file in lists.chain(config.mail.ca_file.as_mut()) {
            let path = self.folder().join(&*file);
            if let Err(error) = trust::roots(Some(&path)) {
                let mistake = Mistake::Unusable(file.display().to_string(), error.to_string());
                errors.push(Error::of_named(&sources, file, mistake));
            }
            // Who asks does not know where the configuration stands.
            *file = path;
        }
        if let Some(program) = &mut config.mail.sendmail {
            let path = self.folder().join(&*program);
            if let Err(error) = fs::metadata(&path) {
                errors.push(unreadable(&sources, program, &error));
            }
            *program = path;
        }
        let mut database = |path: &Option<PathBuf>| {
            let found = self.database(path.as_ref()?, &sources);
            found.map_err(|error| errors.push(error)).ok()
        };
        let (country, asn) = (database(&config.geo.country), database(&config.geo.asn));
        let atlas = Atlas { country, asn };
        let place = |error: &Error| sources.iter().position(|source| source.name == error.source);
        errors.sort_by_key(|error| (place(error), error.line));
        if errors.is_empty() {
            Ok(Loaded { config, texts, certificates, atlas })
        } else {
            Err(errors)
        }
    }

    /// Reads the certificates of listeners, and finds what is wrong with them.
    pub fn certificates(
        &self,
        listeners: &[Listen],
        sources: &[Source],
    ) -> (Vec<Material>, Vec<Error>) {
        let (mut materials, mut errors) = (Vec::new(), Vec::new());
        for (listener, listen) in listeners.iter().enumerate() {
            for (place, tls) in listen.tls.iter().enumerate() {
                let mut file = |path: &Path| {
                    let text = read(&self.folder().join(path));
                    text.map_err(|error| errors.push(unreadable(sources, path, &error))).ok()
                };
                let both = (file(&tls.certificate), file(&tls.key));
                let (Some(chain), Some(key)) = both else { continue };
                let material =
                    Material { listener, place, chain: chain.into_bytes(), key: Secret::new(&key) };
                match certificate::check(&material) {
                    Ok(()) => materials.push(material),
                    Err(error) => {
                        let file = if error.is_of_key() { &tls.key } else { &tls.certificate };
                        let mistake =
                            Mistake::Unusable(file.display().to_string(), error.to_string());
                        errors.push(Error::of_named(sources, file, mistake));
                    }
                }
            }
        }
        (materials, errors)
    }

    /// Reads a database of where addresses belong.
    fn database(&self, path: &Path, sources: &[Source]) -> Result<Arc<Database>, Error> {
        let file = self.folder().join(path);
        let mut bytes = Vec::new();
        let read =
            fs::File::open(file).and_then(|file| file.take(DATABASE_MAX).read_to_end(&mut bytes));
        read.map_err(|error| unreadable(sources, path, &error))?;
        Database::new(bytes).map(Arc::new).map_err(|wrong| {
            let mistake = Mistake::Unusable(path.display().to_string(), wrong.to_string());
            Error::of_named(sources, path, mistake)
        })
    }

    /// What stands in the files, the files, and what is wrong with them.
    fn config(&self) -> Result<(Config, Vec<Source>, Vec<Error>), Vec<Error>> {
        let Some(path) = &self.path else {
            return Ok((Config::default(), Vec::new(), Vec::new()));
        };
        let name = path.display().to_string();
        let text = read(path).map_err(|error| {
            vec![Error::of_file("", Mistake::Unreadable(name.clone(), error.kind()))]
        })?;
        let mut sources = vec![Source { name: name.clone(), text }];
        let mut errors = Vec::new();
        let globs = sources.first().map(config::includes).unwrap_or_default();
        for glob in &globs {
            let mut wrong = Vec::new();
            let files = expand(self.folder(), glob).unwrap_or_else(|error| {
                wrong.push((PathBuf::from(glob), error));
                Vec::new()
            });
            for file in files {
                match read(&file) {
                    Ok(text) => sources.push(Source { name: file.display().to_string(), text }),
                    Err(error) => wrong.push((file, error)),
                }
            }
            errors.extend(wrong.into_iter().map(|(file, error)| {
                let mistake = Mistake::Unreadable(file.display().to_string(), error.kind());
                Error::of_named(&sources, Path::new(glob), mistake)
            }));
        }
        if sources.len() > FILES_MAX {
            errors.push(Error::of_file(&name, Mistake::TooManyFiles(FILES_MAX)));
        }
        let mut file = |path: &Path| read(&self.folder().join(path));
        let reading = Reading::new(&mut file, self.allow_insecure_cloak);
        let (config, mistakes) = config::parse(&sources, reading);
        errors.extend(mistakes);
        Ok((config, sources, errors))
    }

    /// The folder from which the files that are named are looked for.
    fn folder(&self) -> &Path {
        self.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
    }
}

fn unreadable(sources: &[Source], named: &Path, error: &io::Error) -> Error {
    let mistake = Mistake::Unreadable(named.display().to_string(), error.kind());
    Error::of_named(sources, named, mistake)
}

/// Reads a file, if it is one: whoever opens a pipe waits for somebody to write, and a device has no end.
fn read(path: &Path) -> io::Result<String> {
    let known = fs::metadata(path)?;
    if known.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !known.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// The files that a glob names, in order; `*` stands only in the last part.
fn expand(folder: &Path, glob: &str) -> io::Result<Vec<PathBuf>> {
    let whole = folder.join(glob);
    let (Some(parent), Some(pattern)) =
        (whole.parent(), whole.file_name().and_then(|name| name.to_str()))
    else {
        return Ok(Vec::new());
    };
    if !pattern.contains(['*', '?']) {
        return Ok(vec![whole.clone()]);
    }
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?.filter_map(Result::ok),
    };
    let fits = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        crate::wire::mask::matches(pattern, name, crate::wire::casemap::Casemap::Ascii)
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(fits).collect();
    files.sort();
    files.truncate(FILES_MAX + 1);
    Ok(files)
}

/// Random bytes, from the system.
pub fn random(bytes: &mut [u8]) -> Result<(), rustls::crypto::GetRandomFailed> {
    rustls::crypto::ring::default_provider().secure_random.fill(bytes)
}

/// A random number.
pub fn number() -> Result<u64, rustls::crypto::GetRandomFailed> {
    let mut bytes = [0; 8];
    random(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// The listeners of a server that has none configured: of this machine only.
pub fn loopback(ipv6: bool, tls: &config::Tls) -> Vec<Listen> {
    let mut hosts = vec!["127.0.0.1"];
    if ipv6 {
        hosts.push("[::1]");
    }
    let mut listeners = Vec::new();
    for host in hosts {
        for (port, tls) in [(6667, Vec::new()), (config::LOOPBACK_TLS, vec![tls.clone()])] {
            if let Ok(address) = format!("{host}:{port}").parse() {
                listeners.push(Listen { address: Address::Tcp(address), tls, ..Listen::default() });
            }
        }
    }
    listeners
}
