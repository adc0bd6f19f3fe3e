//! Reads the configuration with all files that it names.

use crate::{
    config::{self, Address, Config, Error, Listen, Mistake, Reading, Source},
    job::{Loaded, Material},
};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, SaltString},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The most files that `include` may name.
const FILES_MAX: usize = 256;

/// The largest file that is read.
const SIZE_MAX: u64 = 1 << 20;

/// The longest message of the day, in lines.
const MOTD_MAX: usize = 500;

/// What reads the configuration, again and again.
#[derive(Clone, Debug)]
pub struct Loader {
    /// The file; none for the defaults.
    pub path: Option<PathBuf>,
    /// Whether a weak cloak secret is let pass.
    pub allow_insecure_cloak: bool,
    /// The listeners to use if none are configured, with the material that goes with them.
    pub fallback: (Vec<Listen>, Vec<Material>),
}

impl Loader {
    /// Reads everything, or finds every mistake.
    pub fn load(&self) -> Result<Loaded, Vec<Error>> {
        let (mut config, sources) = self.config()?;
        let mut errors = Vec::new();
        let motd = config.server.motd.clone().map_or_else(Vec::new, |path| {
            read(&path).map_or_else(
                |error| {
                    errors.push(unreadable(&sources, &path, &error));
                    Vec::new()
                },
                |text| text.lines().take(MOTD_MAX).map(str::to_owned).collect(),
            )
        });
        let certificates = if config.listen.is_empty() {
            config.listen.clone_from(&self.fallback.0);
            self.fallback.1.clone()
        } else {
            materials(&config, &sources, &mut errors)
        };
        if errors.is_empty() { Ok(Loaded { config, motd, certificates }) } else { Err(errors) }
    }

    /// Reads the certificates alone.
    pub fn certificates(&self) -> Result<Vec<Material>, Vec<Error>> {
        let (config, sources) = self.config()?;
        if config.listen.is_empty() {
            return Ok(self.fallback.1.clone());
        }
        let mut errors = Vec::new();
        let materials = materials(&config, &sources, &mut errors);
        if errors.is_empty() { Ok(materials) } else { Err(errors) }
    }

    fn config(&self) -> Result<(Config, String), Vec<Error>> {
        let Some(path) = &self.path else { return Ok((Config::default(), "the defaults".into())) };
        let name = path.display().to_string();
        let text = read(path).map_err(|error| vec![unreadable(&name, path, &error)])?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut sources = vec![Source { name: name.clone(), text }];
        let mut errors = Vec::new();
        let globs = sources.first().map(config::includes).unwrap_or_default();
        for file in globs.iter().flat_map(|glob| expand(folder, glob)).take(FILES_MAX) {
            match read(&file) {
                Ok(text) => sources.push(Source { name: file.display().to_string(), text }),
                Err(error) => errors.push(unreadable(&name, &file, &error)),
            }
        }
        let mut file = |path: &Path| read(&folder.join(path));
        match config::parse(&sources, Reading::new(&mut file, self.allow_insecure_cloak)) {
            Ok(config) if errors.is_empty() => Ok((config, name)),
            Ok(_) => Err(errors),
            Err(more) => Err(errors.into_iter().chain(more).collect()),
        }
    }
}

fn materials(config: &Config, source: &str, errors: &mut Vec<Error>) -> Vec<Material> {
    let mut materials = Vec::new();
    for (listener, listen) in config.listen.iter().enumerate() {
        for (place, tls) in listen.tls.iter().enumerate() {
            let mut file = |path: &Path| {
                let text = read(path)
                    .inspect_err(|error| errors.push(unreadable(source, path, error)))
                    .ok()?;
                if !text.contains("-----BEGIN") {
                    errors.push(Error::of_file(
                        source,
                        Mistake::Certificate(path.display().to_string()),
                    ));
                }
                Some(text)
            };
            let both = (file(&tls.certificate), file(&tls.key));
            if let (Some(chain), Some(key)) = both {
                materials.push(Material {
                    listener,
                    place,
                    chain: chain.into_bytes(),
                    key: config::Secret::new(&key),
                });
            }
        }
    }
    materials
}

fn unreadable(source: &str, path: &Path, error: &io::Error) -> Error {
    Error::of_file(source, Mistake::Unreadable(path.display().to_string(), error.kind()))
}

fn read(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > SIZE_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    fs::read_to_string(path)
}

/// The files that a glob names, in order; `*` stands only in the last part.
fn expand(folder: &Path, glob: &str) -> Vec<PathBuf> {
    let whole = folder.join(glob);
    let (Some(parent), Some(pattern)) =
        (whole.parent(), whole.file_name().and_then(|name| name.to_str()))
    else {
        return Vec::new();
    };
    if !pattern.contains(['*', '?']) {
        return vec![whole.clone()];
    }
    let entries = fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
    let fits = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        crate::wire::mask::matches(pattern, name, crate::wire::casemap::Casemap::Ascii)
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(fits).collect();
    files.sort();
    files
}

/// Random bytes, from the system.
pub fn random(bytes: &mut [u8]) -> Result<(), rustls::crypto::GetRandomFailed> {
    rustls::crypto::ring::default_provider().secure_random.fill(bytes)
}

/// The argon2id hash of a password, as it stands in the configuration. `None` if the system has no
/// random bytes.
pub fn hash(password: &str) -> Option<String> {
    let mut bytes = [0; 16];
    random(&mut bytes).ok()?;
    let salt = SaltString::encode_b64(&bytes).ok()?;
    Argon2::default().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// The listeners of a server that has none configured: of this machine only.
pub fn loopback(ipv6: bool) -> Vec<Listen> {
    let mut hosts = vec!["127.0.0.1"];
    if ipv6 {
        hosts.push("[::1]");
    }
    let tls = config::Tls { certificate: PathBuf::new(), key: PathBuf::new(), names: Vec::new() };
    let mut listeners = Vec::new();
    for host in hosts {
        for (port, tls) in [(6667, Vec::new()), (6697, vec![tls.clone()])] {
            if let Ok(address) = format!("{host}:{port}").parse() {
                listeners.push(Listen { address: Address::Tcp(address), tls, ..Listen::default() });
            }
        }
    }
    listeners
}
