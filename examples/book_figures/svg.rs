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
    pub fn arrow(&mut self, [x, y]: [i32; 2], [u, v]: [i32; 2]) {
        let _ = writeln!(
            self.body,
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{u}\" y2=\"{v}\" stroke=\"{INK}\" marker-end=\"url(#head)\"/>"
        );
    }

    /// The finished file.
    pub fn finish(self) -> String {
        let Self { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             font-family=\"monospace\" font-size=\"13\" fill=\"{INK}\">\n\
             <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>\n{body}</svg>\n"
        )
    }
}
