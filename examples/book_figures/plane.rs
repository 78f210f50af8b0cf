//! A little SVG: points, cells and curves. Grey text and no background, so that it reads on light and on dark pages.

use std::fmt::Write as _;

use gradbook::autograd::Tensor;

use crate::svg;

pub const GREY: &str = "#808080";
pub const BLUE: &str = "#3f8fd2";
pub const ORANGE: &str = "#e07b28";
pub const GREEN: &str = "#4aa564";
pub const RED: &str = "#d0463f";

/// A drawing of some width and height in pixels.
pub struct Svg {
    size: [f64; 2],
    body: String,
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Self {
        Self { size: [width, height], body: String::new() }
    }

    fn add(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.body, "{line}").expect("a string can be written");
    }

    pub fn text(&mut self, [x, y]: [f64; 2], anchor: &str, text: &str) {
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"));
    }

    /// Text in the color of a curve.
    pub fn label(&mut self, [x, y]: [f64; 2], color: &str, text: &str) {
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" style=\"fill:{color}\">{text}</text>"));
    }

    pub fn circle(&mut self, [x, y]: [f64; 2], radius: f64, color: &str, opacity: f64) {
        self.add(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{color}\" fill-opacity=\"{opacity}\"/>"
        ));
    }

    pub fn square(&mut self, [x, y]: [f64; 2], side: f64, color: &str, opacity: f64) {
        self.add(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side}\" height=\"{side}\" fill=\"{color}\" fill-opacity=\"{opacity:.2}\"/>"
        ));
    }

    pub fn path(&mut self, points: &[[f64; 2]], style: &str) {
        let mut d = String::new();
        for (i, [x, y]) in points.iter().enumerate() {
            write!(d, "{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" }).expect("a string can be written");
        }
        self.add(format_args!("<path d=\"{d}\" {style}/>"));
    }

    pub fn curve(&mut self, points: &[[f64; 2]], color: &str, dash: &str) {
        let style =
            format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"");
        self.path(points, &style);
    }

    /// A straight line with a head, between two places of the drawing.
    pub fn arrow(&mut self, from: [f64; 2], to: [f64; 2], color: &str) {
        let line = format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\"");
        self.add(format_args!("{}", svg::arrow(from, to, 6.0, &line, color)));
    }

    pub fn finish(self) -> String {
        let [w, h] = self.size;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
             font-family=\"sans-serif\" font-size=\"13\" fill=\"{GREY}\">\n{}</svg>\n",
            self.body
        )
    }
}

/// A square panel that shows [−range, range]².
#[derive(Clone, Copy)]
pub struct Panel {
    pub corner: [f64; 2],
    pub side: f64,
    pub range: f64,
}

impl Panel {
    /// Where a point lies in the drawing.
    pub fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let scale = self.side / (2.0 * self.range);
        [self.corner[0] + (x + self.range) * scale, self.corner[1] + (self.range - y) * scale]
    }

    pub fn title(&self, svg: &mut Svg, text: &str) {
        svg.text([self.corner[0] + self.side / 2.0, self.corner[1] - 8.0], "middle", text);
    }

    fn holds(&self, p: [f64; 2]) -> bool {
        p.iter().all(|x| x.abs() <= self.range)
    }

    /// Small grey dots.
    pub fn points(&self, svg: &mut Svg, rows: &[[f64; 2]]) {
        rows.iter().filter(|p| self.holds(**p)).for_each(|&p| svg.circle(self.at(p), 1.3, GREY, 0.5));
    }

    /// The Voronoi cells of codes, those in use drawn bolder.
    pub fn cells(&self, svg: &mut Svg, codes: &[[f64; 2]], used: impl Fn(usize) -> bool) {
        for k in 0..codes.len() {
            let cell: Vec<_> = self.cell(codes, k).into_iter().map(|p| self.at(p)).collect();
            if cell.len() > 2 {
                svg.path(
                    &[&cell[..], &cell[..1]].concat(),
                    &format!("fill=\"none\" stroke=\"{GREY}\" stroke-width=\"0.7\""),
                );
            }
        }
        for (k, &e) in codes.iter().enumerate().filter(|(_, e)| self.holds(**e)) {
            let (radius, color) = if used(k) { (4.0, ORANGE) } else { (2.5, RED) };
            svg.circle(self.at(e), radius, color, 1.0);
        }
    }

    /// The part of the panel that is nearer to code k than to any other: the square, cut by one half-plane per code.
    fn cell(&self, codes: &[[f64; 2]], k: usize) -> Vec<[f64; 2]> {
        let r = self.range;
        let mut cell = vec![[-r, -r], [r, -r], [r, r], [-r, r]];
        let square = |[x, y]: [f64; 2]| x * x + y * y;
        for (_, &other) in codes.iter().enumerate().filter(|(j, _)| *j != k) {
            let [a, b] = [other[0] - codes[k][0], other[1] - codes[k][1]];
            // ‖p − e_k‖² ≤ ‖p − e_j‖²  ⇔  beyond(p) ≤ 0
            let beyond = |p: [f64; 2]| 2.0 * (a * p[0] + b * p[1]) - square(other) + square(codes[k]);
            let mut rest = Vec::new();
            for i in 0..cell.len() {
                let (p, q) = (cell[i], cell[(i + 1) % cell.len()]);
                let (f, g) = (beyond(p), beyond(q));
                if f <= 0.0 {
                    rest.push(p);
                }
                if f * g < 0.0 {
                    let t = f / (f - g);
                    rest.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
                }
            }
            cell = rest;
        }
        cell
    }
}

/// Axes for curves: plain along x, plain or logarithmic along y.
pub struct Axes {
    pub corner: [f64; 2],
    pub size: [f64; 2],
    pub x: [f64; 2],
    pub y: [f64; 2],
    pub log: bool,
}

impl Axes {
    pub fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let scale = |v: f64| if self.log { v.ln() } else { v };
        let along = |v: f64, [from, to]: [f64; 2]| (v - from) / (to - from);
        let up = along(scale(y), self.y.map(scale)).clamp(0.0, 1.0);
        [self.corner[0] + self.size[0] * along(x, self.x), self.corner[1] + self.size[1] * (1.0 - up)]
    }

    /// The frame, with numbers at the given places.
    pub fn frame(&self, svg: &mut Svg, xs: &[f64], ys: &[f64], names: [&str; 2]) {
        let [left, top, right, bottom] =
            [self.corner[0], self.corner[1], self.corner[0] + self.size[0], self.corner[1] + self.size[1]];
        let style = format!("fill=\"none\" stroke=\"{GREY}\"");
        svg.path(&[[left, top], [left, bottom], [right, bottom]], &style);
        for &x in xs {
            svg.text([self.at([x, self.y[0]])[0], bottom + 17.0], "middle", &x.to_string());
        }
        for &y in ys {
            svg.text([left - 6.0, self.at([self.x[0], y])[1] + 4.0], "end", &y.to_string());
        }
        svg.text([(left + right) / 2.0, bottom + 36.0], "middle", names[0]);
        svg.text([left - 6.0, top - 10.0], "start", names[1]);
    }

    pub fn curve(&self, svg: &mut Svg, points: &[[f64; 2]], color: &str, dash: &str) {
        svg.curve(&points.iter().map(|&p| self.at(p)).collect::<Vec<_>>(), color, dash);
    }
}

/// The rows of a tensor `[row, 2]`.
pub fn pairs(rows: &Tensor<f64>) -> Vec<[f64; 2]> {
    rows.as_slice().chunks_exact(2).map(|row| [row[0], row[1]]).collect()
}
