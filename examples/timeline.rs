//! Charts when an app's groups were created, in the terminal and in an SVG file.
//!
//! ```sh
//! cargo run --example timeline -- --demo             # writes the chart beside the program: target/debug/examples/timeline.svg
//! cargo run --example timeline -- --demo chart.svg
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example timeline
//! ```
//!
//! With `--demo` it lists a demo server, and prints:
//!
//! ```text
//! 2023-07 ██▌ 6
//! 2023-08 ███▊ 9
//! 2023-09 ███▍ 8
//! 2023-10 █████▊ 14
//! 2023-11 ███████▊ 19
//! 2023-12 ███████ 17
//! 2024-01 █████████▍ 23
//! 2024-02 █████ 12
//! 2024-03 ████████████▋ 31
//! 2024-04 ███████████████▌ 38
//! 2024-05 ██████████████████▍ 45
//! 2024-06 ███████████▉ 29
//! 2024-07 ████████████████▊ 41
//! 2024-08 █████████████████████▎ 52
//! 2024-09 ████████████████████████▌ 60
//! 2024-10 ███████████████████████▎ 57
//! 2024-11 █████████████████████████████ 71
//! 2024-12 ██████████████████████████▉ 66
//! 2025-01 ████████████████████████████████▎ 79
//! 2025-02 ███████████████████▋ 48
//! 2025-03 █████████████████████████████████████▌ 92
//! 2025-04 ██████████████████████████████████████████▍ 104
//! 2025-05 ████████████████████████████████████████████████ 118
//! 2025-06 ██████████████████████████████▏ 74 (until 2025-06-28)
//! 1113 groups
//! ```
//!
//! With the two variables it lists your app. A bar is a day, a month or a year (UTC), depending on the range of dates.

mod demo;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::{env, fs};

use futures::TryStreamExt;
use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = match env::args_os().skip(1).find(|argument| argument != "--demo") {
        Some(path) => PathBuf::from(path),
        None => env::current_exe()?.with_file_name("timeline.svg"),
    };
    let (app, _demo) = demo::app_or_demo(FakeGroups::new(demo_list()?))?;
    // An error ends the program, so the chart never shows a part of the list.
    let groups: Vec<Group> = app.stream().try_collect().await?;

    let days = groups.iter().map(created).collect::<Result<Vec<Date>, _>>()?;
    let bars = bars(&days);
    print_bars(&bars);
    fs::write(&path, svg(&bars)?).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("the chart is in {}", path.display());
    Ok(())
}

/// The day (UTC) on which a group was created.
fn created(group: &Group) -> Result<Date, jiff::Error> {
    Ok(Timestamp::from_second(group.creation_timestamp)?.to_zoned(TimeZone::UTC).date())
}

/// The time span of a bar.
#[derive(Clone, Copy)]
enum Unit {
    Day,
    Month,
    Year,
}

impl Unit {
    /// The shortest span whose bars fit in the chart.
    fn for_days(days: i32) -> Self {
        match days {
            ..=45 => Self::Day,
            46..=1_500 => Self::Month,
            1_501.. => Self::Year,
        }
    }

    fn first_day(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Month => day.first_of_month(),
            Self::Year => day.first_of_year(),
        }
    }

    fn next(self, day: Date) -> Date {
        day.saturating_add(match self {
            Self::Day => 1.day(),
            Self::Month => 1.month(),
            Self::Year => 1.year(),
        })
    }

    fn label(self, day: Date) -> String {
        let text = day.to_string();
        match self {
            Self::Day => text,
            Self::Month => text[..text.len() - 3].to_owned(),
            Self::Year => text[..text.len() - 6].to_owned(),
        }
    }
}

struct Bar {
    label: String,
    count: u32,
    /// The day of the last group, if the bar's time span goes on after it.
    until: Option<Date>,
}

impl Bar {
    /// Says that the bar is of a part of its time span.
    fn part(&self) -> String {
        self.until.map_or_else(String::new, |day| format!(" (until {day})"))
    }
}

/// The bars from the first day to the last, including empty ones.
fn bars(days: &[Date]) -> Vec<Bar> {
    let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else { return Vec::new() };
    let unit = Unit::for_days(last.since(*first).map_or(i32::MAX, |span| span.get_days()));
    let mut counts: BTreeMap<Date, u32> = BTreeMap::new();
    for day in days {
        *counts.entry(unit.first_day(*day)).or_default() += 1;
    }
    let mut starts: Vec<Date> = vec![unit.first_day(*first)];
    while let Some(start) = starts.last().filter(|start| **start < unit.first_day(*last)) {
        starts.push(unit.next(*start));
    }
    let bar = |start| Bar {
        label: unit.label(start),
        count: counts.get(&start).copied().unwrap_or(0),
        until: (start <= *last && last.saturating_add(1.day()) < unit.next(start)).then_some(*last),
    };
    starts.into_iter().map(bar).collect()
}

/// One line for each bar, in eighths of a character.
fn print_bars(bars: &[Bar]) {
    const WIDTH: u32 = 48;
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    for bar in bars {
        let Bar { label, count, .. } = bar;
        let eighths = (u64::from(*count) * u64::from(WIDTH) * 8).div_ceil(u64::from(most));
        let (full, rest) = (usize::try_from(eighths / 8).unwrap_or(0), usize::try_from(eighths % 8).unwrap_or(0));
        println!("{label} {}{} {count}{}", "█".repeat(full), EIGHTHS[rest], bar.part());
    }
    println!("{} groups", bars.iter().map(|bar| bar.count).sum::<u32>());
}

/// The chart. It holds only numbers and dates, so nothing needs escaping.
fn svg(bars: &[Bar]) -> Result<String, fmt::Error> {
    const WIDTH: f64 = 960.0;
    const HEIGHT: f64 = 420.0;
    const LEFT: f64 = 64.0;
    const RIGHT: f64 = 24.0;
    const TOP: f64 = 84.0;
    const BOTTOM: f64 = 52.0;
    const LABEL: f64 = 72.0;
    let (wide, high, base) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM, HEIGHT - BOTTOM);
    let step = tick_step(bars.iter().map(|bar| bar.count).max().unwrap_or(0));
    let ticks = bars.iter().map(|bar| bar.count.div_ceil(step)).max().unwrap_or(0).max(1);
    let y = |count: u32| base - high * f64::from(count) / f64::from(ticks * step);

    let mut svg = String::new();
    let total: u32 = bars.iter().map(|bar| bar.count).sum();
    let span = match bars {
        [] => String::new(),
        [only] => only.label.clone(),
        [first, .., last] => format!("{} to {}", first.label, last.label),
    };
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"
  font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="#5b6770">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{LEFT}" y="36" font-size="20" font-weight="600" fill="#1c2b33">WhatsApp groups by time of creation</text>
<text x="{LEFT}" y="60">{total} groups, {span} (UTC)</text>"##
    )?;

    for count in (0..=ticks).map(|tick| tick * step) {
        let (y, colour) = (y(count), if count == 0 { "#9aa5ab" } else { "#e4e9eb" });
        writeln!(svg, r#"<line x1="{LEFT}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}" stroke="{colour}"/>"#, LEFT + wide)?;
        writeln!(svg, r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{count}</text>"#, LEFT - 10.0, y + 4.5)?;
    }

    let slot = wide / f64::from(u32::try_from(bars.len()).unwrap_or(u32::MAX).max(1));
    let (bar_width, mut free_from) = ((slot * 0.76).min(64.0), 0.0);
    for (bar, index) in bars.iter().zip(0_u32..) {
        let (Bar { label, count, until }, part) = (bar, bar.part());
        let colour = if until.is_some() { "#7fc3bb" } else { "#128c7e" };
        let (middle, top) = (LEFT + slot * (f64::from(index) + 0.5), y(*count));
        let (x, tall) = (middle - bar_width / 2.0, base - top);
        writeln!(
            svg,
            r#"<rect x="{x:.1}" y="{top:.1}" width="{bar_width:.1}" height="{tall:.1}" rx="2" fill="{colour}"><title>{label}: {count}{part}</title></rect>"#
        )?;
        if let Some(day) = until {
            let (right, y) = (LEFT + wide, top - 8.0);
            writeln!(svg, r#"<text x="{right:.1}" y="{y:.1}" text-anchor="end">until {day}</text>"#)?;
        }
        // As many labels as fit.
        if middle >= free_from {
            free_from = middle + LABEL;
            writeln!(svg, r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#, base + 24.0)?;
        }
    }
    writeln!(svg, "</svg>")?;
    Ok(svg)
}

/// A round number, so that at most six steps reach `most`.
fn tick_step(most: u32) -> u32 {
    let mut decade = 1;
    loop {
        if let Some(step) = [1, 2, 5].map(|digit| digit * decade).into_iter().find(|step| most.div_ceil(*step) <= 6) {
            return step;
        }
        decade *= 10;
    }
}

/// Two years of a growing app, the newest group first.
fn demo_list() -> Result<Vec<Group>, jiff::Error> {
    const MONTHS: [i32; 24] =
        [6, 9, 8, 14, 19, 17, 23, 12, 31, 38, 45, 29, 41, 52, 60, 57, 71, 66, 79, 48, 92, 104, 118, 74];
    let mut groups = Vec::new();
    for (count, month) in MONTHS.into_iter().zip(0_i32..) {
        let first = date(2023, 7, 1).checked_add(month.months())?;
        for n in 0..count {
            let created = first.checked_add((n * 28 / count).days())?.to_zoned(TimeZone::UTC)?.timestamp();
            groups.push(Group::new(format!("{month}-{n}"), "Support", created.as_second()));
        }
    }
    groups.reverse();
    Ok(groups)
}
