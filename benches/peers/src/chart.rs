//! A bar chart in SVG, readable on light and dark pages.

use std::fmt::Write as _;

/// Longer bars are cut, with an arrow: one peer is a hundred times slower than the rest.
const LONGEST: f64 = 20.0;
/// The start of the bars, and the length of the longest.
const LEFT: f64 = 250.0;
const WIDTH: f64 = 380.0;
/// The height of a row with its two bars.
const ROW: f64 = 38.0;

/// Two bars for each name, which the legend explains.
pub fn bars(title: &str, legend: [&str; 2], rows: &[(String, [f64; 2])]) -> String {
    let top = 78.0;
    let height = top + ROW * rows.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" width=\"720\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <style>text {{ fill: #24292f }} .b0 {{ fill: #8c959f }} .b1 {{ fill: #c4cad1 }} .o0 {{ fill: #0969da }} .o1 {{ fill: #80b4f0 }} \
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .b0 {{ fill: #8b949e }} .b1 {{ fill: #545b64 }} \
         .o0 {{ fill: #4493f8 }} .o1 {{ fill: #24548f }} }}</style>\n\
         <text x=\"10\" y=\"22\" font-weight=\"600\">{title}</text>\n",
    );
    let mut draw = |arguments: std::fmt::Arguments<'_>| {
        svg.write_fmt(arguments).expect("a string takes everything");
        svg.push('\n');
    };
    for (bar, text) in legend.iter().enumerate() {
        let y = 34 + 18 * bar;
        draw(format_args!("<rect class=\"b{bar}\" x=\"{LEFT}\" y=\"{y}\" width=\"13\" height=\"13\" rx=\"2\"/>"));
        draw(format_args!("<text x=\"{}\" y=\"{}\">{text}</text>", LEFT + 20.0, y + 11));
    }
    for (row, (name, values)) in rows.iter().enumerate() {
        let y = top + ROW * row as f64;
        draw(format_args!("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>", LEFT - 8.0, y + 19.0));
        let class = if name.starts_with("gupshup-groups") { 'o' } else { 'b' };
        for (bar, value) in values.iter().enumerate() {
            let y = y + 15.0 * bar as f64;
            let length = (value.clamp(0.0, LONGEST) / LONGEST * WIDTH).max(1.0);
            let cut = if *value > LONGEST { " →" } else { "" };
            draw(format_args!(
                "<rect class=\"{class}{bar}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.0}\" height=\"13\" rx=\"2\"/>"
            ));
            draw(format_args!(
                "<text x=\"{:.0}\" y=\"{}\" font-size=\"11\">{value:+.1}{cut}</text>",
                LEFT + length + 6.0,
                y + 11.0
            ));
        }
    }
    svg + "</svg>\n"
}
