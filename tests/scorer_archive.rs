//! A bundle as a zip: written the same every time, read strictly, and hostile zips are named errors in bounded memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(dead_code, missing_docs, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bundles.rs"]
mod bundles;

use std::collections::BTreeMap;

use bundles::{EXPECTED, refusal, sound};
use mt5_sentinel::Error;
use mt5_sentinel::scorer::{Archive, Bundle, Source, pack};

/// Bytes of the fixed part of a row of the directory, and of the record at the end.
const ROW: usize = 46;
const END: usize = 22;

fn zip() -> Vec<u8> {
    pack(&sound().0).unwrap()
}

/// A zip of these files, in this order of names.
fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let files: BTreeMap<String, Vec<u8>> = files.iter().map(|(name, bytes)| ((*name).into(), bytes.to_vec())).collect();
    pack(&files).unwrap()
}

fn position(bytes: &[u8], mark: &[u8]) -> usize {
    bytes.windows(mark.len()).position(|window| window == mark).unwrap()
}

/// Changes bytes in the first row of the directory.
fn in_row(mut zip: Vec<u8>, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let at = position(&zip, b"PK\x01\x02") + offset;
    zip[at..at + bytes.len()].copy_from_slice(bytes);
    zip
}

/// Changes a field from the flags to the sizes in the first row of the directory and in that file's own header alike.
fn in_both(zip: Vec<u8>, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut zip = in_row(zip, offset, bytes);
    zip[offset - 2..offset - 2 + bytes.len()].copy_from_slice(bytes);
    zip
}

/// Changes bytes in the record at the end.
fn in_end(mut zip: Vec<u8>, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let at = zip.len() - END + offset;
    zip[at..at + bytes.len()].copy_from_slice(bytes);
    zip
}

fn renamed(zip: Vec<u8>, from: &str, to: impl AsRef<[u8]>) -> Vec<u8> {
    let to = to.as_ref();
    assert_eq!(from.len(), to.len());
    let mut zip = zip;
    while let Some(at) = zip.windows(from.len()).position(|window| window == from.as_bytes()) {
        zip[at..at + to.len()].copy_from_slice(to);
    }
    zip
}

fn opened(zip: Vec<u8>) -> String {
    let answer = Archive::open(zip).and_then(|archive| archive.read("a.txt", 1000));
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::BadBundle { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn a_zip_loads_as_the_directory_does() {
    assert!(Archive::is_zip(&zip()));
    let bundle = Bundle::open(Box::new(Archive::open(zip()).unwrap())).unwrap();
    assert_eq!(bundle.load(&[], &EXPECTED).unwrap().num_trees(), 15);
    let mut names = bundle.names().to_vec();
    names.sort();
    assert_eq!(names, ["golden.csv", "manifest.toml", "model.txt"]);
    for (name, bytes) in sound().0 {
        assert_eq!(Archive::open(zip()).unwrap().read(&name, 1 << 20).unwrap(), bytes);
    }
}

#[test]
fn the_same_files_give_the_same_bytes() {
    assert_eq!(zip(), zip());
    assert_eq!(bundles::sha256(&zip_of(&[("a.txt", b"one"), ("b.txt", b"")])), PACKED_SHA256);
}

/// Digest of a small zip: a change of the compressor or the layout shows here.
const PACKED_SHA256: &str = "5a886fb5de41ede952a2c1971d16ef5a58c25131b24a01ea35e1076dcdb88f4d";

#[test]
fn stored_files_and_a_comment_are_read() {
    let mut zip = stored(b"plain");
    let comment = b"made by hand";
    let length = u16::try_from(comment.len()).unwrap().to_le_bytes();
    zip = in_end(zip, 20, &length);
    zip.extend_from_slice(comment);
    assert_eq!(Archive::open(zip).unwrap().read("a.txt", 1000).unwrap(), b"plain");
}

/// A zip whose one file `a.txt` is stored: the deflated bytes are replaced by the content.
fn stored(content: &[u8]) -> Vec<u8> {
    let zip = zip_of(&[("a.txt", content)]);
    let row = position(&zip, b"PK\x01\x02");
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let mut local = zip[..35].to_vec();
    local[8..10].fill(0);
    local[18..22].copy_from_slice(&size);
    local.extend_from_slice(content);
    let start = u32::try_from(local.len()).unwrap().to_le_bytes();
    let mut rest = zip[row..].to_vec();
    rest[10..12].fill(0);
    rest[20..24].copy_from_slice(&size);
    local.extend(rest);
    in_end(local, 16, &start)
}

#[test]
fn hostile_entries_are_named() {
    let good = || zip_of(&[("a.txt", b"aaaaaaaaaaaaaaaaaaaaaaaa")]);
    assert!(Archive::open(good()).unwrap().read("a.txt", 1000).is_ok());
    for (zip, sentence) in [
        (renamed(good(), "a.txt", "../a!"), "\"../a!\": it is no bare file name"),
        (renamed(good(), "a.txt", "/a.tx"), "\"/a.tx\": it is no bare file name"),
        (renamed(good(), "a.txt", "d\\a.t"), "it is no bare file name"),
        (renamed(good(), "a.txt", "C:a.t"), "it is no bare file name"),
        (renamed(good(), "a.txt", "dirs/"), "it is no bare file name"),
        (renamed(good(), "a.txt", b"a\xfftxt"), "it is no bare file name"),
        (renamed(good(), "a.txt", "a\0txt"), "it is no bare file name"),
        (in_row(good(), ROW, b"b.txt"), "b.txt: its own header in the zip does not agree"),
        (in_row(good(), 38, &(0o120_777_u32 << 16).to_le_bytes()), "a.txt: it is a symbolic link"),
        (in_row(good(), 38, &(0o060_644_u32 << 16).to_le_bytes()), "a.txt: it is no regular file"),
        (in_row(good(), 8, &[1, 0]), "a.txt: it is encrypted"),
        (in_row(good(), 8, &[0, 0x20]), "a.txt: it is encrypted"),
        (in_row(good(), 10, &[12, 0]), "a.txt: it is packed by method 12"),
        (in_both(good(), 20, &[0xff; 4]), "a.txt: it reaches beyond the files"),
        (in_row(good(), 42, &[0xff; 4]), "a.txt: its own header"),
        (in_row(good(), 16, &[0; 4]), "a.txt: its own header"),
        (in_row(good(), 20, &[4, 0, 0, 0]), "a.txt: its own header"),
        (in_row(good(), 24, &[1, 0, 0, 0]), "a.txt: its own header"),
        (in_both(good(), 24, &1001_u32.to_le_bytes()), "a.txt: it unpacks to 1001 bytes, 1000 at most"),
        (in_both(good(), 24, &[0xff; 4]), "the zip: it unpacks to more than 603979776 bytes"),
        (in_both(good(), 24, &[1, 0, 0, 0]), "a.txt: it is damaged"),
        (in_both(good(), 24, &[25, 0, 0, 0]), "a.txt: it is damaged"),
        (in_both(good(), 16, &[0; 4]), "a.txt: it is damaged"),
        (in_both(good(), 20, &[4, 0, 0, 0]), "a.txt: it is damaged"),
    ] {
        let text = opened(zip);
        assert!(text.starts_with("model bundle, ") && text.contains(sentence), "{sentence}: {text}");
    }
}

#[test]
fn names_given_twice_and_shared_bytes_are_refused() {
    let two = || zip_of(&[("a.txt", b"one"), ("b.txt", b"two")]);
    assert!(opened(renamed(two(), "b.txt", "a.txt")).contains("a.txt: the zip holds it twice"));
    // The second row points into the first file, which ends later than its row says.
    let mut zip = zip_of(&[("a.txt", &[b'x'; 200]), ("b.txt", b"two")]);
    let row = position(&zip, b"PK\x01\x02");
    let reach = u32::try_from(row - 36).unwrap().to_le_bytes();
    zip = in_both(zip, 20, &reach);
    assert!(opened(zip).contains("b.txt: it shares bytes with another file"));
}

#[test]
fn bytes_after_a_deflated_file_that_its_own_header_does_not_count_are_refused() {
    let mut zip = zip_of(&[("a.txt", b"aaaa")]);
    let row = position(&zip, b"PK\x01\x02");
    let packed = u32::from_le_bytes(zip[row + 20..row + 24].try_into().unwrap());
    zip.splice(row..row, *b"more");
    zip = in_row(zip, 20, &(packed + 4).to_le_bytes());
    zip = in_end(zip, 16, &u32::try_from(row + 4).unwrap().to_le_bytes());
    assert!(opened(zip).contains("a.txt: its own header"));
}

#[test]
fn a_bomb_is_refused_before_it_unpacks() {
    let bomb = zip_of(&[("a.txt", &vec![0; 50 << 20])]);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    assert!(opened(bomb.clone()).contains("it unpacks to 52428800 bytes, 1000 at most"));
    // One that says it is small is read for one byte more than it says.
    assert!(opened(in_both(bomb, 24, &[100, 0, 0, 0])).contains("a.txt: it is damaged"));
    let many: BTreeMap<String, Vec<u8>> = (0..65).map(|at| (format!("{at}.txt"), Vec::new())).collect();
    assert!(opened(pack(&many).unwrap()).contains("the zip: it holds 65 files, 64 at most are read"));
}

#[test]
fn directories_that_cost_much_to_read_are_refused_at_once() {
    // Rows in plenty, and ends that each say that the directory begins at another row.
    let costly = |rows: usize, ends: u32| {
        let mut zip = b"PK\x03\x04".to_vec();
        zip.extend([b"PK\x01\x02".as_slice(), &[0; ROW - 4]].concat().repeat(rows));
        for at in 0..ends {
            zip.extend(b"PK\x05\x06\0\0\0\0\xff\xfe\xff\xfe\0\0\0\0");
            zip.extend((4 + 46 * at).to_le_bytes());
            zip.extend([0, 0]);
        }
        zip
    };
    assert!(opened(costly(20_000, 9)).contains("the zip: it has many ends"));
    assert!(opened(costly(23_000, 1)).contains("the zip: its directory is far longer than 64 files need"));
    assert!(opened(costly(20_000, 8)).contains("the zip: its end is missing or its directory broken"));
    // Fewer may be the work of chance, here in the comment.
    let mut zip = zip_of(&[("a.txt", b"one")]);
    let comment = b"PK\x05\x06".repeat(7);
    zip = in_end(zip, 20, &[28, 0]);
    zip.extend(comment);
    assert_eq!(Archive::open(zip).unwrap().read("a.txt", 1000).unwrap(), b"one");
}

#[test]
fn a_zip_that_is_none_is_refused_as_a_whole() {
    let good = || zip_of(&[("a.txt", b"aaaa")]);
    let mut prefixed = b"#!/bin/sh\n".to_vec();
    prefixed.extend(good());
    let mut trailing = good();
    trailing.extend_from_slice(b"more");
    // The record that leads to a zip64's own, where it would lie.
    let mut zip64 = good();
    let end = zip64.len() - END;
    zip64.splice(end..end, *b"PK\x06\x07----------------");
    let two = zip_of(&[("a.txt", b"one"), ("b.txt", b"two")]);
    let broken = "its end is missing or its directory broken";
    for (zip, sentence) in [
        (Vec::new(), broken),
        (prefixed, broken),
        (trailing, "bytes follow it"),
        (zip64, "it is a zip64"),
        (in_end(good(), 4, &[1, 0]), broken),
        (in_end(good(), 4, &[1, 0, 1, 0]), "several volumes"),
        (in_end(good(), 8, &[2, 0]), broken),
        (in_end(good(), 10, &[2, 0]), "several volumes"),
        (in_end(good(), 8, &[2, 0, 2, 0]), broken),
        (in_end(good(), 8, &[0, 0, 0, 0]), broken),
        (in_end(two, 8, &[1, 0, 1, 0]), "longer than the files it counts"),
        (in_end(good(), 12, &[0xff; 8]), broken),
        (in_row(good(), 28, &[0xff, 0xff]), broken),
        (in_row(good(), 30, &[0xff, 0xff]), broken),
    ] {
        let text = opened(zip);
        assert!(text.starts_with("model bundle, the zip: ") && text.contains(sentence), "{sentence}: {text}");
    }
}

#[test]
fn cut_or_flipped_anywhere_it_is_refused_or_the_same_and_never_panics() {
    let good = zip_of(&[("a.txt", b"some text, some text, some text"), ("b.txt", b"")]);
    let content = b"some text, some text, some text";
    for length in 0..good.len() {
        assert!(Archive::open(good[..length].to_vec()).is_err(), "{length}");
    }
    for at in 0..good.len() * 8 {
        let mut zip = good.clone();
        zip[at / 8] ^= 1 << (at % 8);
        let answer = Archive::open(zip).and_then(|archive| archive.read("a.txt", 1000));
        assert!(answer.is_err() || answer.unwrap() == content, "bit {at}");
    }
    assert!(refusal(Archive::open(good).unwrap().read("c.txt", 10)).contains("c.txt: it is missing"));
}
