//! The newest rows of a history, as a model that looks at more than one bar is fed.

use ndarray::{Array2, ArrayView2, s};

use super::batch::{batch_into, latest};
use super::catalogue::{WIDTH, names, needed_bars};
use super::legacy::{LEGACY_WIDTH, legacy_into};
use crate::bars::Bars;
use crate::{Error, Result};

/// Which columns a row holds, in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowLayout {
    /// The 22 of `sentinel-v1`.
    Catalogue,
    /// `feature_0` … `feature_22`: those by position and a constant 0.0 behind them.
    Legacy23,
}

impl RowLayout {
    /// Every layout.
    pub const ALL: [Self; 2] = [Self::Catalogue, Self::Legacy23];

    /// The layout's name, `catalogue` or `legacy23`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Legacy23 => "legacy23",
        }
    }

    /// Names of a row's values, in column order.
    #[must_use]
    pub fn column_names(self) -> Vec<String> {
        match self {
            Self::Catalogue => names().map(str::to_owned).to_vec(),
            Self::Legacy23 => (0..LEGACY_WIDTH).map(|column| format!("feature_{column}")).collect(),
        }
    }

    /// The layout with these very columns, where there is one.
    #[must_use]
    pub fn of(columns: &[String]) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.column_names() == columns)
    }
}

/// Bars of history below which some column of the newest `steps` rows is not finite or not settled.
#[must_use]
pub fn needed_bars_for(steps: usize) -> usize {
    needed_bars().saturating_add(steps.saturating_sub(1))
}

/// Rows of the newest `steps` bars, oldest first, shape (steps, columns of `layout`); equal by bits to the last rows of
/// the whole matrix.
///
/// # Errors
/// [`Error::TooShort`] below [`needed_bars_for`]; [`Error::BadSetting`] for no steps at all.
pub fn latest_rows(bars: &Bars, layout: RowLayout, steps: usize) -> Result<Array2<f64>> {
    let needed = needed_bars_for(steps);
    if bars.len() < needed {
        return Err(Error::TooShort { bars: bars.len(), needed });
    }
    if steps == 0 {
        let problem = "it is 0; a model looks at one row at least".to_owned();
        return Err(Error::BadSetting { field: "steps", problem });
    }
    if layout == RowLayout::Catalogue && steps == 1 {
        return latest(bars).map(|row| ArrayView2::from(&[row]).to_owned());
    }
    let mut rows = match layout {
        RowLayout::Catalogue => Array2::zeros((bars.len(), WIDTH)),
        RowLayout::Legacy23 => Array2::zeros((bars.len(), LEGACY_WIDTH)),
    };
    match layout {
        RowLayout::Catalogue => batch_into(bars, rows.view_mut())?,
        RowLayout::Legacy23 => legacy_into(bars, rows.view_mut())?,
    }
    rows.slice_collapse(s![bars.len() - steps.., ..]);
    Ok(rows.as_standard_layout().into_owned())
}
