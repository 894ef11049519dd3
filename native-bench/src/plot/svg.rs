//! A picture: elements are added one after another, later ones above earlier ones.
//!
//! It has a background of its own, light or dark as the reader's system is, so that it is readable wherever it is shown. Text is as
//! wide as the reader's font makes it: whoever places text leaves room for [`text_width`].

use std::fmt::Write;

/// A point, in pixels from the upper left corner.
pub type Point = [f64; 2];

/// Where a text's point is.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// At its beginning.
    Start,
    /// In its middle.
    Middle,
    /// At its end.
    End,
}

/// The colours, which have a light and a dark shade each. A class of this name is in the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// The first.
    Blue,
    /// The second.
    Orange,
    /// The third.
    Green,
    /// The fourth.
    Purple,
    /// The fifth.
    Pink,
    /// For what is there to compare with.
    Grey,
}

impl Colour {
    /// The colours for what is shown in its own right, in their order.
    pub const OWN: [Self; 3] = [Self::Blue, Self::Orange, Self::Green];

    fn class(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Orange => "orange",
            Self::Green => "green",
            Self::Purple => "purple",
            Self::Pink => "pink",
            Self::Grey => "grey",
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Through the points of what is shown in its own right.
    Strong,
    /// Through those of another library.
    Thin,
    /// Through those of a limit.
    Dashed,
    /// Behind everything, to guide the eye.
    Grid,
}

impl Stroke {
    fn class(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Thin => "thin",
            Self::Dashed => "dashed",
            Self::Grid => "grid",
        }
    }
}

const STYLE: &str = "\
text{font:12px system-ui,-apple-system,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif;fill:currentColor;stroke:none}\
.title{font-weight:600;font-size:14px}.ink{color:#1f2328}.soft{color:#59636e}\
.strong,.thin,.dashed,.grid{fill:none;stroke:currentColor;stroke-linejoin:round;stroke-linecap:round}\
.strong{stroke-width:2.5}.thin{stroke-width:1.25}.dashed{stroke-width:1.5;stroke-dasharray:5 4}\
.grid{color:#e4e8ec;stroke-width:1}.fill{fill:currentColor}\
.back{fill:#fff;stroke:#d1d9e0}\
.blue{color:#0969da}.orange{color:#bc4c00}.green{color:#1a7f37}.purple{color:#8250df}.pink{color:#bf3989}.grey{color:#6e7781}\
@media(prefers-color-scheme:dark){.ink{color:#f0f6fc}.soft{color:#9198a1}.grid{color:#2a313c}\
.back{fill:#0d1117;stroke:#3d444d}\
.blue{color:#4493f8}.orange{color:#f0883e}.green{color:#3fb950}.purple{color:#ab7df8}.pink{color:#db61a2}.grey{color:#9198a1}}";

/// A picture that is being drawn.
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    /// An empty picture with a title.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Self { width, height, body: String::new() };
        svg.push(&format!("<title>{}</title>", escaped(title)));
        let (inner_width, inner_height) = (width - 1.0, height - 1.0);
        svg.push(&format!(
            r#"<rect class="back" x="0.5" y="0.5" width="{inner_width}" height="{inner_height}" rx="6"/>"#
        ));
        svg.text_of_class("ink title", Anchor::Start, [16.0, 25.0], title);
        svg
    }

    /// A line through points.
    pub fn line(&mut self, stroke: Stroke, colour: Colour, points: &[Point]) {
        let mut path = String::new();
        for (at, [x, y]) in points.iter().enumerate() {
            let command = if at == 0 { 'M' } else { 'L' };
            write!(path, "{command}{x:.1} {y:.1}").expect("writing to a string succeeds");
        }
        // What guides the eye has one colour of its own.
        let colour = if stroke == Stroke::Grid { "" } else { colour.class() };
        self.push(&format!(r#"<path class="{} {colour}" d="{path}"/>"#, stroke.class()));
    }

    /// A filled circle.
    pub fn dot(&mut self, colour: Colour, [x, y]: Point, radius: f64) {
        self.push(&format!(
            r#"<circle class="fill {}" cx="{x:.1}" cy="{y:.1}" r="{radius:.1}"/>"#,
            colour.class()
        ));
    }

    /// A filled rectangle with that upper left corner, its ends slightly rounded.
    pub fn bar(&mut self, colour: Colour, [x, y]: Point, width: f64, height: f64) {
        let class = colour.class();
        self.push(&format!(
            r#"<rect class="fill {class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="1.5"/>"#
        ));
    }

    /// Text in a colour.
    pub fn text(&mut self, colour: Colour, anchor: Anchor, at: Point, text: &str) {
        self.text_of_class(colour.class(), anchor, at, text);
    }

    /// Text that explains: axes, units, figures.
    pub fn note(&mut self, anchor: Anchor, at: Point, text: &str) {
        self.text_of_class("soft", anchor, at, text);
    }

    /// Text that names what is shown.
    pub fn name(&mut self, anchor: Anchor, at: Point, text: &str) {
        self.text_of_class("ink", anchor, at, text);
    }

    fn text_of_class(&mut self, class: &str, anchor: Anchor, [x, y]: Point, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.push(&format!(
            r#"<text class="{class}" text-anchor="{anchor}" x="{x:.1}" y="{y:.1}">{text}</text>"#
        ));
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// The file.
    pub fn finish(self) -> String {
        let Self { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\">\n<style>{STYLE}</style>\n{body}</svg>\n"
        )
    }
}

/// How wide a text is at most, in the fonts of the style sheet.
pub fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * 6.6
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out_of_its_element() {
        let mut svg = Svg::new(100.0, 50.0, "a < b & \"c\"");
        svg.name(Anchor::Start, [1.0, 2.0], "</text><script>");
        let file = svg.finish();
        assert!(file.contains("<title>a &lt; b &amp; &quot;c&quot;</title>"));
        assert!(!file.contains("<script>"));
    }

    #[test]
    fn coordinates_are_rounded_so_that_pictures_do_not_flicker() {
        let mut svg = Svg::new(100.0, 50.0, "t");
        svg.line(Stroke::Thin, Colour::Blue, &[[1.0 / 3.0, 2.0], [3.04, 4.0]]);
        assert!(svg.finish().contains(r#"<path class="thin blue" d="M0.3 2.0L3.0 4.0"/>"#));
    }
}
