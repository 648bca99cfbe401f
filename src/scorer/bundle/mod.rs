//! A model bundle: the model file unchanged, its manifest, golden rows, hashes of all and, if signed, a signature.
//!
//! One directory or one zip; [`Source`] is either. [`Bundle`] holds the checks one by one, so that loading a model and
//! telling a person what is wrong with it are the same code: [`Bundle::load`] is all of them in a row.

mod archive;
mod files;
mod fit;
mod golden;
mod hex;
mod manifest;
mod signature;

use std::fmt;

use super::Model;
use crate::{Error, Result};

pub use archive::{Archive, pack};
pub use files::{GOLDEN, MANIFEST, MODEL_BYTES_MAX, SIGNATURE, Source};
pub use fit::{CLASSES, Expected, check_trades};
pub use golden::{Golden, verify_golden, verify_golden_by};
pub use manifest::{GoldenSource, Layout, Manifest};
pub use signature::{PrivateKey, PublicKey};

/// Characters of a name or value from a file that an error shows.
const SHOWN_MAX: usize = 120;

/// An open bundle whose manifest could be read; nothing else of it is trusted yet.
pub struct Bundle {
    source: Box<dyn Source + Send + Sync>,
    names: Vec<String>,
    manifest_bytes: Vec<u8>,
    manifest: Manifest,
}

impl Bundle {
    /// Lists the bundle and reads its manifest.
    ///
    /// # Errors
    /// [`Error::BadBundle`] when there are too many files or the manifest is missing or broken.
    pub fn open(source: Box<dyn Source + Send + Sync>) -> Result<Self> {
        let names = source.names()?;
        if names.len() > files::ENTRIES_MAX {
            return Err(bad("the bundle", format!("it holds more than {} files", files::ENTRIES_MAX)));
        }
        if !names.iter().any(|name| name == MANIFEST) {
            return Err(bad(MANIFEST, "it is missing; a bundle is made by `mt5-sentinel model pack`"));
        }
        let manifest_bytes = source.read(MANIFEST, files::MANIFEST_BYTES_MAX)?;
        let manifest = Manifest::parse(&manifest_bytes)?;
        Ok(Self { source, names, manifest_bytes, manifest })
    }

    /// What the bundle says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest's bytes, which a signature is over.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    /// Names of all files in the bundle, as its source tells them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the bundle holds what the manifest lists, and nothing else.
    ///
    /// # Errors
    /// [`Error::BadBundle`] naming the first file that is not listed, or is listed and missing.
    pub fn check_listing(&self) -> Result<()> {
        let is_known = |name: &str| name == MANIFEST || name == SIGNATURE || self.manifest.files.contains_key(name);
        if let Some(stranger) = self.names.iter().find(|name| !is_known(name)) {
            return Err(bad(shown(stranger), "it lies in the bundle, and `files` of manifest.toml does not list it"));
        }
        match self.manifest.files.keys().find(|name| !self.names.contains(name)) {
            Some(missing) => Err(bad(shown(missing), "it is missing; `files` of manifest.toml lists it")),
            None => Ok(()),
        }
    }

    /// Whether the manifest is signed by one of `keys`; with no keys, whether a signature that is there is valid.
    ///
    /// Returns the signer, `None` for an unsigned bundle.
    ///
    /// # Errors
    /// [`Error::BadBundle`] at `signature.toml` or one of its keys.
    pub fn check_signature(&self, keys: &[PublicKey]) -> Result<Option<PublicKey>> {
        if self.names.iter().any(|name| name == SIGNATURE) {
            let text = self.source.read(SIGNATURE, files::SIGNATURE_BYTES_MAX)?;
            return signature::check(&text, &self.manifest_bytes, keys).map(Some);
        }
        if keys.is_empty() {
            return Ok(None);
        }
        Err(bad(SIGNATURE, "it is missing; `model_public_keys` is set, so a model must be signed (`model sign`)"))
    }

    /// Bytes of a listed file whose hash is the listed one.
    ///
    /// # Errors
    /// [`Error::BadBundle`] naming the file when it is not listed, cannot be read, is too large or was altered.
    pub fn file(&self, name: &str) -> Result<Vec<u8>> {
        let Some(listed) = self.manifest.files.get(name) else {
            return Err(bad(shown(name), "`files` of manifest.toml does not list it"));
        };
        let limit = if name == self.manifest.model_file { MODEL_BYTES_MAX } else { files::OTHER_BYTES_MAX };
        let bytes = self.source.read(name, limit)?;
        let digest = super::model::sha256_hex(&bytes);
        if digest == listed.to_ascii_lowercase() {
            return Ok(bytes);
        }
        let problem = format!("it was altered: its sha256 is {digest}, `files` of manifest.toml says {listed}");
        Err(bad(shown(name), problem))
    }

    /// Loads the model after every check there is: files, signature, hashes, format, purpose, golden rows.
    ///
    /// # Errors
    /// [`Error::BadBundle`] naming file and key, [`Error::ModelMismatch`] when the model was made for something else,
    /// [`Error::BadModel`] when the model file or the golden rows cannot be read.
    pub fn load(&self, keys: &[PublicKey], expected: &Expected) -> Result<Model> {
        let file = self.model_file(keys, expected)?;
        let model = Model::from_bare(&file, expected)?;
        verify_golden(&model, &self.file(GOLDEN)?)?;
        Ok(model)
    }

    /// The model file's bytes after every check that needs no scoring; what is left is to parse it and to replay the
    /// golden rows.
    ///
    /// # Errors
    /// As [`Bundle::load`].
    pub fn model_file(&self, keys: &[PublicKey], expected: &Expected) -> Result<Vec<u8>> {
        self.check_listing()?;
        self.check_signature(keys)?;
        self.manifest.check_purpose(expected)?;
        for name in self.manifest.files.keys().filter(|name| **name != self.manifest.model_file) {
            self.file(name)?;
        }
        let file = self.file(&self.manifest.model_file)?;
        self.manifest.check_format(&file)?;
        Ok(file)
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle").field("names", &self.names).finish_non_exhaustive()
    }
}

fn bad(place: impl Into<String>, problem: impl Into<String>) -> Error {
    Error::BadBundle { place: place.into(), problem: problem.into() }
}

/// Text of a file as an error may show it: quoted where it is odd, of bounded length.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_MAX).collect();
    if files::is_bare_name(&short) && !short.contains(char::is_whitespace) { short } else { format!("{short:?}") }
}

fn not_toml(file: &str, text: &str, fault: &toml::de::Error) -> Error {
    let line = fault.span().map_or(1, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
    bad(format!("{file}, line {line}"), fault.message().chars().take(2 * SHOWN_MAX).collect::<String>())
}
