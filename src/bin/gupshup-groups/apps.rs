//! Which apps are listed.

use std::collections::HashSet;

use crate::args::AppOptions;
use crate::exit::Failure;
use crate::input;

pub(crate) const APP: &str = "GUPSHUP_APP_ID";

/// The apps that the options and the environment name, each once; or why there are none.
pub(crate) fn apps(options: &AppOptions) -> Result<Result<Vec<String>, String>, Failure> {
    let mut apps = options.apps.clone();
    if let Some(path) = &options.apps_from {
        let listed = app_ids(&input::text(path)?);
        if listed.is_empty() && apps.is_empty() {
            let name = if input::is_stdin(path) { "standard input".into() } else { path.display().to_string() };
            return Ok(Err(format!("{name} names no app: write one app id a line")));
        }
        apps.extend(listed);
    } else if apps.is_empty() {
        apps.extend(input::variable(APP)?);
    }
    let apps = distinct(apps);
    Ok(if apps.is_empty() { Err(format!("no app: set {APP} or give --app or --apps-from")) } else { Ok(apps) })
}

/// One id per line.
fn app_ids(text: &str) -> Vec<String> {
    let lines = input::trim(text).lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn distinct(apps: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    apps.into_iter().filter(|app| seen.insert(app.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_apps_has_an_id_a_line_and_comments() {
        assert_eq!(app_ids("\u{feff}# all apps\r\na\r\n\r\n  b \n#c\n"), ["a", "b"]);
        assert_eq!(app_ids(""), [""; 0]);
    }

    #[test]
    fn an_app_that_is_named_twice_is_listed_once() {
        let apps = ["b", "a", "b"].map(str::to_owned).to_vec();
        assert_eq!(distinct(apps), ["b", "a"]);
    }
}
