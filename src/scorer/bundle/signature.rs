//! Who vouches for a bundle: an ed25519 signature over the exact bytes of `manifest.toml`, which holds the hashes of
//! all other files. Keys are given, never drawn: this floor has no randomness.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::Deserialize;

use super::files::SIGNATURE;
use super::{bad, hex, not_toml, shown};
use crate::{Error, Result};

const ALGORITHM: &str = "ed25519";

/// `signature.toml`; every key below, and no other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    algorithm: String,
    public_key: String,
    signature: String,
}

/// A key that a bundle may be signed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads 64 hex digits of the setting `model_public_keys`.
    ///
    /// # Errors
    /// [`Error::BadSetting`] when they are no ed25519 public key.
    pub fn parse(text: &str) -> Result<Self> {
        let problem = || format!("{} is no ed25519 public key: 64 hex digits, as `model keygen` prints", shown(text));
        Self::read(text.trim()).ok_or_else(|| Error::BadSetting { field: "model_public_keys", problem: problem() })
    }

    fn read(text: &str) -> Option<Self> {
        let key = VerifyingKey::from_bytes(&hex::decode(text)?).ok()?;
        // A weak key has signatures that fit any text.
        (!key.is_weak()).then_some(Self(key))
    }
}

impl fmt::Display for PublicKey {
    /// 64 lower-case hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

/// A key to sign with; it is never shown and is wiped from memory when dropped.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// The key whose seed is `seed`, 32 bytes drawn from a source of randomness fit for keys.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Its public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The text of `signature.toml` for a manifest's bytes; the same for the same key and bytes.
    #[must_use]
    pub fn sign(&self, manifest: &[u8]) -> String {
        let signature = hex::encode(&self.0.sign(manifest).to_bytes());
        format!("algorithm = \"{ALGORITHM}\"\npublic_key = \"{}\"\nsignature = \"{signature}\"\n", self.public_key())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(of {})", self.public_key())
    }
}

/// Checks a `signature.toml` against the manifest's bytes; returns the signer, one of `keys` unless there are none.
pub(super) fn check(text: &[u8], manifest: &[u8], keys: &[PublicKey]) -> Result<PublicKey> {
    let text = std::str::from_utf8(text).map_err(|_| bad(SIGNATURE, "not UTF-8 text"))?;
    let read: Text = toml::from_str(text).map_err(|fault| not_toml(SIGNATURE, text, &fault))?;
    if read.algorithm != ALGORITHM {
        return Err(at("algorithm", format!("{} is not {ALGORITHM}", shown(&read.algorithm))));
    }
    let key = PublicKey::read(&read.public_key)
        .ok_or_else(|| at("public_key", format!("{} is no ed25519 public key", shown(&read.public_key))))?;
    if !keys.is_empty() && !keys.contains(&key) {
        return Err(at("public_key", format!("{key} is none of `model_public_keys`")));
    }
    let signature = hex::decode(&read.signature).map(|bytes| Signature::from_bytes(&bytes));
    let signature = signature.ok_or_else(|| at("signature", "it is not 128 hex digits"))?;
    match key.0.verify_strict(manifest, &signature) {
        Ok(()) => Ok(key),
        Err(_) => Err(at("signature", format!("it is not that of {key} over this manifest.toml; one was altered"))),
    }
}

fn at(key: &str, problem: impl Into<String>) -> Error {
    bad(format!("{SIGNATURE}, `{key}`"), problem)
}
