//! Amounts: a bar for each from 0, perhaps of several parts, and a mark where it should end.

use super::scale::Scale;
use super::svg::{Anchor, Colour, Stroke, Svg, text_width};

/// A bar plot.
pub struct BarPlot<'a> {
    /// What is shown.
    pub title: &'a str,
    /// What the axis means, with its unit.
    pub name: &'a str,
    /// What should not be exceeded, and how that is named.
    pub limit: (f64, &'a str),
    /// What the colours mean.
    pub legend: Vec<(&'a str, Colour)>,
    /// The bars from top to bottom.
    pub bars: Vec<Bar>,
}

/// One bar.
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Its parts from left to right, not negative.
    pub parts: Vec<(f64, Colour)>,
}

const WIDTH: f64 = 760.0;
const TOP: f64 = 82.0;
const ROW_HEIGHT: f64 = 25.0;
const BAR_HEIGHT: f64 = 15.0;

impl BarPlot<'_> {
    /// The picture.
    pub fn draw(&self) -> String {
        let bottom = TOP + self.bars.len() as f64 * ROW_HEIGHT;
        let names = self.bars.iter().map(|bar| text_width(&bar.name));
        let left = 28.0 + names.fold(0.0, f64::max);
        let sum = |bar: &Bar| bar.parts.iter().map(|(part, _)| part).sum::<f64>();
        let (limit, limit_name) = self.limit;
        let scale = Scale::linear(self.bars.iter().map(sum).chain([limit]), [left + 10.0, WIDTH - 70.0]);

        let mut svg = Svg::new(WIDTH, bottom + 48.0, self.title);
        for tick in scale.ticks() {
            let place = scale.place(tick);
            svg.line(Stroke::Grid, Colour::Grey, &[[place, TOP - 4.0], [place, bottom + 4.0]]);
            svg.note(Anchor::Middle, [place, bottom + 20.0], &tick.to_string());
        }
        svg.note(Anchor::Middle, [(left + WIDTH) / 2.0, bottom + 38.0], self.name);
        let mut at = 16.0;
        for (name, colour) in &self.legend {
            svg.bar(*colour, [at, 38.0], 11.0, 11.0);
            svg.text(*colour, Anchor::Start, [at + 17.0, 48.0], name);
            at += 36.0 + text_width(name);
        }
        for (bar, number) in self.bars.iter().zip(0u32..) {
            let middle = TOP + (f64::from(number) + 0.5) * ROW_HEIGHT;
            svg.name(Anchor::End, [left, middle + 4.0], &bar.name);
            let mut from = 0.0;
            for (part, colour) in &bar.parts {
                let [begin, end] = [from, from + part].map(|figure| scale.place(figure));
                svg.bar(*colour, [begin, middle - BAR_HEIGHT / 2.0], end - begin, BAR_HEIGHT);
                from += part;
            }
            // Right of the limit's line, where the two would meet.
            let (end, line) = (scale.place(from) + 6.0, scale.place(limit) + 6.0);
            let end = if end < line && end + 30.0 > line { line } else { end };
            svg.note(Anchor::Start, [end, middle + 4.0], &format!("{from:.1}"));
        }
        let place = scale.place(limit);
        svg.line(Stroke::Dashed, Colour::Pink, &[[place, TOP - 8.0], [place, bottom + 4.0]]);
        svg.text(Colour::Pink, Anchor::Middle, [place, TOP - 13.0], limit_name);
        svg.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_the_sum_of_its_parts() {
        let svg = BarPlot {
            title: "memory",
            name: "bytes",
            limit: (100.0, "target"),
            legend: vec![("state", Colour::Blue), ("index", Colour::Green)],
            bars: vec![Bar {
                name: "W(10)".into(),
                parts: vec![(40.0, Colour::Blue), (21.5, Colour::Green)],
            }],
        }
        .draw();
        assert!(svg.contains(">61.5<") && svg.contains(">W(10)<") && svg.contains(">target<"));
    }
}
