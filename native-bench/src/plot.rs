//! Plots as SVG, drawn by hand: little is needed, and it must be readable on light and dark pages and the same on every machine.
//!
//! - [`svg`]: elements and colours; [`scale`]: axes, ticks, and labels that keep their distance;
//! - [`lines`], [`dots`], [`bars`]: a kind of plot each.

pub mod bars;
pub mod dots;
pub mod lines;
pub mod scale;
pub mod svg;
