//! The first table of `BENCHMARKS.md` as a bar chart in SVG, readable on light and dark pages.

use std::fmt::Write as _;

/// Longer bars are cut, with an arrow: one peer is a hundred times slower than the rest.
const LONGEST: f64 = 20.0;
/// The start of the bars, and the length of the longest.
const LEFT: f64 = 250.0;
const WIDTH: f64 = 380.0;
/// The height of a row with its two bars.
const ROW: f64 = 38.0;

/// Draws `benches/walk.svg`, so that chart and table are of the same run.
pub fn draw() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let text = std::fs::read_to_string(format!("{folder}/BENCHMARKS.md")).expect("the tables");
    let table = text
        .lines()
        .skip_while(|line| !line.starts_with("| walk, pages of 1024"))
        .take_while(|line| line.starts_with('|'));
    let mut rows: Vec<_> = table.filter_map(row).collect();
    assert!(!rows.is_empty(), "no table of the walk in BENCHMARKS.md");
    rows.sort_by(|(_, this), (_, that)| this[0].total_cmp(&that[0]));
    let title = "Nanoseconds a group over a nested loop, pages of 1024, each id read";
    let legend = ["1,000,000 groups in memory", "8 pages that stay in the cache"];
    std::fs::write(format!("{folder}/benches/walk.svg"), bars(title, legend, &rows)).expect("the chart can be written");
}

/// A name, and its figures with each id read. The header and the baseline have none.
fn row(line: &str) -> Option<(String, [f64; 2])> {
    let cells: Vec<_> = line.split('|').map(str::trim).collect();
    let [_, name, _, in_memory, _, in_the_cache, _] = cells[..] else { return None };
    Some((name.replace('`', ""), [in_memory.parse().ok()?, in_the_cache.parse().ok()?]))
}

/// Two bars for each name, which the legend explains.
fn bars(title: &str, legend: [&str; 2], rows: &[(String, [f64; 2])]) -> String {
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
