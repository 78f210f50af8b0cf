//! Chapter 9: the measured table of the levers as a drawing.

use std::{fs, path::Path};

use crate::plane::{BLUE, GREEN, GREY, Svg};

/// Name, share of codes alive, and error, out of the rows that the example `levers` has printed.
fn rows() -> Vec<(String, f64, f64)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/measurements.md");
    let page = fs::read_to_string(page).expect("the book is there");
    let table = page.lines().skip_while(|line| !line.starts_with("lever ")).skip(1);
    let number = |text: &str| text.trim_end_matches('%').parse::<f64>().expect("a number");
    let row = |line: &str| {
        let (name, rest) = line.split_at_checked(22)?;
        let columns: Vec<f64> = rest.split_whitespace().map(number).collect();
        Some((name.trim().to_owned(), columns[0], columns[2]))
    };
    table.map_while(row).collect()
}

pub fn figure() -> String {
    let rows = rows();
    let mut svg = Svg::new(700.0, 34.0 + 20.0 * rows.len() as f64);
    svg.text([170.0, 14.0], "start", "codes alive, %");
    svg.text([440.0, 14.0], "start", "error");
    let worst = rows.iter().map(|row| row.2).fold(0.0, f64::max);
    for (i, (name, alive, error)) in rows.iter().enumerate() {
        let y = 26.0 + 20.0 * i as f64;
        svg.text([158.0, y + 11.0], "end", name);
        for (left, share, color, label) in [
            (170.0, alive / 100.0, GREEN, format!("{alive:.0}")),
            (440.0, error / worst, BLUE, format!("{error:.2}")),
        ] {
            let color = if i == 0 { GREY } else { color };
            let [right, bottom] = [left + 200.0 * share, y + 14.0];
            let corners = [[left, y], [right, y], [right, bottom], [left, bottom]];
            svg.path(&corners, &format!("fill=\"{color}\" fill-opacity=\"0.8\""));
            svg.text([right + 6.0, y + 11.0], "start", &label);
        }
    }
    svg.finish()
}
