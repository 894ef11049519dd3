//! Figures of the same things on several machines: a row for each thing, a dot for each machine, on a logarithmic axis.

use super::scale::Scale;
use super::svg::{Anchor, Colour, Stroke, Svg, text_width};

/// A dot plot.
pub struct DotPlot<'a> {
    /// What is shown.
    pub title: &'a str,
    /// What the axis means, with its unit.
    pub name: &'a str,
    /// How its figures are written.
    pub text: fn(f64) -> String,
    /// What the colours mean.
    pub columns: Vec<(String, Colour)>,
    /// The rows from top to bottom.
    pub rows: Vec<DotRow>,
}

/// One row.
pub struct DotRow {
    /// Its name.
    pub name: String,
    /// Whether it is only there to compare with.
    pub is_reference: bool,
    /// A figure greater than 0 for each column, if there is one.
    pub figures: Vec<Option<f64>>,
}

const WIDTH: f64 = 760.0;
const TOP: f64 = 66.0;
const ROW_HEIGHT: f64 = 24.0;
const LANE_HEIGHT: f64 = 5.0;

impl DotPlot<'_> {
    /// The picture.
    pub fn draw(&self) -> String {
        let bottom = TOP + self.rows.len() as f64 * ROW_HEIGHT;
        let names = self.rows.iter().map(|row| text_width(&row.name));
        let left = 28.0 + names.fold(0.0, f64::max);
        let figures = self.rows.iter().flat_map(|row| row.figures.iter().flatten().copied());
        let scale = Scale::logarithmic(figures, [left + 10.0, WIDTH - 30.0]);

        let mut svg = Svg::new(WIDTH, bottom + 48.0, self.title);
        for tick in scale.ticks() {
            let place = scale.place(tick);
            svg.line(Stroke::Grid, Colour::Grey, &[[place, TOP - 4.0], [place, bottom + 4.0]]);
            svg.note(Anchor::Middle, [place, bottom + 20.0], &(self.text)(tick));
        }
        svg.note(Anchor::Middle, [(left + WIDTH) / 2.0, bottom + 38.0], self.name);
        let mut at = 20.0;
        for (name, colour) in &self.columns {
            svg.dot(*colour, [at, 44.0], 4.0);
            svg.text(*colour, Anchor::Start, [at + 9.0, 48.0], name);
            at += 36.0 + text_width(name);
        }
        for (row, number) in self.rows.iter().zip(0u32..) {
            let height = TOP + (f64::from(number) + 0.5) * ROW_HEIGHT;
            let place = [left, height + 4.0];
            if row.is_reference {
                svg.note(Anchor::End, place, &row.name);
            } else {
                svg.name(Anchor::End, place, &row.name);
            }
            let places = row.figures.iter().flatten().map(|figure| scale.place(*figure));
            // From the name to its dots.
            let end = places.fold(left + 10.0, f64::max);
            svg.line(Stroke::Grid, Colour::Grey, &[[left + 10.0, height], [end, height]]);
            // Each column in a lane of its own: its dots would cover each other.
            let middle = (self.columns.len() as f64 - 1.0) / 2.0;
            for (((_, colour), figure), lane) in self.columns.iter().zip(&row.figures).zip(0u32..) {
                if let Some(figure) = figure {
                    let at = [scale.place(*figure), height + (f64::from(lane) - middle) * LANE_HEIGHT];
                    svg.dot(*colour, at, if row.is_reference { 2.5 } else { 3.5 });
                }
            }
        }
        svg.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_figure_has_no_dot() {
        let row = |name: &str, figures| DotRow { name: name.into(), is_reference: false, figures };
        let svg = DotPlot {
            title: "instructions",
            name: "by unit",
            text: |figure| figure.to_string(),
            columns: vec![("arm".into(), Colour::Blue), ("x86_64".into(), Colour::Orange)],
            rows: vec![row("merge", vec![Some(3.0), None]), row("none", vec![None, None])],
        }
        .draw();
        // Two dots explain the colours.
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
