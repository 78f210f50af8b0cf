//! Pictures of several experiments: what each lever does, and how the error depends on what was swept.

use plotters::prelude::*;

use super::charts::{COLORS, INK, draw, short};

/// A name and a number for each of two series.
pub type Pair = (String, [Option<f64>; 2]);

/// The ends of an axis that holds some values, with a margin.
fn ends(values: impl Iterator<Item = f64>) -> Option<std::ops::Range<f64>> {
    let (low, high) =
        values.filter(|x| x.is_finite()).fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x), b.max(x)));
    let margin = if high > low { 0.06 * (high - low) } else { 0.5 * high.abs().max(1.0) };
    (low <= high).then_some(low - margin..high + margin)
}

/// A row for each name, from the top, and a dot for each of its two numbers. Dashed lines lead down from the first row:
/// what the others are compared with.
pub fn dots(rows: &[Pair]) -> String {
    let Some(x) = ends(rows.iter().flat_map(|(_, pair)| pair).flatten().copied()) else {
        return String::new();
    };
    let count = rows.len() as i32;
    draw(460, 44 + 24 * rows.len() as u32, |area| {
        let mut builder = ChartBuilder::on(area);
        builder.margin(8).x_label_area_size(26).y_label_area_size(165);
        let mut chart = builder.build_cartesian_2d(x, -1..count).ok()?;
        let name = |y: &i32| match usize::try_from(count - 1 - y) {
            Ok(row) if *y >= 0 => rows.get(row).map_or_else(String::new, |(name, _)| name.clone()),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .x_labels(6)
            .y_labels(rows.len() + 2)
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.12))
            .axis_style(INK.mix(0.5))
            .label_style(("sans-serif", 12).into_font().color(&INK))
            .x_label_formatter(&|x| short(*x))
            .y_label_formatter(&name)
            .draw()
            .ok()?;
        for (side, color) in COLORS.iter().take(2).enumerate() {
            if let Some(level) = rows[0].1[side] {
                let line = [(level, -1), (level, count)];
                chart.draw_series(DashedLineSeries::new(line, 5, 4, color.stroke_width(1))).ok()?;
            }
            let places = rows
                .iter()
                .enumerate()
                .filter_map(|(row, (_, pair))| Some((pair[side]?, count - 1 - row as i32)));
            chart.draw_series(places.map(|place| Circle::new(place, 5, color.filled()))).ok()?;
        }
        Some(())
    })
}

/// A number with its deviation, at a place along an axis.
pub struct Dot {
    /// Which of the axis' values.
    pub place: usize,
    /// The number.
    pub mean: f64,
    /// How far single runs lie from it.
    pub deviation: Option<f64>,
}

/// Numbers over the values of a setting, in the order of the values.
pub fn over_values(values: &[String], dots: &[Dot]) -> String {
    let high = |dot: &Dot| dot.mean + dot.deviation.unwrap_or(0.0);
    let low = |dot: &Dot| dot.mean - dot.deviation.unwrap_or(0.0);
    let Some(y) = ends(dots.iter().flat_map(|dot| [low(dot), high(dot)])) else { return String::new() };
    let count = values.len() as i32;
    draw(400, 230, |area| {
        let mut builder = ChartBuilder::on(area);
        builder.margin(8).x_label_area_size(24).y_label_area_size(52);
        let mut chart = builder.build_cartesian_2d(-1..count, y).ok()?;
        let value =
            |x: &i32| usize::try_from(*x).ok().and_then(|x| values.get(x)).cloned().unwrap_or_default();
        chart
            .configure_mesh()
            .x_labels(if count <= 8 { values.len() + 2 } else { 6 })
            .y_labels(5)
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.12))
            .axis_style(INK.mix(0.5))
            .label_style(("sans-serif", 12).into_font().color(&INK))
            .x_label_formatter(&value)
            .y_label_formatter(&|y| short(*y))
            .draw()
            .ok()?;
        for dot in dots.iter().filter(|dot| dot.mean.is_finite()) {
            let (x, color) = (dot.place as i32, COLORS[1]);
            chart
                .draw_series([PathElement::new([(x, low(dot)), (x, high(dot))], color.stroke_width(2))])
                .ok()?;
            chart.draw_series([Circle::new((x, dot.mean), 4, color.filled())]).ok()?;
        }
        Some(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of circles of this radius: (x, y).
    fn circles(svg: &str, radius: u32) -> Vec<(i32, i32)> {
        let number = |tag: &str, name: &str| -> i32 {
            let from = tag.split(&format!("{name}=\"")).nth(1).expect("an attribute");
            from.split('"').next().and_then(|x| x.parse().ok()).expect("a number")
        };
        let all = svg.split("<circle").skip(1).filter(|tag| number(tag, " r") == radius as i32);
        all.map(|tag| (number(tag, "cx"), number(tag, "cy"))).collect()
    }

    #[test]
    fn a_lever_lies_where_its_numbers_say_the_first_row_on_top() {
        let row = |name: &str, a, b| (name.to_owned(), [a, b]);
        let svg = dots(&[row("all", Some(1.0), Some(3.0)), row("rate", Some(2.0), None)]);
        let found = circles(&svg, 5);
        let [(a, top), (b, below), (c, also)] = found[..] else { panic!("three numbers: {found:?}") };
        assert!(top < below && top == also, "{found:?}");
        assert!((b - a - (c - b)).abs() <= 1 && a < b, "1, 2 and 3 lie evenly: {found:?}");
        assert!(svg.contains("rate") && svg.contains("all"));
        assert_eq!(dots(&[row("none", None, None)]), "");
    }

    #[test]
    fn values_of_a_setting_lie_in_their_order_and_smaller_errors_lower() {
        let values = ["256", "512", "1024"].map(str::to_owned);
        let dot = |place, mean| Dot { place, mean, deviation: Some(0.01) };
        let svg = over_values(&values, &[dot(2, 0.1), dot(0, 0.3), dot(1, 0.2)]);
        let found = circles(&svg, 4);
        assert!(found[1].0 < found[2].0 && found[2].0 < found[0].0, "{found:?}");
        assert!(found[0].1 > found[2].1 && found[2].1 > found[1].1, "y grows downward: {found:?}");
        assert!(values.iter().all(|value| svg.contains(value.as_str())));
    }
}
