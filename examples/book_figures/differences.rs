//! Chapter 3: the error of finite differences over the step size, the "V" between truncation and rounding.

use plotters::prelude::*;

/// Any smooth function with a derivative known by hand; of arithmetic alone, so that every machine draws the same.
fn f(x: f64) -> f64 {
    1.0 / (1.0 + x * x)
}

pub fn figure() -> String {
    let x = 0.7;
    let exact = -2.0 * x * f(x) * f(x);
    let steps = || std::iter::successors(Some(1.0), |h| (*h > 1e-15).then_some(h / 2.0));
    let error = |estimate: f64| ((estimate - exact) / exact).abs().max(1e-14);
    let forward: Vec<_> = steps().map(|h| (h, error((f(x + h) - f(x)) / h))).collect();
    let central: Vec<_> = steps().map(|h| (h, error((f(x + h) - f(x - h)) / (2.0 * h)))).collect();
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (560, 330)).into_drawing_area();
        let ink = RGBColor(122, 130, 140);
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d((1e-15..1.0).log_scale(), (1e-14..1.0).log_scale())
            .expect("a chart on a string");
        chart
            .configure_mesh()
            .x_desc("step h")
            .y_desc("relative error")
            .x_labels(6)
            .y_labels(8)
            .max_light_lines(0)
            .bold_line_style(ink.mix(0.2))
            .axis_style(ink)
            .label_style(("sans-serif", 13).into_font().color(&ink))
            .x_label_formatter(&|h| format!("{h:.0e}"))
            .y_label_formatter(&|e| format!("{e:.0e}"))
            .draw()
            .expect("a mesh on a string");
        for (points, color, name, at) in [
            (forward, RGBColor(214, 82, 60), "(f(x+h) − f(x)) / h", (2e-12, 3e-1)),
            (central, RGBColor(46, 134, 193), "(f(x+h) − f(x−h)) / 2h", (2e-12, 4e-2)),
        ] {
            chart.draw_series(LineSeries::new(points, color.stroke_width(2))).expect("a line on a string");
            let style = ("sans-serif", 14).into_font().color(&color);
            chart.draw_series([Text::new(name, at, style)]).expect("a label on a string");
        }
        area.present().expect("a string is written");
    }
    svg
}
