//! Certificates whose files change while they are in use.

use super::load::Loader;
use crate::{
    config::{Error, Listen},
    job::{Loaded, Material},
};

/// The certificates in use, and what has been found wrong with their files since.
pub struct Watch {
    /// The listeners in force: the configuration's files may say something else by now.
    listeners: Vec<Listen>,
    certificates: Vec<Material>,
    complaints: Vec<Error>,
}

impl Watch {
    /// Watches what has just been loaded.
    pub fn new(loaded: &Loaded) -> Watch {
        Watch {
            listeners: loaded.config.listen.clone(),
            certificates: loaded.certificates.clone(),
            complaints: Vec::new(),
        }
    }

    /// The certificates, if they have changed and can be used. What is wrong with them is said once.
    pub fn look(&mut self, loader: &Loader) -> Result<Option<Vec<Material>>, Vec<Error>> {
        let (now, complaints) = loader.certificates(&self.listeners, &[]);
        if complaints.is_empty() {
            self.complaints = complaints;
            if same(&now, &self.certificates) {
                return Ok(None);
            }
            self.certificates.clone_from(&now);
            return Ok(Some(now));
        }
        if complaints == self.complaints {
            return Ok(None);
        }
        self.complaints.clone_from(&complaints);
        Err(complaints)
    }
}

fn same(a: &[Material], b: &[Material]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.chain == b.chain && a.key == b.key)
}
