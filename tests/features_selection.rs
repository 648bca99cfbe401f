//! Choosing columns: what is refused, and that every choice is the same computation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/feature_bars.rs"]
mod feature_bars;

use feature_bars::{Noise, walk};
use mt5_sentinel::Error;
use mt5_sentinel::bars::{Bar, Bars};
use mt5_sentinel::features::{
    CATALOGUE, ColumnStream, EXTENDED, NEVER, Selection, WIDTH, batch, batch_selected, batch_selected_into,
    fingerprint, latest, latest_selected, needed_bars,
};
use ndarray::{Array2, ShapeBuilder, s};
use sha2::{Digest, Sha256};

fn bits<'a>(values: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
    values.into_iter().map(|value| value.to_bits()).collect()
}

fn names(selection: &Selection) -> Vec<&'static str> {
    selection.specs().map(|spec| spec.name).collect()
}

/// Selections of every kind: whole catalogues, one column, the 22 among others, 20 drawn ones out of order.
fn selections() -> Vec<Selection> {
    let mut around = vec![EXTENDED[1].name];
    around.extend(CATALOGUE.map(|spec| spec.name));
    around.push(EXTENDED[0].name);
    let mut reversed = names(&Selection::all());
    reversed.reverse();
    let mut chosen = vec![
        Selection::sentinel_v1(),
        Selection::extended(),
        Selection::all(),
        Selection::named(&around).unwrap(),
        Selection::named(&reversed).unwrap(),
        Selection::named(&["rsi_14"]).unwrap(),
        Selection::named(&["roc_10", "macd", "return_1"]).unwrap(),
    ];
    let mut noise = Noise(51);
    for _ in 0..20 {
        let mut left = names(&Selection::all());
        let taken: Vec<_> = (0..=draw(&mut noise, 19)).map(|_| left.remove(draw(&mut noise, left.len()))).collect();
        chosen.push(Selection::named(&taken).unwrap());
    }
    chosen
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number, not negative")]
fn draw(noise: &mut Noise, below: usize) -> usize {
    (noise.draw() * below as f64) as usize
}

fn refusal(names: &[&str]) -> String {
    Selection::named(names).unwrap_err().to_string()
}

#[test]
fn names_are_kept_in_order() {
    let wanted = ["roc_20", "hour", "return_5"];
    assert_eq!(names(&Selection::named(&wanted).unwrap()), wanted);
    assert_eq!(Selection::named(&names(&Selection::sentinel_v1())).unwrap(), Selection::sentinel_v1());
    assert_eq!(names(&Selection::all()), [names(&Selection::sentinel_v1()), names(&Selection::extended())].concat());
}

#[test]
fn what_cannot_be_chosen_is_refused_by_name() {
    assert_eq!(
        refusal(&["hour", "rsi14"]),
        "setting `columns`: no column is called \"rsi14\"; the nearest are rsi_14, ".to_owned()
            + refusal(&["rsi14"]).rsplit_once("rsi_14, ").unwrap().1
    );
    assert!(refusal(&["macd_sig"]).contains("macd_signal"));
    assert!(refusal(&[""]).contains("no column is called \"\""));
    assert!(refusal(&[&"x".repeat(1_000_000)]).len() < 300, "an error does not repeat a megabyte");
    assert_eq!(refusal(&["hour", "macd", "hour"]), "setting `columns`: `hour` is given twice");
    assert_eq!(refusal(&[]), "setting `columns`: no column is named; name at least one");
}

#[test]
fn the_fingerprint_is_that_of_the_contract_or_of_names_and_order() {
    assert_eq!(Selection::sentinel_v1().fingerprint(), fingerprint());
    let of = |names: &[&str]| Selection::named(names).unwrap().fingerprint();
    assert_ne!(of(&["hour", "macd"]), of(&["macd", "hour"]));
    let text = "sentinel-x1\n0\thour\tUTC hour of the open time\n1\troc_5\t100 (close[t] / close[t-5] - 1)";
    let digest = Sha256::digest(text);
    let hex = of(&["hour", "roc_5"]);
    let told: Vec<u8> = (0..32).map(|byte| u8::from_str_radix(&hex[2 * byte..2 * byte + 2], 16).unwrap()).collect();
    assert_eq!((told, hex.len()), (digest.to_vec(), 64));
    assert!(selections().iter().skip(1).all(|selection| selection.fingerprint() != fingerprint()));
}

#[test]
fn needed_bars_is_the_longest_settling_or_unknown() {
    assert_eq!(Selection::sentinel_v1().needed_bars(), Some(needed_bars()));
    assert_eq!(Selection::named(&["roc_20", "hour"]).unwrap().needed_bars(), Some(21));
    for selection in selections() {
        let never_settles = selection.specs().any(|spec| spec.settle_bars == NEVER);
        assert_eq!(selection.needed_bars().is_none(), never_settles);
        assert!(selection.minimum_bars() < 1_000_000);
    }
}

#[test]
fn stream_and_batch_are_one_computation_for_every_selection() {
    let bars = walk(52, 700).bars();
    let whole = batch_selected(&bars, &Selection::all()).unwrap();
    assert_eq!(bits(whole.slice(s![.., ..WIDTH])), bits(&batch(&bars)));
    for selection in selections() {
        let table = batch_selected(&bars, &selection).unwrap();
        let all = names(&Selection::all());
        let mut stream = ColumnStream::new(selection.clone());
        for (row, bar) in bars.iter().enumerate() {
            assert_eq!(bits(&stream.update(&bar).unwrap()), bits(table.row(row)), "row {row} of {selection:?}");
        }
        for (column, name) in names(&selection).iter().enumerate() {
            let same = all.iter().position(|other| other == name).unwrap();
            assert_eq!(bits(table.column(column)), bits(whole.column(same)), "{name} depends on its neighbours");
        }
    }
}

#[test]
fn arrays_of_any_strides_are_filled_and_others_refused() {
    let bars = walk(53, 300).bars();
    for selection in selections() {
        let (expected, width) = (bits(&batch_selected(&bars, &selection).unwrap()), selection.width());
        let mut by_column = Array2::from_elem((300, width).f(), 7.0);
        batch_selected_into(&bars, &selection, by_column.view_mut()).unwrap();
        assert_eq!(bits(&by_column), expected);
        let mut wider = Array2::from_elem((600, width + 3), 7.0);
        batch_selected_into(&bars, &selection, wider.slice_mut(s![..;-2, 2..width + 2])).unwrap();
        assert_eq!(bits(wider.slice(s![..;-2, 2..width + 2])), expected);
        assert!(wider.slice(s![..;2, ..]).iter().all(|value| value.to_bits() == 7.0_f64.to_bits()));
        for shape in [(300, width + 1), (300, width - 1), (299, width), (301, width)] {
            let mut out = Array2::from_elem(shape, 7.0);
            let refused = batch_selected_into(&bars, &selection, out.view_mut()).unwrap_err();
            let told = format!("the output is {} × {}, features of these bars are 300 × {width}", shape.0, shape.1);
            assert_eq!(refused, Error::BadColumns { problem: told });
            assert!(out.iter().all(|value| value.to_bits() == 7.0_f64.to_bits()));
        }
    }
    assert_eq!(batch_selected(&Bars::default(), &Selection::all()).unwrap().dim(), (0, WIDTH + EXTENDED.len()));
}

#[test]
fn latest_is_the_last_row_and_starved_history_is_refused() {
    for selection in selections() {
        let needed = selection.minimum_bars();
        let bars = walk(54, needed).bars();
        let row = latest_selected(&bars, &selection).unwrap();
        assert_eq!(bits(&row), bits(batch_selected(&bars, &selection).unwrap().row(needed - 1)));
        let refused = latest_selected(&walk(54, needed - 1).bars(), &selection);
        assert_eq!(refused, Err(Error::TooShort { bars: needed - 1, needed }));
    }
    let bars = walk(54, 400).bars();
    assert_eq!(latest_selected(&bars, &Selection::default()).unwrap(), latest(&bars).unwrap());
}

#[test]
fn the_stream_refuses_bad_bars_by_field_and_stays_as_it_was() {
    let bars = walk(55, 60).bars();
    let good = bars.at(50);
    let faults: [(&str, Bar); 10] = [
        ("timestamp", Bar { time: good.time * 1_000, ..good }),
        ("open", Bar { open: f64::NAN, ..good }),
        ("high", Bar { high: f64::INFINITY, ..good }),
        ("low", Bar { low: 0.0, ..good }),
        ("close", Bar { close: -1.1, ..good }),
        ("high", Bar { high: good.low * 0.5, ..good }),
        ("volume", Bar { volume: -1.0, ..good }),
        ("volume", Bar { volume: f64::NAN, ..good }),
        ("timestamp", Bar { time: bars.at(49).time, ..good }),
        ("timestamp", Bar { time: bars.at(3).time, ..good }),
    ];
    for selection in [Selection::sentinel_v1(), Selection::all()] {
        let mut stream = ColumnStream::new(selection.clone());
        bars.iter().take(50).for_each(|bar| drop(stream.update(&bar).unwrap()));
        let mut out = vec![7.0; selection.width()];
        for (name, bar) in faults {
            let refused = stream.update_into(&bar, &mut out);
            assert!(matches!(&refused, Err(Error::BadField { row: 50, field, .. }) if field == name), "{refused:?}");
        }
        assert!(matches!(stream.update_into(&good, &mut out[1..]), Err(Error::BadColumns { .. })));
        assert_eq!(out, vec![7.0; selection.width()]);
        assert_eq!((stream.bars_seen(), stream.last_time()), (50, Some(bars.at(49).time)));
        stream.update_into(&good, &mut out).unwrap();
        assert_eq!(bits(&out), bits(batch_selected(&bars, &selection).unwrap().row(50)));
    }
}
