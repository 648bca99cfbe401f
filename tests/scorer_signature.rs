//! Signatures: one by a configured key over the manifest's very bytes, or none where none is asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(dead_code, missing_docs, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bundles.rs"]
mod bundles;

use bundles::{Files, load, manifest, refusal, sha256, sound};
use mt5_sentinel::Error;
use mt5_sentinel::scorer::{Bundle, PrivateKey, PublicKey};

fn key(of: u8) -> PrivateKey {
    PrivateKey::from_seed(&[of; 32])
}

fn signed(by: &PrivateKey) -> Files {
    let mut files = sound();
    files.0.insert("signature.toml".to_owned(), by.sign(manifest().as_bytes()).into_bytes());
    files
}

fn with_signature(text: &str) -> Files {
    let mut files = sound();
    files.0.insert("signature.toml".to_owned(), text.as_bytes().to_vec());
    files
}

/// The first two test vectors of RFC 8032, section 7.1.
#[test]
fn the_published_vectors_are_reproduced() {
    for (seed, public, message, signature) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe\
             24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "r",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a\
             eeb00d291612bb0c00",
        ),
    ] {
        let bytes = (0..64).step_by(2).map(|at| u8::from_str_radix(&seed[at..at + 2], 16).unwrap());
        let key = PrivateKey::from_seed(&bytes.collect::<Vec<u8>>().try_into().unwrap());
        assert_eq!(key.public_key().to_string(), public);
        assert!(key.sign(message.as_bytes()).contains(&format!("signature = \"{signature}\"\n")));
        assert!(!format!("{key:?}").contains(seed), "a private key is never shown");
    }
}

#[test]
fn without_configured_keys_a_signature_may_be_away_but_not_wrong() {
    let bundle = Bundle::open(Box::new(sound())).unwrap();
    assert_eq!(bundle.check_signature(&[]).unwrap(), None);
    let bundle = Bundle::open(Box::new(signed(&key(1)))).unwrap();
    assert_eq!(bundle.check_signature(&[]).unwrap(), Some(key(1).public_key()));
    assert!(load(&signed(&key(1)), &[]).is_ok());
}

#[test]
fn with_configured_keys_only_their_bundles_are_taken() {
    let keys = [key(1).public_key(), key(2).public_key()];
    assert!(load(&signed(&key(1)), &keys).is_ok());
    assert!(load(&signed(&key(2)), &keys).is_ok());
    let text = refusal(load(&sound(), &keys));
    assert!(text.starts_with("model bundle, signature.toml: it is missing; `model_public_keys` is set"), "{text}");
    let text = refusal(load(&signed(&key(3)), &keys));
    let foreign = format!("`public_key`: {} is none of `model_public_keys`", key(3).public_key());
    assert!(text.contains(&foreign), "{text}");
}

#[test]
fn an_altered_manifest_does_not_fit_its_older_signature_even_with_new_hashes() {
    let Files(mut files) = signed(&key(1));
    let model = String::from_utf8(files["model.txt"].clone()).unwrap();
    let other = format!("{model}\n");
    let text = manifest().replace(&sha256(model.as_bytes()), &sha256(other.as_bytes()));
    assert_ne!(text, manifest());
    files.insert("model.txt".to_owned(), other.into_bytes());
    files.insert("manifest.toml".to_owned(), text.into_bytes());
    for keys in [&[][..], &[key(1).public_key()]] {
        let text = refusal(load(&Files(files.clone()), keys));
        assert!(text.starts_with("model bundle, signature.toml, `signature`: it is not that of "), "{text}");
    }
    files.remove("signature.toml");
    assert!(load(&Files(files), &[]).is_ok(), "only the signature stood in the way");
}

#[test]
fn every_flipped_bit_of_manifest_or_signature_is_refused() {
    let keys = [key(1).public_key()];
    for name in ["manifest.toml", "signature.toml"] {
        let length = signed(&key(1)).0[name].len();
        let mut accepted = Vec::new();
        for at in (0..length).step_by(7) {
            let mut files = signed(&key(1));
            files.0.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
            let file = files.0[name].clone();
            if load(&files, &keys).is_ok() {
                accepted.push((at, String::from_utf8_lossy(&file).into_owned()));
            }
        }
        // Hex digits may be of either case, and a space may be a tab or the like: the same text to a reader of TOML.
        let lower = String::from_utf8(signed(&key(1)).0[name].clone()).unwrap();
        accepted.retain(|(_, text)| name == "manifest.toml" || text.to_lowercase() != lower);
        assert!(accepted.is_empty(), "{accepted:?}");
    }
}

#[test]
fn a_signature_that_cannot_be_read_is_refused_by_key() {
    let good = key(1).sign(manifest().as_bytes());
    let public = key(1).public_key().to_string();
    let weak = format!("01{}", "00".repeat(31));
    for (from, to, sentence) in [
        ("ed25519", "rsa", "signature.toml, `algorithm`: rsa is not ed25519"),
        ("algorithm", "algorythm", "signature.toml, line 1: unknown field `algorythm`"),
        (public.as_str(), "abc", "signature.toml, `public_key`: abc is no ed25519 public key"),
        (public.as_str(), weak.as_str(), "is no ed25519 public key"),
        ("signature = \"", "signature = \"00", "signature.toml, `signature`: it is not 128 hex digits"),
        ("signature = \"", "signature = \"é", "signature.toml, `signature`: it is not 128 hex digits"),
        ("signature = ", "signature = = ", "signature.toml, line 3: "),
    ] {
        let text = refusal(load(&with_signature(&good.replacen(from, to, 1)), &[]));
        assert!(text.starts_with("model bundle, signature.toml") && text.contains(sentence), "{text}");
    }
    assert!(refusal(load(&with_signature(&"x".repeat(20_000)), &[])).contains("signature.toml: too large"));
    let mut files = sound();
    files.0.insert("signature.toml".to_owned(), vec![0xff]);
    assert!(refusal(load(&files, &[])).ends_with("signature.toml: not UTF-8 text"));
}

#[test]
fn a_configured_key_that_is_none_is_refused_by_the_settings_name() {
    let good = key(1).public_key();
    assert_eq!(PublicKey::parse(&format!(" {} ", good.to_string().to_uppercase())).unwrap(), good);
    for text in ["", "abc", &format!("{good}00"), &format!("01{}", "00".repeat(31)), &"z".repeat(64)] {
        let error = PublicKey::parse(text).unwrap_err();
        assert!(matches!(error, Error::BadSetting { field: "model_public_keys", .. }), "{error:?}");
    }
}
