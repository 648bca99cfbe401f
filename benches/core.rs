//! What one cycle costs, and what a backtest costs: parse and clean, features, scores, a decision.

#![allow(missing_docs, reason = "criterion_group writes a public function")]
#![allow(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mt5_sentinel::bars::{Bars, Calendar, Hygiene, Session, clean, fresh, parse};
use mt5_sentinel::features::{Selection, Stream, WIDTH, batch, batch_on, batch_selected, latest};
use mt5_sentinel::lanes::Lanes;
use mt5_sentinel::scorer::{Kernel, Model, Scores};
use mt5_sentinel::trade::{Policy, Situation, decide};
use ndarray::{Array2, ShapeBuilder};

const START_S: i64 = 1_609_718_400;
const HOUR_S: i64 = 3_600;
const MODEL: &str = "python/mt5_sentinel/bundled/model/model.txt";

/// A body in the API's shape: an hourly walk near 1.2, the same in every run.
fn body(rows: u32) -> String {
    let mut state = 1_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let (mut text, mut close) = (String::from("["), 1.2);
    for row in 0..rows {
        let open: f64 = close;
        close = open + 0.004 * (draw() - 0.5) + 0.001 * (1.2 - open);
        let (high, low) = (open.max(close) + 0.001 * draw(), open.min(close) - 0.001 * draw());
        let time = START_S + HOUR_S * i64::from(row);
        let datetime = mt5_sentinel::bars::time::to_text(time);
        let volume = (5_000.0 * draw()).floor();
        let comma = if row == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"timestamp":{time},"gmtoffset":0,"datetime":"{datetime}","open":{open:.5},"high":{high:.5},"low":{low:.5},"close":{close:.5},"volume":{volume}}}"#
        )
        .unwrap();
    }
    text + "]"
}

fn cleaned(body: &[u8]) -> Bars {
    let hygiene = Hygiene { interval_s: HOUR_S, now_s: START_S + 1_000_000 * HOUR_S, jump_ratio: 0.05 };
    std::sync::Arc::unwrap_or_clone(clean(&parse(body).unwrap(), &hygiene).bars)
}

fn bars(c: &mut Criterion) {
    let body = body(2_000).into_bytes();
    let mut group = c.benchmark_group("bars");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("parse and clean 2,000 rows", |b| b.iter(|| cleaned(black_box(&body))));
    group.finish();
}

fn features(c: &mut Criterion) {
    let (many, few) = (cleaned(body(10_000).as_bytes()), cleaned(body(500).as_bytes()));
    let mut rows = Array2::zeros((many.len(), WIDTH));
    let mut columns = Array2::zeros((many.len(), WIDTH).f());
    let mut group = c.benchmark_group("features");
    group.throughput(Throughput::Elements(10_000));
    for lanes in Lanes::available() {
        group.bench_function(format!("10,000 bars by columns, {lanes:?}"), |b| {
            b.iter(|| batch_on(lanes, black_box(&many), columns.view_mut()).unwrap());
        });
        group.bench_function(format!("10,000 bars by rows, {lanes:?}"), |b| {
            b.iter(|| batch_on(lanes, black_box(&many), rows.view_mut()).unwrap());
        });
    }
    let mut stream = Stream::new();
    group.bench_function("10,000 bars, one by one", |b| {
        b.iter(|| many.iter().map(|bar| black_box(stream.update(&bar))[0]).sum::<f64>());
    });
    let extended = Selection::extended();
    group.throughput(Throughput::Elements(500));
    group.bench_function("extended columns of 500 bars", |b| b.iter(|| batch_selected(&few, &extended).unwrap()));
    group.bench_function("latest of 500 bars", |b| b.iter(|| latest(black_box(&few)).unwrap()));
    group.finish();
}

fn model() -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(MODEL);
    Model::from_bytes(&std::fs::read(path).unwrap()).unwrap()
}

fn scorer(c: &mut Criterion) {
    let model = model();
    let rows = batch(&cleaned(body(10_000).as_bytes()));
    let row = latest(&cleaned(body(500).as_bytes())).unwrap();
    let mut out = vec![0.0; model.num_classes()];
    let mut group = c.benchmark_group("scorer");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one row", |b| b.iter(|| model.score_into(black_box(&row), &mut out).unwrap()));
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("10,000 rows", |b| b.iter(|| model.score_batch(black_box(rows.view()), false).unwrap()));
    let kernels = Lanes::available().into_iter().flat_map(|lanes| [Kernel::Row(lanes), Kernel::Block(lanes)]);
    for kernel in [Kernel::Walk].into_iter().chain(kernels) {
        let name = format!("10,000 rows, one thread, {kernel:?}");
        group.bench_function(name, |b| b.iter(|| model.score_raw_by(kernel, black_box(&rows.view())).unwrap()));
    }
    group.finish();
}

fn decision(c: &mut Criterion) {
    let scores = Scores::from_slice(&[0.1, 0.2, 0.7]).unwrap();
    let policy = Policy::new(0.6).unwrap();
    let calendar = Calendar::new(Session::Always, &[]).unwrap();
    let bar = fresh(&calendar, HOUR_S, 2 * HOUR_S + 58, HOUR_S, 900).unwrap();
    let now = Situation { bar, price_s: bar.now_s(), decided_bar_s: Some(0), position: None };
    c.bench_function("decide", |b| b.iter(|| decide(black_box(&scores), black_box(&now), black_box(&policy))));
}

/// From the bytes of an answer to a decision: all that the core does in one cycle.
fn cycle(c: &mut Criterion) {
    let (model, body) = (model(), body(500).into_bytes());
    let policy = Policy::new(0.6).unwrap();
    let calendar = Calendar::new(Session::Always, &[]).unwrap();
    c.bench_function("cycle: 500 rows to a decision", |b| {
        b.iter(|| {
            let bars = cleaned(black_box(&body));
            let scores = Scores::from_slice(&model.score(&latest(&bars).unwrap()).unwrap()).unwrap();
            let bar_open_s = bars.last().unwrap().time;
            let bar = fresh(&calendar, bar_open_s, bar_open_s + HOUR_S + 58, HOUR_S, 900).unwrap();
            let now = Situation { bar, price_s: bar.now_s(), decided_bar_s: None, position: None };
            decide(&scores, &now, &policy)
        });
    });
}

criterion_group!(core, bars, features, scorer, decision, cycle);
criterion_main!(core);
