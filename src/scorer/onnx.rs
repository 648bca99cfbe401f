//! What an ONNX file says of itself, without running it: a graph is run by the `onnxruntime` wheel, outside this core.
//!
//! The file is a protobuf message; its fields are walked by number, as `onnx.proto` of the ONNX project gives them.
//! Nothing is copied but names, so memory does not grow with the weights.

use crate::{Error, Result};

/// Protobuf's own limit of one message.
const BYTES_MAX: usize = i32::MAX as usize;

/// Graphs within graphs (the branches of an `If`, the body of a `Loop`) as deep as real ones go, and then some.
const DEPTH_MAX: usize = 64;

/// Nodes of the largest graphs are some thousands; a file of empty ones, two bytes each, costs ONNX Runtime hundreds of
/// times its size.
const NODES_MAX: usize = 100_000;

/// Names kept of each kind, and characters of a name: a hostile file cannot make a line of a log endless.
const NAMES_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 80;

/// Value of `TensorProto.data_location` for weights in another file.
const EXTERNAL: u64 = 1;

/// The first facts of an ONNX file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OnnxFacts {
    /// Program that wrote the file, e.g. `skl2onnx`.
    pub producer: String,
    /// Kinds of nodes, each once, in the order of their first use; those of a domain of their own as `domain.Kind`.
    pub operators: Vec<String>,
}

impl OnnxFacts {
    /// What the graph is, in a word or two for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let has = |stem: &str| self.operators.iter().any(|name| name.starts_with(stem));
        let kinds = [("LSTM", "LSTM"), ("GRU", "GRU"), ("RNN", "RNN"), ("TreeEnsemble", "tree ensemble")];
        kinds.into_iter().find(|(stem, _)| has(stem)).map_or("network", |(_, kind)| kind)
    }

    /// Whether NaN is a missing value to the graph, as it is to trees, and not the ruin of a sum.
    #[must_use]
    pub fn takes_nan(&self) -> bool {
        self.kind() == "tree ensemble"
    }
}

/// Whether bytes begin as an ONNX file does: field 1, `ir_version`, a small number, then another field.
///
/// No other format of a model begins with the byte 8.
#[must_use]
pub fn is_onnx(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, version, ..] if (1..0x80).contains(version))
}

/// Walks a whole file: the frame of every message, and where its weights lie.
///
/// # Errors
/// [`Error::BadModel`]: the file is cut off, damaged or larger than 2 GiB, holds no graph, a `Loop` (which may never
/// end) or more than 100,000 nodes, or keeps weights in another file (which would be read from wherever the process
/// happens to run).
pub fn onnx_facts(bytes: &[u8]) -> Result<OnnxFacts> {
    if bytes.len() > BYTES_MAX {
        return Err(bad("file", "it is larger than 2 GiB, protobuf's limit; nothing that large is read".to_owned()));
    }
    let mut walk = Walk::default();
    walk.message(Message::Model, bytes, 0)?;
    if !walk.has_graph {
        return Err(bad("file", "it holds no graph; it is cut off or no ONNX model".to_owned()));
    }
    Ok(walk.facts)
}

/// Messages on the way to nodes and tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    Sparse,
    Tensor,
}

impl Message {
    /// The message in a field, where it can lead to a node or a tensor.
    fn inside(self, field: u64) -> Option<Self> {
        match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Some(Self::Graph),
            (Self::Model, 25) => Some(Self::Function),
            (Self::Graph, 1) | (Self::Function, 7) => Some(Self::Node),
            (Self::Node, 5) | (Self::Function, 11) => Some(Self::Attribute),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Some(Self::Sparse),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => Some(Self::Tensor),
            _ => None,
        }
    }
}

/// One field of a message: a number, or bytes.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

#[derive(Default)]
struct Walk {
    facts: OnnxFacts,
    has_graph: bool,
    nodes: usize,
}

impl Walk {
    fn message(&mut self, kind: Message, bytes: &[u8], depth: usize) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err(bad("graph", format!("messages lie within each other {DEPTH_MAX} deep")));
        }
        let (mut rest, mut name, mut domain, mut is_external) = (bytes, "", "", false);
        while !rest.is_empty() {
            let Some((field, value)) = field(&mut rest) else {
                let place = format!("{kind:?}").to_ascii_lowercase();
                return Err(bad(
                    &place,
                    "the protobuf breaks off or is damaged; save or copy the file again".to_owned(),
                ));
            };
            match (kind, field, value) {
                (Message::Model, 2, Value::Bytes(text)) => self.facts.producer = shortened(utf8(text)),
                (Message::Node, 4, Value::Bytes(text)) | (Message::Tensor, 8, Value::Bytes(text)) => name = utf8(text),
                (Message::Node, 7, Value::Bytes(text)) => domain = utf8(text),
                (Message::Tensor, 14, Value::Number(location)) => is_external = location == EXTERNAL,
                (_, _, Value::Bytes(inner)) => {
                    if let Some(inside) = kind.inside(field) {
                        self.has_graph |= inside == Message::Graph;
                        self.message(inside, inner, depth + 1)?;
                    }
                }
                _ => {}
            }
        }
        match kind {
            Message::Node => self.note(name, domain)?,
            Message::Tensor if is_external => {
                let problem = "its values lie in another file; save the model in one file \
                    (`save_as_external_data=False`)";
                return Err(bad(&format!("tensor `{}`", shortened(name)), problem.to_owned()));
            }
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, kind: &str, domain: &str) -> Result<()> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(bad("graph", format!("it has more than {NODES_MAX} nodes; nothing that large is run")));
        }
        let is_standard = ["", "ai.onnx", "ai.onnx.ml"].contains(&domain);
        if is_standard && kind == "Loop" {
            let problem = "a graph with a Loop may never end; export it without (unrolled, or with an LSTM node)";
            return Err(bad("operator `Loop`", problem.to_owned()));
        }
        let name = if is_standard { shortened(kind) } else { format!("{}.{}", shortened(domain), shortened(kind)) };
        if self.facts.operators.len() < NAMES_MAX && !self.facts.operators.contains(&name) {
            self.facts.operators.push(name);
        }
        Ok(())
    }
}

/// Takes the next field off the front; `None` when it breaks off or is of no known kind.
fn field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let tag = number(rest)?;
    let value = match tag & 7 {
        0 => Value::Number(number(rest)?),
        1 => Value::Bytes(take(rest, 8)?),
        2 => {
            let length = usize::try_from(number(rest)?).ok()?;
            Value::Bytes(take(rest, length)?)
        }
        5 => Value::Bytes(take(rest, 4)?),
        _ => return None,
    };
    (tag >> 3 > 0).then_some((tag >> 3, value))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

/// A number of up to ten bytes, seven bits each, the lowest first.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("")
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}

fn bad(place: &str, problem: String) -> Error {
    Error::BadModel { place: format!("ONNX, {place}"), problem }
}
