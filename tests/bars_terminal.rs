//! What terminals export, in every dress they give it: the same bars, or an error that names the place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "what is read is compared bit by bit")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bars_rows.rs"]
mod bars_rows;

use std::io::Write;

use bars_rows::{HOUR_S, START_S, parsed};
use flate2::Compression;
use flate2::write::GzEncoder;
use mt5_sentinel::Error;
use mt5_sentinel::bars::{RawRows, parse};

const MT5: &str = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\r\n\
                   2022.08.09\t00:00:00\t1.01913\t1.02013\t1.01813\t1.01963\t1204\t0\t12\r\n\
                   2022.08.09\t01:00:00\t1.01963\t1.02163\t1.01863\t1.02063\t980\t0\t11\r\n\
                   2022.08.09\t02:00:00\t1.02063\t1.02263\t1.01963\t1.02163\t1033\t0\t10\r\n";

const MT4: &str = "2022.08.09,00:00,1.01913,1.02013,1.01813,1.01963,1204\r\n\
                   2022.08.09,01:00,1.01963,1.02163,1.01863,1.02063,980\r\n\
                   2022.08.09,02:00,1.02063,1.02263,1.01963,1.02163,1033\r\n";

const DUMP: &str = ",time,open,high,low,close,tick_volume,spread,real_volume\n\
                    0,1660003200,1.01913,1.02013,1.01813,1.01963,1204,12,0\n\
                    1,1660006800,1.01963,1.02163,1.01863,1.02063,980,11,0\n\
                    2,1660010400,1.02063,1.02263,1.01963,1.02163,1033,10,0\n";

fn three() -> RawRows {
    RawRows {
        time: vec![START_S, START_S + HOUR_S, START_S + 2 * HOUR_S],
        open: vec![1.01913, 1.01963, 1.02063],
        high: vec![1.02013, 1.02163, 1.02263],
        low: vec![1.01813, 1.01863, 1.01963],
        close: vec![1.01963, 1.02063, 1.02163],
        volume: vec![1204.0, 980.0, 1033.0],
        is_null: vec![false; 3],
        time_conflicts: 0,
        is_of_terminal: true,
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect()
}

/// The array of `copy_rates` as `numpy.save` writes it: header padded to 64 bytes, packed little-endian rows.
fn npy(rows: &RawRows) -> Vec<u8> {
    let fields = "('time', '<i8'), ('open', '<f8'), ('high', '<f8'), ('low', '<f8'), ('close', '<f8'), \
                  ('tick_volume', '<u8'), ('spread', '<i4'), ('real_volume', '<u8')";
    let text = format!("{{'descr': [{fields}], 'fortran_order': False, 'shape': ({},), }}", rows.len());
    let padded = format!("{text:<width$}\n", width = (text.len() + 11).next_multiple_of(64) - 11);
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(u16::try_from(padded.len()).unwrap().to_le_bytes());
    out.extend(padded.as_bytes());
    for i in 0..rows.len() {
        out.extend(rows.time[i].to_le_bytes());
        for price in [rows.open[i], rows.high[i], rows.low[i], rows.close[i]] {
            out.extend(price.to_le_bytes());
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
        out.extend((rows.volume[i] as u64).to_le_bytes());
        out.extend(7i32.to_le_bytes());
        out.extend(99u64.to_le_bytes());
    }
    out
}

#[test]
fn every_form_a_terminal_writes_gives_the_same_rows() {
    let without_seconds = MT5.replace(":00:00\t", ":00\t");
    let npy = npy(&three());
    for (form, body) in [
        ("MT5", MT5.as_bytes().to_vec()),
        ("MT5 in UTF-16", utf16(MT5, u16::to_le_bytes)),
        ("MT5 in UTF-16 of the other order", utf16(MT5, u16::to_be_bytes)),
        ("MT5 in UTF-8 with a mark", format!("\u{feff}{MT5}").into_bytes()),
        ("MT5, times without seconds", without_seconds.clone().into_bytes()),
        ("MT5, bare names", MT5.replace(['<', '>'], "").replace("TICKVOL", "TICK_VOLUME").into_bytes()),
        ("MT5, semicolons", MT5.replace('\t', ";").into_bytes()),
        ("MT5 without an end of the last line", MT5.trim_end().as_bytes().to_vec()),
        ("MT4", MT4.as_bytes().to_vec()),
        ("MT4 in UTF-16", utf16(MT4, u16::to_le_bytes)),
        ("MT4, semicolons", MT4.replace(',', ";").into_bytes()),
        ("MT4, tabs", MT4.replace(',', "\t").into_bytes()),
        ("MT4, other dates", MT4.replace("2022.08.09", "2022-08-09").into_bytes()),
        ("a dump of copy_rates", DUMP.as_bytes().to_vec()),
        (
            "a dump without the index",
            DUMP.replace("\n,", "\n")
                .replacen(',', "", 1)
                .replace("\n0,", "\n")
                .replace("\n1,", "\n")
                .replace("\n2,", "\n")
                .into_bytes(),
        ),
        ("a dump with times as text", DUMP.replace("1660003200", "2022-08-09 00:00:00").into_bytes()),
        ("numpy's file", npy.clone()),
    ] {
        assert_eq!(parse(&body).unwrap(), three(), "{form}");
        assert_eq!(parse(&gzip(&body)).unwrap(), three(), "{form}, gzipped");
    }
}

#[test]
fn daily_files_have_no_time_of_day() {
    let daily = "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n\
                 2022.08.09\t1.1\t1.2\t1.0\t1.15\t90\t0\t1\n2022.08.10\t1.1\t1.2\t1.0\t1.15\t91\t0\t1\n";
    let rows = parsed(daily);
    assert_eq!(
        (rows.time, rows.volume, rows.is_of_terminal),
        (vec![START_S, START_S + 86_400], vec![90.0, 91.0], true)
    );
}

#[test]
fn a_time_of_day_is_never_a_time_of_its_own() {
    // The date alone would be midnight of every row, the time alone no moment at all.
    let date_and_time =
        "Date,Time,Open,High,Low,Close,Volume\n2022.08.09,01:00,1,1,1,1,5\n2022-08-09,02:00:00,1,1,1,1,5\n";
    let rows = parsed(date_and_time);
    assert_eq!((rows.time, rows.is_of_terminal), (vec![START_S + HOUR_S, START_S + 2 * HOUR_S], false));
    for half in [
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\n2022.08.09\t\t1\t1\t1\t1\n",
        "Date,Time,Open,High,Low,Close\n2022.08.09,01:00,1,1,1,1\n,02:00,1,1,1,1\n2022.08.09,NA,1,1,1,1\n",
    ] {
        let rows = parsed(half);
        assert!(rows.is_null[rows.len() - 1], "half of a time is none: {half}");
        assert_eq!(rows.is_null.iter().filter(|null| !**null).count(), rows.len() / 3, "{half}");
    }
    // Beside a date, a time that is a whole moment keeps meaning what it did.
    let whole = parsed("date,time,open,high,low,close\n2022-08-08,1660003200,1,1,1,1\n");
    assert_eq!((whole.time, whole.time_conflicts), (vec![START_S], 1));
    let three_times = parse(b"timestamp,date,time,open,high,low,close\n1660003200,2022.08.09,00:00,1,1,1,1\n");
    assert_eq!(three_times.unwrap().time, [START_S]);
    let twice = parse(b"datetime,date,time,open,high,low,close\n2022-08-09,2022.08.09,00:00,1,1,1,1\n").unwrap_err();
    assert!(twice.to_string().contains("`date` and `datetime` mean the same"), "{twice}");
    let conflict = parsed("timestamp,date,time,open,high,low,close\n1660003200,2022.08.09,03:00,1,1,1,1\n");
    assert_eq!((conflict.time, conflict.time_conflicts), (vec![START_S], 1));
}

#[test]
fn the_rule_of_the_volume() {
    let header = |names: &str| format!("time,open,high,low,close,{names}\n");
    let volume = |names: &str, rows: [&str; 2]| {
        let lines = rows.map(|row| format!("1660003200,1,1,1,1,{row}\n")).concat();
        parsed(&format!("{}{lines}", header(names))).volume
    };
    assert_eq!(volume("tick_volume", ["20", "21"]), [20.0, 21.0], "there is no other");
    assert_eq!(volume("tick_volume,volume", ["20,0", "21,0"]), [20.0, 21.0], "the other is all zero");
    assert_eq!(volume("tick_volume,volume", ["20,", "21,NA"]), [20.0, 21.0], "the other is not there");
    assert_eq!(volume("volume,tick_volume", ["0,20", "9,21"]), [0.0, 9.0], "the other is there, if only once");
    assert_eq!(volume("tick_volume,real_volume", ["20,5", "21,6"]), [20.0, 21.0], "one unit, whatever the symbol");
    assert_eq!(volume("real_volume,spread", ["5,1", "6,1"]), [5.0, 6.0], "there are no ticks");
    assert_eq!(volume("vol", ["5", "6"]), [0.0, 0.0], "only in a terminal's file is this a volume");
    assert_eq!(parsed(&MT5.replace("\t0\t", "\t5\t")).volume, three().volume, "<VOL> is the real volume");
    assert_eq!(parsed(&MT5.replace("<TICKVOL>", "<X>").replace("\t0\t", "\t5\t")).volume, [5.0; 3]);
}

#[test]
fn a_field_that_cannot_be_read_is_named_by_row() {
    let bad = |text: &str| match parse(text.as_bytes()) {
        Err(Error::BadField { row, field, problem }) => {
            assert!(problem.len() < 200, "{problem}");
            (row, field)
        }
        other => panic!("not BadField: {other:?} of {text}"),
    };
    let time = "date and time".to_owned();
    assert_eq!(bad(&MT5.replace("2022.08.09\t01:00:00", "2022.08.32\t01:00:00")), (1, time.clone()));
    assert_eq!(bad(&MT5.replace("01:00:00", "25:00:00")), (1, time.clone()));
    assert_eq!(bad(&MT4.replace("01:00", "1 pm")), (1, time.clone()));
    assert_eq!(bad(&MT4.replace("01:00", &"x".repeat(100_000))), (1, time));
    assert_eq!(bad(&MT5.replace("1.02163\t1.01863", "1,02163\t1.01863")), (1, "<HIGH>".into()));
    assert_eq!(bad(&MT4.replace("980", "a lot")), (1, "volume".into()));
    assert_eq!(bad(&MT4.replace("980", &"9x".repeat(100_000))), (1, "volume".into()));
    assert_eq!(bad("time,open,high,low,close,tick_volume,volume\n1660003200,1,1,1,1,x,5\n"), (0, "tick_volume".into()));
    let mut late = three();
    late.time[2] = 1_660_010_400_000;
    assert!(matches!(parse(&npy(&late)), Err(Error::BadField { row: 2, .. })));
}

#[test]
fn what_is_no_file_of_a_terminal_is_refused_with_a_word_on_the_forms() {
    for text in [
        "2022.08.09,00:00,1.1,1.2,1.0,1.15\r\n",
        "2022.08.09,00:00,1.1,1.2,1.0,1.15,8,9\r\n",
        "2022.08.09,1.1,1.2,1.0,1.15,8,9\r\n",
        "09.08.2022,00:00,1.1,1.2,1.0,1.15,8\r\n",
        "2022.08.09,00:00,1.1,high,1.0,1.15,8\r\n",
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\r\n2022.08.09\t00:00\t1\t1\t1\r\n",
    ] {
        let Err(Error::NotBars { what, .. }) = parse(text.as_bytes()) else { panic!("{text}") };
        assert!(what.contains("2015.03.02,00:00,open"), "{what}");
    }
}

/// Rows of a cut file: a beginning of the whole one's, of which only the last one's volume may have lost digits.
fn assert_beginning(cut: &RawRows, form: &str, at: usize) {
    let whole = three();
    let rows = cut.len();
    assert!(rows <= 3, "{form} cut at {at}");
    assert_eq!(cut.time, whole.time[..rows], "{form} cut at {at}");
    assert!(!cut.is_null.contains(&true), "{form} cut at {at}");
    for (cut, whole) in
        [(&cut.open, &whole.open), (&cut.high, &whole.high), (&cut.low, &whole.low), (&cut.close, &whole.close)]
    {
        assert_eq!(cut[..], whole[..rows], "{form} cut at {at}");
    }
    for (i, (cut, whole)) in cut.volume.iter().zip(&whole.volume).enumerate() {
        let is_whole = cut == whole || (form == "MT4" && i + 1 == rows);
        assert!(is_whole, "{form} cut at {at}: volume {cut} of {whole}");
    }
}

#[test]
fn a_file_cut_at_any_byte_is_an_error_or_whole_rows() {
    for (form, body) in [
        ("MT5", MT5.as_bytes().to_vec()),
        ("MT5 in UTF-16", utf16(MT5, u16::to_le_bytes)),
        ("MT4", MT4.as_bytes().to_vec()),
        ("dump", DUMP.as_bytes().to_vec()),
        ("numpy", npy(&three())),
    ] {
        let mut read = 0;
        for at in 0..body.len() {
            if let Ok(rows) = parse(&body[..at]) {
                assert_beginning(&rows, form, at);
                read += usize::from(!rows.is_empty());
            }
        }
        assert_eq!(read == 0, form == "numpy", "{form}: a cut at the end of a line gives whole rows");
        let odd = form.contains("16").then(|| parse(&body[..body.len() - 1]).unwrap_err().to_string());
        assert!(odd.is_none_or(|said| said.contains("half a character")));
        let packed = gzip(&body);
        assert!((0..packed.len()).all(|at| parse(&packed[..at]).is_err()), "{form}, gzipped");
    }
}

#[test]
fn damaged_bytes_never_panic_and_never_make_a_bar_of_another_time() {
    let mut state = 7u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    };
    for body in [MT5.as_bytes().to_vec(), utf16(MT5, u16::to_le_bytes), MT4.as_bytes().to_vec(), npy(&three())] {
        for _ in 0..4_000 {
            let mut damaged = body.clone();
            for _ in 0..=below(3) {
                let at = below(damaged.len());
                damaged[at] = u8::try_from(below(256)).unwrap();
            }
            if let Ok(rows) = parse(&damaged) {
                assert!(rows.len() <= 3);
                let lengths = [rows.open.len(), rows.close.len(), rows.volume.len(), rows.is_null.len()];
                assert_eq!(lengths, [rows.len(); 4]);
            }
        }
    }
}

#[test]
fn damage_of_utf16_and_of_numpys_header_is_named() {
    let mut lone = utf16(MT5, u16::to_le_bytes);
    lone[60..62].copy_from_slice(&[0x00, 0xd8]);
    let said = parse(&lone).unwrap_err().to_string();
    assert!(said.contains("UTF-16") && said.contains("character 29"), "{said}");
    let whole = npy(&three());
    for (wrong, text) in [
        (whole[..8].to_vec(), "cut short"),
        ([&whole[..6], &[2, 0][..], &whole[8..]].concat(), "version 1"),
        ([whole.as_slice(), &[0][..]].concat(), "60 each"),
        (String::from_utf8_lossy(&whole[..128]).replace("spread", "Spread").into_bytes(), ""),
    ] {
        let said = parse(&wrong).unwrap_err().to_string();
        assert!(said.contains(text), "{said}");
    }
    let other = [&whole[..10], &[b' '; 300][..]].concat();
    assert!(parse(&other).unwrap_err().to_string().contains("copy_rates"));
}
