//! Rows of a file, an output of one's own, golden rows of sequences, and what an ONNX file says of itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(clippy::float_cmp, reason = "bits are what is promised")]

use std::fs;
use std::path::Path;

use mt5_sentinel::Error;
use mt5_sentinel::scorer::{Golden, Model, is_onnx, made_up, onnx_facts, read_rows, sequences, verify_golden_by};
use ndarray::{Array2, ShapeBuilder, s};

fn model() -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer/multiclass_nan.txt");
    Model::from_bytes(&fs::read(path).unwrap()).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_output_of_any_strides_holds_the_same_bits() {
    let model = model();
    let rows = Array2::from_shape_fn((150, model.feature_names().len()), |(row, column)| (row * 7 + column * 3) as f64);
    let expected = model.score_batch(rows.view(), false).unwrap();
    let mut columns = Array2::zeros((150, 3).f());
    model.score_batch_into(rows.view(), false, columns.view_mut()).unwrap();
    assert_eq!(columns, expected);
    let mut wide = Array2::from_elem((300, 5), -1.0);
    model.score_batch_into(rows.view(), false, wide.slice_mut(s![..;2, ..3])).unwrap();
    assert_eq!(wide.slice(s![..;2, ..3]), expected);
    assert!(wide.slice(s![1..;2, ..]).iter().all(|x| *x == -1.0), "rows between are not touched");
    let turned = rows.slice(s![..;-1, ..]);
    assert_eq!(model.score_batch(turned, false).unwrap(), expected.slice(s![..;-1, ..]));
}

#[test]
fn an_output_of_another_shape_is_refused_and_untouched() {
    let model = model();
    let rows = Array2::zeros((2, model.feature_names().len()));
    for shape in [(2, 2), (3, 3), (0, 3)] {
        let mut out = Array2::from_elem(shape, 7.0);
        let error = model.score_batch_into(rows.view(), true, out.view_mut()).unwrap_err();
        assert!(error.to_string().contains(&format!("{shape:?}")) && error.to_string().contains("(2, 3)"), "{error}");
        assert!(out.iter().all(|x| *x == 7.0));
    }
}

#[test]
fn a_header_is_told_by_a_cell_that_is_no_number() {
    let read = |body: &str| read_rows(body.as_bytes(), &names(&["a", "b"]));
    assert_eq!(read("b,a\n1,2\n").unwrap(), ndarray::array![[2.0, 1.0]]);
    assert_eq!(read("1,2\n").unwrap(), ndarray::array![[1.0, 2.0]]);
    assert!(read(",nan\n").unwrap().iter().all(|x| x.is_nan()));
    assert_eq!(read("a,b\n").unwrap().dim(), (0, 2));
    assert!(matches!(read(""), Err(Error::BadRows { .. })));
    assert!(matches!(read("a,c\n1,2\n"), Err(Error::BadRows { .. })));
    assert!(matches!(read("1,2\n3\n"), Err(Error::BadRow { row: 1, .. })));
    assert!(matches!(read("1,2\n3,x\n"), Err(Error::BadField { row: 1, .. })));
    assert!(made_up(&names(&["f0", "f1"])) && !made_up(&names(&["f1", "f0"])));
}

#[test]
fn a_header_of_numbers_is_told_by_the_names() {
    let years = names(&["2020", "2021", "2022"]);
    assert_eq!(read_rows(b"2022,2020,2021\n1,2,3\n", &years).unwrap(), ndarray::array![[2.0, 3.0, 1.0]]);
    assert_eq!(read_rows(b"7, 2022 ,2020,2021\n9,1,2,3\n", &years).unwrap(), ndarray::array![[2.0, 3.0, 1.0]]);
    assert_eq!(read_rows(b"2022,2020,2020\n", &years).unwrap(), ndarray::array![[2022.0, 2020.0, 2020.0]]);
    assert_eq!(read_rows(b"2022.0,2020,2021\n", &years).unwrap().nrows(), 1, "names are compared as text");
    let plain = names(&["0", "1", "2"]);
    assert_eq!(read_rows(b"2,1,0\n5,6,7\n", &plain).unwrap(), ndarray::array![[7.0, 6.0, 5.0]]);
    assert!(matches!(read_rows(b"2022,2020,2021,2020\n", &years), Err(Error::BadRows { .. })), "a name twice");
}

#[test]
fn a_damaged_first_row_is_no_header() {
    for made_up in [["Column_0", "Column_1", "Column_2"], ["f0", "f1", "f2"], ["0", "1", "2"]] {
        let names = names(&made_up);
        for row in ["1.0,abc,3.0", "nan,abc,def", ",abc,3"] {
            let error = read_rows(format!("{row}\n1,2,3\n").as_bytes(), &names).unwrap_err();
            assert!(matches!(&error, Error::BadField { row: 0, field, .. } if *field == made_up[1]), "{row}: {error}");
        }
        assert_eq!(read_rows(b"x,y,z\n1,2,3\n", &names).unwrap(), ndarray::array![[1.0, 2.0, 3.0]]);
    }
}

#[test]
fn rows_are_cut_into_whole_sequences_or_refused() {
    let rows = Array2::from_shape_fn((6, 2), |(row, column)| (2 * row + column) as f64);
    assert_eq!(sequences(rows.clone(), 3).unwrap()[(1, 0, 1)], 7.0);
    for steps in [0, 4, 7] {
        assert!(matches!(sequences(rows.clone(), steps), Err(Error::BadRows { .. })), "{steps}");
    }
}

const GOLDEN: &str = "sequence,a,b,score_sell,score_hold,score_buy\n\
    0,1,2,,,\n0,3,,0.5,0.25,0.25\n1,5,6,,,\n1,7,8,0.5,0.25,0.25\n";

/// Replays with a scorer that tells what it was given and answers halves and quarters, off by `off`.
fn replay(csv: &str, off: f64) -> (mt5_sentinel::Result<usize>, Vec<Vec<f64>>) {
    let names = names(&["a", "b"]);
    let golden = Golden { feature_names: &names, classes: 3, steps: 2, tolerance: Some(1e-5) };
    let mut seen = Vec::new();
    let answer = verify_golden_by(&golden, csv.as_bytes(), |rows, _| {
        seen.push(rows.to_vec());
        Ok(vec![0.5 + off, 0.25, 0.25])
    });
    (answer, seen)
}

#[test]
fn golden_sequences_are_scored_whole() {
    let (answer, seen) = replay(GOLDEN, 9e-6);
    assert_eq!(answer, Ok(2));
    assert_eq!(seen[0][..3], [1.0, 2.0, 3.0]);
    assert!(seen[0][3].is_nan());
    assert_eq!(seen[1], [5.0, 6.0, 7.0, 8.0]);
}

#[test]
fn golden_sequences_that_do_not_fit_are_refused_by_row() {
    let refused = |csv: &str, off: f64| replay(csv, off).0.unwrap_err().to_string();
    assert!(refused(GOLDEN, 2e-5).contains("row 1, sell"), "off by more than the tolerance");
    assert!(refused(GOLDEN, f64::NAN).contains("row 1, sell"), "NaN is near nothing");
    assert!(refused(&GOLDEN.replace("\n1,5,6,,,", "\n0,5,6,,,"), 0.0).contains("row 2, sequence \"0\""));
    assert!(refused(&GOLDEN.replace("0,1,2,,,", "0,1,2,0.5,,"), 0.0).contains("row 0: a score"));
    assert!(refused(GOLDEN.strip_suffix("1,7,8,0.5,0.25,0.25\n").unwrap(), 0.0).contains("1 rows at the end"));
    assert!(refused(&GOLDEN.replace("sequence,", "id,"), 0.0).contains("column 0 is \"id\""));
    assert!(refused(GOLDEN.lines().next().unwrap(), 0.0).contains("no row"));
}

/// A field of bytes, or a number.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn onnx(graph: &[u8]) -> Vec<u8> {
    [&[8, 9][..], &field(2, b"a test"), &field(7, graph)].concat()
}

#[test]
fn an_onnx_file_tells_its_kind_of_nodes() {
    let node = |kind: &[u8]| field(1, &field(4, kind));
    let own = field(1, &[field(4, b"Spell"), field(7, b"of.mine")].concat());
    let file = onnx(&[node(b"LSTM"), node(b"Gemm"), node(b"LSTM"), own].concat());
    let facts = onnx_facts(&file).unwrap();
    assert_eq!((facts.producer.as_str(), facts.kind(), facts.takes_nan()), ("a test", "LSTM", false));
    assert_eq!(facts.operators, ["LSTM", "Gemm", "of.mine.Spell"]);
    assert!(onnx_facts(&onnx(&node(b"TreeEnsembleClassifier"))).unwrap().takes_nan());
    assert!(is_onnx(&file) && !is_onnx(b"tree\nversion=v4") && !is_onnx(b"{") && !is_onnx(b"\x08"));
    let error = Model::from_bytes(&file).unwrap_err();
    assert!(error.to_string().contains("ONNX"), "the core says what it is: {error}");
}

#[test]
fn a_damaged_onnx_file_is_refused() {
    let whole = onnx(&field(1, &field(4, b"Gemm")));
    let refused = |file: &[u8]| onnx_facts(file).unwrap_err().to_string();
    for end in 1..whole.len() {
        refused(&whole[..end]);
    }
    assert!(refused(&[8, 9]).contains("no graph"));
    let endless = [&[8][..], &[0x80; 20]].concat();
    assert!(refused(&endless).contains("breaks off"));
    let huge = [8, 9, 7 << 3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    assert!(refused(&huge).contains("breaks off"));
    let external = field(5, &[field(8, b"W"), vec![14 << 3, 1]].concat());
    assert!(refused(&onnx(&external)).contains("tensor `W`"));
    // A graph in an attribute of a node in a graph …, deeper than any real one.
    let mut graph = Vec::new();
    for _ in 0..40 {
        let inside = [varint_field(6, &graph)].concat();
        graph = varint_field(1, &varint_field(5, &inside));
    }
    assert!(refused(&[&[8, 9][..], &varint_field(7, &graph)].concat()).contains("deep"));
}

#[test]
fn a_graph_that_may_never_end_is_refused() {
    let node = |kind: &[u8]| field(1, &field(4, kind));
    let refused = |file: &[u8]| onnx_facts(file).unwrap_err().to_string();
    let inside = |body: &[u8]| field(1, &[field(4, b"If"), field(5, &field(6, body))].concat());
    let function = [&[8, 9][..], &field(7, b""), &[0xca, 1, 8], &field(7, &field(4, b"Loop"))].concat();
    let deep = inside(&inside(&node(b"Loop")));
    let named = field(1, &[field(4, b"Loop"), field(7, b"ai.onnx")].concat());
    for file in [onnx(&node(b"Loop")), onnx(&deep), onnx(&named), function] {
        assert!(refused(&file).contains("`Loop`: a graph with a Loop may never end"), "{}", refused(&file));
    }
    let own = field(1, &[field(4, b"Loop"), field(7, b"of.mine")].concat());
    assert_eq!(onnx_facts(&onnx(&own)).unwrap().operators, ["of.mine.Loop"]);
}

#[test]
fn a_graph_of_countless_nodes_is_refused() {
    let file = |nodes: usize| {
        let graph = [1 << 3 | 2, 0].repeat(nodes);
        let length = [graph.len() & 127 | 128, graph.len() >> 7 & 127 | 128, graph.len() >> 14];
        let length = length.map(|part| u8::try_from(part).unwrap());
        [&[8, 9, 7 << 3 | 2][..], &length, &graph].concat()
    };
    assert!(onnx_facts(&file(100_000)).is_ok());
    assert!(onnx_facts(&file(100_001)).unwrap_err().to_string().contains("more than 100000 nodes"));
}

/// A field of any length.
fn varint_field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let (low, high) = (u8::try_from(bytes.len() % 128).unwrap(), u8::try_from(bytes.len() / 128).unwrap());
    [&[number << 3 | 2, low | 0x80, high], bytes].concat()
}
