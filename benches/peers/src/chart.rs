//! A bar chart in SVG, readable on light and dark pages.

use std::fmt::Write as _;

/// Bars longer than this are cut, and say so by an arrow: one peer is a hundred times as slow as the rest.
const LONGEST: f64 = 20.0;

pub fn bars(title: &str, bars: &[(String, f64)]) -> String {
    const ROW: usize = 26;
    const LEFT: usize = 250;
    const WIDTH: f64 = 380.0;
    let height = 44 + ROW * bars.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" width=\"720\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <style>text {{ fill: #24292f }} .b {{ fill: #8c959f }} .o {{ fill: #0969da }} \
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .b {{ fill: #6e7681 }} .o {{ fill: #4493f8 }} }}</style>\n\
         <text x=\"10\" y=\"22\" font-weight=\"600\">{title}</text>\n",
    );
    for (row, (name, value)) in bars.iter().enumerate() {
        let y = 38 + ROW * row;
        let length = (value.clamp(0.0, LONGEST) / LONGEST * WIDTH).max(1.0);
        let class = if name.starts_with("gupshup-groups") { "o" } else { "b" };
        let cut = if *value > LONGEST { " →" } else { "" };
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.0}\" height=\"18\" rx=\"2\"/>\
             <text x=\"{:.0}\" y=\"{}\">{value:+.1}{cut}</text>\n",
            LEFT - 8,
            y + 14,
            LEFT as f64 + length + 6.0,
            y + 14,
        );
    }
    svg + "</svg>\n"
}
