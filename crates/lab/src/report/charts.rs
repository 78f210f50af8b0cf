//! The report's drawings, as SVG text that takes its ink from the page so that light and dark both work.

use plotters::prelude::*;

use super::CodebookMap;

/// Stands for the page's text color until the drawing is done.
pub const INK: RGBColor = RGBColor(1, 2, 3);
const INK_HEX: &str = "#010203";

/// One color per run, told apart on light and on dark ground.
pub const COLORS: [RGBColor; 8] = [
    RGBColor(214, 82, 60),
    RGBColor(46, 134, 193),
    RGBColor(39, 160, 96),
    RGBColor(180, 130, 30),
    RGBColor(142, 90, 190),
    RGBColor(20, 150, 160),
    RGBColor(205, 80, 150),
    RGBColor(120, 130, 140),
];

/// The color of run `i` in CSS.
pub fn css(i: usize) -> String {
    let RGBColor(r, g, b) = COLORS[i % COLORS.len()];
    format!("rgb({r},{g},{b})")
}

/// A curve of one run.
pub struct Curve {
    /// The run's position, which gives its color.
    pub run: usize,
    /// (step, value)
    pub points: Vec<(f64, f64)>,
}

/// A logarithmic axis wants at least this factor between its ends: with less it shows no more than one power of ten.
const DECADES: f64 = 30.0;

/// Curves of several runs over training steps; `log` for quantities that may fall by powers of ten. A single point is a
/// run without training: a level for the others to reach.
pub fn curves(curves: &[Curve], log: bool) -> String {
    let points = || curves.iter().flat_map(|c| &c.points).filter(|p| p.1.is_finite() && (!log || p.1 > 0.0));
    let Some(last) = points().map(|p| p.0).reduce(f64::max) else { return String::new() };
    let (low, high) = points().fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(p.1), high.max(p.1)));
    let level = if high == 0.0 { 1.0 } else { 0.5 * high.abs() };
    let margin = if high > low { 0.06 * (high - low) } else { level };
    let log = log && high > DECADES * low;
    draw(400, 230, |area| {
        let mut builder = ChartBuilder::on(area);
        builder.margin(8).x_label_area_size(24).y_label_area_size(52);
        let x = 0.0..last.max(1.0);
        if log {
            let chart = builder.build_cartesian_2d(x, (low * 0.93..high * 1.07).log_scale()).ok()?;
            series(chart, curves, log)
        } else {
            let floor = if low >= 0.0 { (low - margin).max(0.0) } else { low - margin };
            series(builder.build_cartesian_2d(x, floor..high + margin).ok()?, curves, log)
        }
    })
}

/// Axes and lines of a prepared chart.
fn series<Y>(
    mut chart: ChartContext<SVGBackend, Cartesian2d<plotters::coord::types::RangedCoordf64, Y>>,
    curves: &[Curve],
    log: bool,
) -> Option<()>
where
    Y: Ranged<ValueType = f64> + plotters::coord::ranged1d::ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .x_labels(5)
        .y_labels(5)
        .max_light_lines(0)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK.mix(0.5))
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .draw()
        .ok()?;
    for curve in curves {
        let shown = curve.points.iter().copied().filter(|p| p.1.is_finite() && (!log || p.1 > 0.0));
        let style = COLORS[curve.run % COLORS.len()].stroke_width(2);
        match curve.points.as_slice() {
            [(_, level)] if level.is_finite() => {
                let ends =
                    [chart.as_coord_spec().get_x_range().start, chart.as_coord_spec().get_x_range().end];
                let line = ends.map(|x| (x, *level));
                chart.draw_series(DashedLineSeries::new(line, 5, 4, style)).ok()?;
            }
            _ => {
                chart.draw_series(LineSeries::new(shown, style)).ok()?;
            }
        }
    }
    Some(())
}

/// How often each code is used, most used first, on a logarithmic scale; codes never used leave a gap at the right.
pub fn usage(counts: &[u64], run: usize) -> String {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let top = sorted.first().copied().unwrap_or(0).max(2) as f64;
    draw(460, 300, |area| {
        let mut builder = ChartBuilder::on(area);
        builder.margin(8).x_label_area_size(24).y_label_area_size(52);
        let mut chart =
            builder.build_cartesian_2d(0.0..sorted.len() as f64, (0.5..top * 1.2).log_scale()).ok()?;
        chart
            .configure_mesh()
            .x_labels(5)
            .y_labels(4)
            .max_light_lines(0)
            .disable_x_mesh()
            .bold_line_style(INK.mix(0.12))
            .axis_style(INK.mix(0.5))
            .label_style(("sans-serif", 12).into_font().color(&INK))
            .x_label_formatter(&|x| short(*x))
            .y_label_formatter(&|y| short(*y))
            .draw()
            .ok()?;
        let bars = sorted.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, &n)| {
            let corners = [(i as f64, 0.5), (i as f64 + 1.0, n as f64)];
            Rectangle::new(corners, COLORS[run % COLORS.len()].filled())
        });
        chart.draw_series(bars).ok()?;
        Some(())
    })
}

/// Codes among latents in the latents' two principal axes: used codes filled, unused ones hollow.
pub fn map(map: &CodebookMap, run: usize) -> String {
    let all = || map.alive.iter().chain(&map.dead).chain(&map.latents);
    let reach = all().flatten().filter(|x| x.is_finite()).fold(1e-6f64, |m, x| m.max(x.abs())) * 1.05;
    draw(460, 300, |area| {
        let mut builder = ChartBuilder::on(area);
        // The same scale on both axes; the first is the one with the larger spread.
        let high = reach * 300.0 / 460.0;
        let [wide, high] =
            if all().all(|p| p[1].abs() <= high) { [reach, high] } else { [reach / high * reach, reach] };
        let mut chart = builder.margin(8).build_cartesian_2d(-wide..wide, -high..high).ok()?;
        let dot = |p: &[f64; 2], radius: u32, style: ShapeStyle| Circle::new((p[0], p[1]), radius, style);
        chart.draw_series(map.latents.iter().map(|p| dot(p, 1, INK.mix(0.25).filled()))).ok()?;
        chart.draw_series(map.dead.iter().map(|p| dot(p, 3, INK.mix(0.6).stroke_width(1)))).ok()?;
        let color = COLORS[run % COLORS.len()];
        chart.draw_series(map.alive.iter().map(|p| dot(p, 3, color.filled()))).ok()?;
        Some(())
    })
}

/// An SVG element with the drawing, or nothing if it cannot be drawn (no data).
pub fn draw(
    width: u32,
    height: u32,
    paint: impl FnOnce(&DrawingArea<SVGBackend, plotters::coord::Shift>) -> Option<()>,
) -> String {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        paint(&area).is_some() && area.present().is_ok()
    };
    if drawn { svg.replace(INK_HEX, "currentColor") } else { String::new() }
}

/// A label of few characters: 1200 is 1.2k.
pub fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        m if m >= 1e6 => format!("{}M", trim(x / 1e6)),
        m if m >= 1e3 => format!("{}k", trim(x / 1e3)),
        m if m >= 0.01 => trim(x),
        _ => format!("{x:.0e}"),
    }
}

fn trim(x: f64) -> String {
    let text = if x.abs() >= 100.0 { format!("{x:.0}") } else { format!("{x:.3}") };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
