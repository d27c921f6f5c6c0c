//! Fixes that are broken off, and files that cannot be written: nothing is lost, and the next run is right.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::repository::Repository;
use crate::support::{SVCLINT, copy_of};

const FILE: &str = "crates/gateway/src/clients/orders.rs";

/// All files of a folder with their texts; what a killed run left beside them is counted.
fn texts(dir: &Path) -> (BTreeMap<PathBuf, Vec<u8>>, usize) {
    let (mut all, mut left, mut open) = (BTreeMap::new(), 0, vec![dir.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "svclint-new") {
                left += 1;
            } else {
                let own = path.strip_prefix(dir).expect("inside").to_owned();
                all.insert(own, std::fs::read(&path).expect("readable"));
            }
        }
    }
    (all, left)
}

fn fix(dir: &Path) -> Command {
    let mut command = Command::new(SVCLINT);
    command.args(["check", "--unsafe-fixes"]).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn a_killed_run_loses_nothing() {
    let whole = copy_of("shop");
    fix(whole.path()).status().expect("it runs");
    let (wanted, _) = texts(whole.path());
    for round in 0..20 {
        let dir = copy_of("shop");
        let (before, _) = texts(dir.path());
        let mut child = fix(dir.path()).spawn().expect("it runs");
        std::thread::sleep(Duration::from_millis(5 * round));
        child.kill().expect("killed");
        child.wait().expect("ended");
        let (after, left) = texts(dir.path());
        assert!(left <= 1, "one file at a time");
        for (path, text) in &before {
            let now = after.get(path).expect("no file is gone");
            assert!(!now.is_empty() || text.is_empty(), "{} is empty", path.display());
        }
        fix(dir.path()).status().expect("it runs");
        assert_eq!(texts(dir.path()).0, wanted, "killed after {} ms", 5 * round);
    }
}

#[test]
fn a_read_only_file_is_told_and_stays() {
    let shop = Repository::without_git("shop");
    let text = shop.read(FILE);
    std::fs::set_permissions(shop.file(FILE), PermissionsExt::from_mode(0o444)).expect("set");
    let ran = shop.run(&["check", "--unsafe-fixes", "--fix-only", "http-client-without-timeout"]);
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("orders.rs` could not be written: it is read-only"), "{}", ran.stderr);
    assert_eq!(shop.read(FILE), text);
}

#[test]
fn a_link_stays_one() {
    let shop = Repository::without_git("shop");
    let elsewhere = shop.file("orders-client.txt");
    std::fs::rename(shop.file(FILE), &elsewhere).expect("moved");
    symlink(&elsewhere, shop.file(FILE)).expect("linked");
    shop.run(&["check", FILE, "--unsafe-fixes"]);
    assert!(shop.file(FILE).is_symlink());
    let now = std::fs::read_to_string(&elsewhere).expect("readable");
    assert!(now.contains("timeout("), "{now}");
}

/// A small disk of its own, which only root may have; gone when it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn of(bytes: u64) -> Option<SmallDisk> {
        let dir = tempfile::tempdir().ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(dir.path());
        mount.stderr(Stdio::null()).status().is_ok_and(|s| s.success()).then(|| SmallDisk(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    // Where no disk can be made there is nothing to try.
    let Some(disk) = SmallDisk::of(2 << 20) else { return };
    let shop = copy_of("shop");
    let copied = Command::new("cp").arg("-r").arg(shop.path()).arg(disk.0.path().join("shop")).status();
    assert!(copied.is_ok_and(|s| s.success()));
    let dir = disk.0.path().join("shop");
    let (before, _) = texts(&dir);
    // Fills what is left.
    let mut rest = std::fs::File::create(disk.0.path().join("rest")).expect("made");
    while std::io::Write::write(&mut rest, &[0; 4096]).is_ok_and(|count| count > 0) {}
    let ran =
        Command::new(SVCLINT).args(["check", "--unsafe-fixes"]).current_dir(&dir).output().expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("could not be written"), "{said}");
    assert_eq!(texts(&dir), (before, 0));
    drop(rest);
    std::fs::remove_file(disk.0.path().join("rest")).expect("removed");
    fix(&dir).status().expect("it runs");
    fix(shop.path()).status().expect("it runs");
    assert_eq!(texts(&dir).0, texts(shop.path()).0, "with room again all is as it should be");
}
