//! Cost against size, both logarithmic: a line for each series, named at its right end.

use super::scale::{Scale, spread};
use super::svg::{Anchor, Colour, Point, Stroke, Svg, text_width};

/// A line plot.
pub struct LinePlot<'a> {
    /// What is shown.
    pub title: &'a str,
    /// What the axis upwards means.
    pub y_name: &'a str,
    /// How its figures are written, with their unit.
    pub y_text: fn(f64) -> String,
    /// What the axis to the right means.
    pub x_name: &'a str,
    /// How its figures are written.
    pub x_text: fn(f64) -> String,
    /// The lines.
    pub series: Vec<Series>,
}

/// One line.
pub struct Series {
    /// Its name.
    pub name: String,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Its colour.
    pub colour: Colour,
    /// What was measured, in the order of the sizes; all greater than 0.
    pub points: Vec<Point>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 66.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = HEIGHT - 54.0;
const LINE_HEIGHT: f64 = 16.0;

impl LinePlot<'_> {
    /// The picture.
    pub fn draw(&self) -> String {
        let names = self.series.iter().map(|series| text_width(&series.name));
        let right = WIDTH - 40.0 - names.fold(0.0, f64::max);
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x = Scale::logarithmic(points().map(|point| point[0]), [LEFT + 14.0, right]);
        let y = Scale::logarithmic(points().map(|point| point[1]), [BOTTOM, TOP]);

        let mut svg = Svg::new(WIDTH, HEIGHT, self.title);
        svg.note(Anchor::Start, [16.0, 46.0], self.y_name);
        for tick in y.ticks() {
            let height = y.place(tick);
            svg.line(Stroke::Grid, Colour::Grey, &[[LEFT, height], [right, height]]);
            svg.note(Anchor::End, [LEFT - 8.0, height + 4.0], &(self.y_text)(tick));
        }
        for tick in x.ticks() {
            let place = x.place(tick);
            svg.line(Stroke::Grid, Colour::Grey, &[[place, BOTTOM], [place, BOTTOM + 5.0]]);
            svg.note(Anchor::Middle, [place, BOTTOM + 20.0], &(self.x_text)(tick));
        }
        svg.note(Anchor::Middle, [(LEFT + right) / 2.0, HEIGHT - 14.0], self.x_name);

        let placed: Vec<Vec<Point>> = self
            .series
            .iter()
            .map(|series| series.points.iter().map(|point| [x.place(point[0]), y.place(point[1])]).collect())
            .collect();
        for (series, points) in self.series.iter().zip(&placed) {
            svg.line(series.stroke, series.colour, points);
            let radius = if series.stroke == Stroke::Strong { 3.5 } else { 2.5 };
            points.iter().for_each(|point| svg.dot(series.colour, *point, radius));
        }
        let ends: Vec<Point> = placed.iter().filter_map(|points| points.last().copied()).collect();
        let heights: Vec<f64> = ends.iter().map(|end| end[1]).collect();
        let heights = spread(&heights, LINE_HEIGHT, [TOP, BOTTOM]);
        let drawn = self.series.iter().filter(|series| !series.points.is_empty());
        for ((series, end), height) in drawn.zip(ends).zip(heights) {
            // From the end of the line to its name, which had to make room for others.
            svg.line(Stroke::Grid, series.colour, &[[end[0] + 6.0, end[1]], [right + 18.0, height]]);
            svg.text(series.colour, Anchor::Start, [right + 22.0, height + 4.0], &series.name);
        }
        svg.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_is_drawn_and_named_once_and_an_empty_one_is_left_out() {
        let series = |name: &str, points: &[Point]| Series {
            name: name.into(),
            stroke: Stroke::Strong,
            colour: Colour::Blue,
            points: points.to_vec(),
        };
        let svg = LinePlot {
            title: "cost",
            y_name: "ns",
            y_text: |y| y.to_string(),
            x_name: "n",
            x_text: |x| x.to_string(),
            series: vec![
                series("merge", &[[10.0, 3.0], [100.0, 30.0]]),
                series("absent", &[]),
                series("other", &[[10.0, 4.0]]),
            ],
        }
        .draw();
        assert_eq!(svg.matches("<circle").count(), 3);
        assert_eq!((svg.matches(">merge<").count(), svg.matches(">other<").count()), (1, 1));
        assert!(!svg.contains("absent") && !svg.contains("NaN"));
    }
}
