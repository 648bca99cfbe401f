//! A stored stream continues with the same bits; bytes that are none are refused, whatever they are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers, not negative")]

#[path = "support/feature_bars.rs"]
mod feature_bars;

use feature_bars::{Noise, walk};
use mt5_sentinel::Error;
use mt5_sentinel::features::{ColumnStream, Selection, batch_selected};
use sha2::{Digest, Sha256};

const DIGEST: usize = 32;

fn selections() -> [Selection; 3] {
    [Selection::sentinel_v1(), Selection::all(), Selection::named(&["roc_20", "macd_hist"]).unwrap()]
}

fn below(noise: &mut Noise, limit: usize) -> usize {
    (noise.draw() * limit as f64) as usize
}

/// A stream that has seen `count` bars.
fn stream(selection: &Selection, count: usize) -> ColumnStream {
    let mut stream = ColumnStream::new(selection.clone());
    walk(61, count).bars().iter().for_each(|bar| drop(stream.update(&bar).unwrap()));
    stream
}

/// The bytes with a digest that agrees.
fn sealed(content: &[u8]) -> Vec<u8> {
    [content, &Sha256::digest(content)[..]].concat()
}

fn problem(bytes: &[u8]) -> String {
    match ColumnStream::from_bytes(bytes) {
        Err(Error::BadState { problem }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_restored_stream_continues_with_the_same_bits() {
    let (bars, mut noise) = (walk(62, 900).bars(), Noise(62));
    for selection in selections() {
        let table = batch_selected(&bars, &selection).unwrap();
        for _ in 0..20 {
            let stop = below(&mut noise, 890);
            let mut stream = ColumnStream::new(selection.clone());
            bars.iter().take(stop).for_each(|bar| drop(stream.update(&bar).unwrap()));
            let bytes = stream.to_bytes().unwrap();
            let mut restored = ColumnStream::from_bytes(&bytes).unwrap();
            assert_eq!(restored.to_bytes().unwrap(), bytes);
            assert_eq!((restored.bars_seen(), restored.last_time()), (stream.bars_seen(), stream.last_time()));
            assert_eq!(restored.selection(), &selection);
            for (row, bar) in bars.iter().enumerate().skip(stop) {
                let values = restored.update(&bar).unwrap();
                let same = values.iter().zip(table.row(row)).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "row {row} after a stop at {stop}");
            }
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    for selection in selections() {
        let bytes = stream(&selection, 100).to_bytes().unwrap();
        assert!((0..bytes.len()).all(|end| ColumnStream::from_bytes(&bytes[..end]).is_err()));
        // The same with a digest that agrees, as a hostile writer would have it.
        let content = &bytes[..bytes.len() - DIGEST];
        assert!((0..content.len()).all(|end| ColumnStream::from_bytes(&sealed(&content[..end])).is_err()));
        assert!(problem(&sealed(&[content, b"!"].concat())).contains("too many"));
    }
}

#[test]
fn damage_is_noticed() {
    let mut noise = Noise(63);
    let bytes = stream(&Selection::all(), 100).to_bytes().unwrap();
    for _ in 0..2_000 {
        let mut damaged = bytes.clone();
        let place = below(&mut noise, bytes.len());
        damaged[place] ^= 1 << below(&mut noise, 8);
        problem(&damaged);
    }
}

/// Anything with a digest that agrees: refused, or a stream that takes bars.
#[test]
fn hostile_bytes_never_panic() {
    let (mut noise, mut accepted) = (Noise(64), 0);
    let mut bars = walk(65, 40);
    bars.time.iter_mut().for_each(|time| *time += 50_000_000_000);
    let bars = bars.bars();
    for selection in selections() {
        let bytes = stream(&selection, 100).to_bytes().unwrap();
        let content = &bytes[..bytes.len() - DIGEST];
        for _ in 0..3_400 {
            let mut hostile = content.to_vec();
            for _ in 0..=below(&mut noise, 6) {
                let place = below(&mut noise, hostile.len());
                match below(&mut noise, 4) {
                    0 => hostile[place] = below(&mut noise, 256) as u8,
                    1 => hostile[place] = 0xFF,
                    2 => drop(hostile.remove(place)),
                    _ => hostile.insert(place, below(&mut noise, 256) as u8),
                }
            }
            let Ok(mut stream) = ColumnStream::from_bytes(&sealed(&hostile)) else { continue };
            accepted += 1;
            let width = stream.selection().width();
            for bar in bars.iter() {
                // Only a later time than the stored one can be asked for.
                if stream.last_time().is_none_or(|last| last < bar.time) {
                    assert_eq!(stream.update(&bar).unwrap().len(), width);
                }
            }
            stream.to_bytes().unwrap();
        }
    }
    assert!(accepted > 1_000, "only {accepted} were taken: the states were hardly tried");
}

#[test]
fn refusals_say_what_is_wrong() {
    let bytes = stream(&Selection::sentinel_v1(), 30).to_bytes().unwrap();
    let content = bytes[..bytes.len() - DIGEST].to_vec();
    let replaced = |from: &str, to: &str| {
        let place = content.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut other = content.clone();
        other[place..place + from.len()].copy_from_slice(to.as_bytes());
        problem(&sealed(&other))
    };
    assert!(problem(b"").contains("no stored stream"));
    assert!(problem(b"PK\x03\x04").contains("no stored stream"));
    let mut newer = bytes.clone();
    newer[content.iter().position(|byte| *byte == b'\n').unwrap() + 1] = 2;
    assert!(problem(&newer).contains("its format is 2, this build reads 1"));
    assert!(replaced("return_5", "return_9").contains("no column is called \"return_9\""));
    assert!(replaced("return_5", "return_1").contains("given twice"));
    let first_digits = &Selection::sentinel_v1().fingerprint()[..8];
    assert!(replaced(first_digits, "00000000").contains("defined otherwise"));
}

/// A change here means that the stored state has another layout or meaning: `FORMAT` goes up with it, or with new columns
/// the second line changes alone.
#[test]
fn the_format_is_pinned() {
    let stored = |selection: &Selection| {
        let bytes = stream(selection, 300).to_bytes().unwrap();
        (bytes.len(), format!("{:x?}", &Sha256::digest(&bytes)[..4]))
    };
    assert_eq!(stored(&Selection::sentinel_v1()), (2852, "[5f, d5, 2f, f8]".into()));
    assert_eq!(stored(&Selection::all()), (14427, "[ce, af, 5a, ca]".into()));
}
