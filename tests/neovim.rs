//! A real Neovim, headless: it opens a file of the sample system, shows the finding, applies the fix, and sees it gone.

use crate::support;
use std::path::Path;
use std::process::Command;

/// A chart beside the system's manifests.
const CHART: [(&str, &str); 3] = [
    ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    ("templates/_helpers.tpl", "{{- define \"shop.labels\" -}}\napp: shop\n{{- end }}\n"),
    (
        "templates/deployment.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n  labels:\n    {{- include \"shop.labels\" . | nindent 4 }}\n",
    ),
];

#[test]
fn neovim_shows_fixes_and_forgets_a_finding() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/neovim.lua")
        .canonicalize()
        .expect("the script is there");
    let Ok(version) = Command::new("nvim").arg("--version").output() else {
        // The README's test command installs it; without it this must not look like a success.
        assert!(
            std::env::var_os("SVCLINT_WITHOUT_NEOVIM").is_some(),
            "nvim is not installed; set SVCLINT_WITHOUT_NEOVIM to leave this out"
        );
        return;
    };
    let dir = support::copy_of("shop");
    for (path, text) in CHART {
        let path = dir.path().join("charts/shop").join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new("nvim")
        .args(["--headless", "-u", "NONE", "-n", "-c"])
        .arg(format!("luafile {}", script.display()))
        .current_dir(dir.path())
        .env("SVCLINT", support::SVCLINT)
        .env("HOME", home.path())
        .env("XDG_STATE_HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .expect("nvim runs");
    let log =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let version = String::from_utf8_lossy(&version.stdout).lines().next().unwrap_or("").to_owned();
    assert!(output.status.success() && log.contains("ALL HELD"), "{version}:\n{log}");
    let saved = std::fs::read_to_string(dir.path().join("crates/orders/src/payments.rs")).expect("readable");
    assert!(
        saved.contains(".timeout(Duration::from_secs(10))") && saved.contains("use std::time::Duration;"),
        "{saved}"
    );
}
