//! Without an account, nothing is synced: invented groups do not get into a database by accident.

use std::process::Command;

/// Scenario: a cron job has lost its environment. Expected: an error that names the variables, and no database.
#[test]
fn without_an_account_there_is_an_error_and_the_database_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("groups.sqlite");
    for variables in [&[][..], &[("GUPSHUP_API_KEY", "k")], &[("GUPSHUP_APP_ID", "a")]] {
        let mut sync = Command::new(env!("CARGO_BIN_EXE_sync-sqlite"));
        for variable in ["GUPSHUP_API_KEY", "GUPSHUP_APP_ID", "GUPSHUP_API_URL"] {
            sync.env_remove(variable);
        }
        let output = sync.arg(&database).envs(variables.iter().copied()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{error}");
        for name in ["GUPSHUP_API_KEY", "GUPSHUP_APP_ID", "--demo"] {
            assert!(error.contains(name), "{error}");
        }
        assert!(!database.exists());
    }
}
