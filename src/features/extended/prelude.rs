//! What every family file names.

pub(super) use super::super::family::Family;
pub(super) use super::super::moment::Moment;
pub(super) use super::super::spec::{Spec, Unit};
