//! Stream, batch and latest are one computation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

#[path = "support/feature_bars.rs"]
mod feature_bars;

use feature_bars::walk;
use mt5_sentinel::Error;
use mt5_sentinel::bars::Bars;
use mt5_sentinel::features::{
    LEGACY_WIDTH, Row, Stream, WIDTH, batch, batch_into, batch_on, batch_parallel, latest, legacy_into, needed_bars,
};
use mt5_sentinel::lanes::Lanes;
use ndarray::{Array2, ArrayView1, ShapeBuilder, s};

fn bits<'a>(values: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
    values.into_iter().map(|value| value.to_bits()).collect()
}

#[test]
fn stream_equals_batch_by_bits() {
    let bars = walk(31, 2_000).bars();
    let table = batch(&bars);
    assert!(table.is_standard_layout());
    let mut stream = Stream::new();
    for (i, bar) in bars.iter().enumerate() {
        let row: Row = stream.update(&bar);
        assert_eq!(bits(&row), bits(table.row(i)), "bar {i}");
    }
}

#[test]
fn a_clone_continues_on_its_own() {
    let bars = walk(32, 300).bars();
    let mut first = Stream::default();
    bars.iter().take(150).for_each(|bar| drop(first.update(&bar).to_vec()));
    let mut second = first.clone();
    // The first is led astray; the second must not notice.
    first.update(&bars.at(0));
    let mut row = [0.0; WIDTH];
    bars.iter().skip(150).for_each(|bar| row = second.update(&bar));
    assert_eq!(bits(&row), bits(batch(&bars).row(299)));
}

#[test]
fn latest_is_the_last_row_of_batch() {
    for count in [needed_bars(), needed_bars() + 1, 1_000] {
        let bars = walk(33, count).bars();
        let row = latest(&bars).unwrap();
        assert_eq!(bits(&row), bits(batch(&bars).row(count - 1)));
        assert!(row.iter().all(|value| value.is_finite()));
    }
}

/// The older builder was fed 100 bars where 120 were needed, and answered all the same.
#[test]
fn starved_history_is_refused() {
    let needed = needed_bars();
    for count in [0, 1, 100, 120, needed - 1] {
        let refused = latest(&walk(34, count).bars());
        assert_eq!(refused, Err(Error::TooShort { bars: count, needed }));
    }
}

#[test]
fn no_bars_give_no_rows() {
    assert_eq!(batch(&Bars::default()).dim(), (0, WIDTH));
}

#[test]
fn batch_into_fills_arrays_of_any_strides() {
    let bars = walk(35, 300).bars();
    let expected = bits(&batch(&bars));
    let mut by_row = Array2::from_elem((300, WIDTH), 7.0);
    batch_into(&bars, by_row.view_mut()).unwrap();
    assert_eq!(bits(&by_row), expected);
    let mut by_column = Array2::from_elem((300, WIDTH).f(), 7.0);
    batch_into(&bars, by_column.view_mut()).unwrap();
    assert_eq!(bits(&by_column), expected);
    let mut wider = Array2::from_elem((600, WIDTH + 3), 7.0);
    batch_into(&bars, wider.slice_mut(s![..;2, 3..])).unwrap();
    assert_eq!(bits(wider.slice(s![..;2, 3..])), expected);
    let beside = ArrayView1::from(&[7.0; WIDTH + 3]);
    assert!(wider.slice(s![1..;2, ..]).rows().into_iter().all(|row| row == beside), "wrote beside its rows");
}

#[test]
fn batch_into_refuses_another_shape_and_leaves_it_alone() {
    let bars = walk(36, 50).bars();
    for shape in [(50, WIDTH - 1), (50, WIDTH + 1), (49, WIDTH), (51, WIDTH), (0, 0)] {
        let mut out = Array2::from_elem(shape, 7.0);
        let refused = batch_into(&bars, out.view_mut());
        assert!(matches!(refused, Err(Error::BadColumns { .. })), "{shape:?}: {refused:?}");
        assert!(out.iter().all(|value| *value == 7.0));
    }
}

/// Lengths around the kernel's block, every instruction set of the machine, every layout an array can have.
#[test]
fn every_instruction_set_and_layout_gives_the_bits_of_the_stream() {
    println!("instruction sets tried: {:?}", Lanes::available());
    for count in [0, 1, 2, 15, 16, 17, 31, 127, 128, 129, 143, 144, 255, 256, 257, 1_000] {
        let mut columns = walk(34, count);
        columns.volume.iter_mut().skip(count / 2).take(40).for_each(|volume| *volume = 0.0);
        let bars = columns.bars();
        let mut stream = Stream::new();
        let expected: Vec<u64> = bars.iter().flat_map(|bar| stream.update(&bar).map(f64::to_bits)).collect();
        for lanes in Lanes::available() {
            for layout in ["rows", "columns", "reversed", "gaps"] {
                let mut room = Array2::<f64>::zeros((2 * count, 2 * WIDTH));
                let mut by_columns = Array2::<f64>::zeros((count, WIDTH).f());
                let mut by_rows = Array2::<f64>::zeros((count, WIDTH));
                let mut out = match layout {
                    "rows" => by_rows.view_mut(),
                    "columns" => by_columns.view_mut(),
                    "reversed" => by_columns.slice_mut(s![..;-1, ..;-1]),
                    _ => room.slice_mut(s![..;2, ..;2]),
                };
                batch_on(lanes, &bars, out.view_mut()).unwrap();
                assert_eq!(bits(out.iter()), expected, "{count} bars on {lanes:?}, {layout}");
            }
        }
    }
}

/// From the first time that bars may have to the last, years apart.
#[test]
fn hour_and_weekday_over_absurd_gaps() {
    let mut columns = walk(36, 300);
    for (bar, time) in columns.time.iter_mut().enumerate() {
        *time = -99_999_999_999 + 666_003_601 * i64::try_from(bar).unwrap();
    }
    let table = batch(&columns.bars());
    for (bar, time) in columns.time.iter().enumerate() {
        let (day, second) = (time.div_euclid(86_400), time.rem_euclid(86_400));
        assert_eq!(table[[bar, 18]], (second / 3_600) as f64, "hour at {time}");
        assert_eq!(table[[bar, 19]], (day + 3).rem_euclid(7) as f64, "weekday at {time}");
    }
}

#[test]
fn the_older_layout_is_the_22_and_a_zero() {
    let bars = walk(37, 100).bars();
    let mut out = Array2::from_elem((100, LEGACY_WIDTH), 7.0);
    legacy_into(&bars, out.view_mut()).unwrap();
    assert_eq!(bits(out.slice(s![.., ..WIDTH])), bits(&batch(&bars)));
    assert!(out.column(22).iter().all(|value| value.to_bits() == 0));
    let mut narrow = Array2::from_elem((100, WIDTH), 7.0);
    assert!(matches!(legacy_into(&bars, narrow.view_mut()), Err(Error::BadColumns { .. })));
    assert!(narrow.iter().all(|value| *value == 7.0));
}

#[test]
fn several_threads_give_the_bits_of_one() {
    for (count, threads) in [(0, 4), (1_000, 4), (40_000, 2), (100_001, 3), (100_001, 64)] {
        let bars = walk(38, count).bars();
        let mut stream = Stream::new();
        let expected: Vec<u64> = bars.iter().flat_map(|bar| stream.update(&bar).map(f64::to_bits)).collect();
        assert_eq!(bits(&batch(&bars)), expected, "{count} bars, one thread");
        let mut rows = Array2::<f64>::zeros((count, WIDTH));
        batch_parallel(&bars, rows.view_mut(), threads).unwrap();
        assert_eq!(bits(&rows), expected, "{count} bars, {threads} threads");
        let mut columns = Array2::<f64>::zeros((count, WIDTH).f());
        batch_parallel(&bars, columns.view_mut(), threads).unwrap();
        assert_eq!(bits(columns.iter()), expected, "{count} bars, {threads} threads, by columns");
    }
}
