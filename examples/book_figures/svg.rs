//! Diagrams as SVG text: boxes, arrows and words, in grays and colors that show on light and on dark paper.

use std::fmt::Write;

/// The color of lines and words.
pub const INK: &str = "#7a828c";
/// A color to stress something.
pub const RED: &str = "#d6523c";
/// Another.
pub const BLUE: &str = "#2e86c1";

/// A drawing in the making.
pub struct Drawing {
    width: i32,
    height: i32,
    body: String,
}

impl Drawing {
    pub fn new(width: i32, height: i32) -> Self {
        Self { width, height, body: String::new() }
    }

    /// A rectangle with rounded corners around the point.
    pub fn rect(&mut self, [x, y]: [i32; 2], [w, h]: [i32; 2], round: i32, color: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{round}\" fill=\"{color}\" \
             fill-opacity=\"0.15\" stroke=\"{color}\"/>"
        );
    }

    /// Words whose middle is at the point.
    pub fn text(&mut self, [x, y]: [i32; 2], text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>");
    }

    /// A line with an arrowhead.
    pub fn arrow(&mut self, from: [i32; 2], to: [i32; 2]) {
        self.colored_arrow(from, to, INK);
    }

    pub fn colored_arrow(&mut self, from: [i32; 2], to: [i32; 2], color: &str) {
        let line = format!("fill=\"none\" stroke=\"{color}\"");
        let [from, to] = [from, to].map(|point| point.map(f64::from));
        let _ = writeln!(self.body, "{}", arrow(from, to, 9.0, &line, color));
    }

    /// The finished file.
    pub fn finish(self) -> String {
        let Self { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             font-family=\"monospace\" font-size=\"13\" fill=\"{INK}\">\n{body}</svg>\n"
        )
    }
}

/// The path of a line with the attributes `line`, and of a head as long as `head` in its color.
pub fn arrow([x, y]: [f64; 2], [u, v]: [f64; 2], head: f64, line: &str, color: &str) -> String {
    let length = (u - x).hypot(v - y);
    let [a, b] = [(u - x) / length * head, (v - y) / length * head];
    let corner = |side: f64| format!("{:.1} {:.1}", u - a + side * b, v - b - side * a);
    let (left, right) = (corner(0.4), corner(-0.4));
    format!(
        "<path d=\"M{x:.1} {y:.1}L{u:.1} {v:.1}\" {line}/>\n\
         <path d=\"M{u:.1} {v:.1}L{left}L{right}z\" fill=\"{color}\"/>"
    )
}
