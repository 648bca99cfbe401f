//! What every family file names.

pub(super) use crate::features::family::Family;
pub(super) use crate::features::moment::Moment;
pub(super) use crate::features::spec::{Spec, Unit};
