//! The door that every family of columns has, of both catalogues.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::moment::Moment;
use super::spec::Spec;
use crate::lanes::{Lanes, Task};

/// A group of neighbouring columns that share their state.
///
/// The state is stored and read back as bytes, and those may be anyone's: a position is masked or checked before it is
/// used, a counter saturates or wraps, and what a step relies on besides is said by [`Family::is_sound`].
pub(in crate::features) trait Family:
    Clone + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// The family's columns, in order.
    const SPECS: &'static [Spec];

    /// The state before the first bar.
    fn new() -> Self;

    /// Takes one bar and writes the family's columns; `out` is as long as `SPECS`. `#[inline(always)]`, as is what it
    /// calls: what stays outside is compiled for the oldest processor, where a [`Pair`](crate::rolling::Pair) is slow.
    fn step(&mut self, moment: &Moment, out: &mut [f64]);

    /// Whether a state read from bytes is one that `step` can go on from; a state that cannot be wrong needs no more.
    fn is_sound(&self) -> bool {
        true
    }
}

/// A family whose columns were chosen when the program ran.
pub(in crate::features) trait AnyFamily: Send + Sync {
    /// [`Family::step`].
    fn advance(&mut self, moment: &Moment, out: &mut [f64]);

    /// An independent copy.
    fn duplicate(&self) -> Box<dyn AnyFamily>;

    /// Appends the state to `bytes`; `None` when the state cannot be written.
    fn save(&self, bytes: Vec<u8>) -> Option<Vec<u8>>;
}

/// One bar of one family, compiled for every instruction set: the call through a pointer is outside.
struct Advance<'a, 'stream, F> {
    family: &'a mut F,
    moment: &'a Moment<'stream>,
    out: &'a mut [f64],
}

impl<F: Family> Task for Advance<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.family.step(self.moment, self.out);
    }
}

impl<F: Family> AnyFamily for F {
    fn advance(&mut self, moment: &Moment, out: &mut [f64]) {
        Lanes::widest().run(Advance { family: self, moment, out });
    }

    fn duplicate(&self) -> Box<dyn AnyFamily> {
        Box::new(self.clone())
    }

    fn save(&self, bytes: Vec<u8>) -> Option<Vec<u8>> {
        postcard::to_extend(self, bytes).ok()
    }
}

/// A family read from bytes, and the bytes behind it.
pub(in crate::features) type Loaded<'bytes> = (Box<dyn AnyFamily>, &'bytes [u8]);

/// One family of a list: what it computes, how it starts, how it is read back.
#[derive(Clone, Copy)]
pub(in crate::features) struct Entry {
    /// Its columns.
    pub(in crate::features) specs: &'static [Spec],
    /// The state before the first bar.
    pub(in crate::features) start: fn() -> Box<dyn AnyFamily>,
    /// The state at the beginning of bytes; `None` when they hold none.
    pub(in crate::features) load: fn(&[u8]) -> Option<Loaded<'_>>,
}

impl Entry {
    /// The entry of a family.
    pub(in crate::features) const fn of<F: Family>() -> Self {
        Self { specs: F::SPECS, start: start::<F>, load: load::<F> }
    }
}

fn start<F: Family>() -> Box<dyn AnyFamily> {
    Box::new(F::new())
}

fn load<F: Family>(bytes: &[u8]) -> Option<Loaded<'_>> {
    let (family, rest) = postcard::take_from_bytes::<F>(bytes).ok()?;
    family.is_sound().then(|| (Box::new(family) as Box<dyn AnyFamily>, rest))
}
