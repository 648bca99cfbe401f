//! A stream as bytes: magic, format, header, state, and a digest of it all.
//!
//! The digest tells damage, not malice: whoever can write the bytes can write the digest. So everything behind it is
//! read as if it could be anything: memory stays in proportion to the bytes, and every family can go on from any state
//! it accepts (`Family::is_sound`).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::column_stream::{Chosen, ColumnStream, Engine};
use super::moment::Closes;
use super::selection::Selection;
use super::stream::Stream;
use crate::{Error, Result};

const MAGIC: &[u8] = b"mt5-sentinel stream\n";
/// Raised when the state of any family changes its layout or its meaning; older bytes are then refused.
const FORMAT: u8 = 1;
const DIGEST_BYTES: usize = 32;

/// What must agree before a state is read.
#[derive(Serialize, Deserialize)]
struct Header<'bytes> {
    fingerprint: &'bytes str,
    #[serde(borrow)]
    columns: Vec<&'bytes str>,
    bars_seen: u64,
    last_time: Option<i64>,
}

impl ColumnStream {
    /// The stream as bytes, for [`ColumnStream::from_bytes`] of the same build or of one with the same formulas and
    /// states; some kilobytes, whatever it has seen.
    ///
    /// # Errors
    /// [`Error::BadState`] when a state cannot be written; no family of this build has such a state.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.sealed().ok_or_else(|| bad("it cannot be written"))
    }

    fn sealed(&self) -> Option<Vec<u8>> {
        let mut bytes = [MAGIC, &[FORMAT]].concat();
        let fingerprint = self.selection.fingerprint();
        let header = Header {
            fingerprint: &fingerprint,
            columns: self.selection.specs().map(|spec| spec.name).collect(),
            bars_seen: self.bars_seen,
            last_time: self.last_time,
        };
        bytes = postcard::to_extend(&header, bytes).ok()?;
        bytes = match &self.engine {
            Engine::SentinelV1(stream) => postcard::to_extend(stream.as_ref(), bytes).ok()?,
            Engine::Chosen(chosen) => {
                let bytes = postcard::to_extend(&chosen.closes, bytes).ok()?;
                chosen.families.iter().try_fold(bytes, |bytes, family| family.save(bytes))?
            }
        };
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        Some(bytes)
    }

    /// The stream that [`ColumnStream::to_bytes`] wrote; it continues with the same bits.
    ///
    /// # Errors
    /// [`Error::BadState`] for anything else: other bytes, cut or damaged ones, those of another format or of columns
    /// that this build does not have or defines otherwise.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let sealed = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("these bytes are no stored stream"))?;
        let (&format, _) = sealed.split_first().ok_or_else(|| bad("it is cut off behind its first line"))?;
        if format != FORMAT {
            return Err(bad(&format!("its format is {format}, this build reads {FORMAT}; build it again from bars")));
        }
        let Some(end) = bytes.len().checked_sub(DIGEST_BYTES).filter(|end| *end > MAGIC.len()) else {
            return Err(bad("it is cut off in its header"));
        };
        let (content, digest) = bytes.split_at(end);
        if Sha256::digest(content)[..] != *digest {
            return Err(bad("its digest does not agree: it is cut off or damaged"));
        }
        let state = &content[MAGIC.len() + 1..];
        let (header, state) =
            postcard::take_from_bytes::<Header<'_>>(state).map_err(|_| bad("its header cannot be read"))?;
        let selection = Selection::named(&header.columns)
            .map_err(|error| bad(&format!("its columns are not those of this build: {error}")))?;
        if selection.fingerprint() != header.fingerprint {
            return Err(bad("its columns are defined otherwise in this build; build it again from bars"));
        }
        let (engine, rest) = engine(&selection, state).ok_or_else(|| bad("its state cannot be read"))?;
        if !rest.is_empty() {
            return Err(bad(&format!("{} bytes too many behind its state", rest.len())));
        }
        Ok(Self { selection, engine, bars_seen: header.bars_seen, last_time: header.last_time })
    }
}

fn engine<'bytes>(selection: &Selection, state: &'bytes [u8]) -> Option<(Engine, &'bytes [u8])> {
    if selection.is_sentinel_v1() {
        let (stream, rest) = postcard::take_from_bytes::<Stream>(state).ok()?;
        return Some((Engine::SentinelV1(Box::new(stream)), rest));
    }
    let (closes, state) = postcard::take_from_bytes::<Closes>(state).ok()?;
    let (chosen, rest) = Chosen::load(selection.places(), closes, state)?;
    Some((Engine::Chosen(Box::new(chosen)), rest))
}

fn bad(problem: &str) -> Error {
    Error::BadState { problem: problem.into() }
}
