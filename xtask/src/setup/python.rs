//! Python programs from `PyPI`, and Python itself where the machine has none: schemathesis, which fuzzes the exporter's API,
//! and readers and peers of what it exports.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};

use super::debian;
use crate::{progress, workspace};

const REQUIREMENTS: &str = include_str!("../../requirements.txt");

/// schemathesis, installed into the checkout's tools. `SCHEMATHESIS` names another one.
pub(crate) fn schemathesis() -> Result<PathBuf> {
    if let Some(set) = std::env::var_os("SCHEMATHESIS") {
        return Ok(set.into());
    }
    let folder = workspace::tools().join("schemathesis");
    let (script, stamp) = (folder.join("run.sh"), folder.join("requirements.txt"));
    // written last, so that an installation that was cut short is done again
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(script);
    }
    let python = python()?;
    let packages = folder.join("packages");
    // pip installs beside what is there, and would leave other versions behind
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-input", "--disable-pip-version-check"])
        .args(["--only-binary", ":all:", "--no-warn-script-location", "--target"])
        .arg(&packages)
        .arg("--requirement")
        .arg(workspace::root().join("xtask/requirements.txt"));
    progress::step("schemathesis from PyPI", &mut pip)?;
    write_script(&script, &python, &packages)?;
    fs::write(stamp, REQUIREMENTS)?;
    Ok(script)
}

/// Readers that are not ours, which the tests read exports with.
pub(crate) fn readers() -> Result<PathBuf> {
    with("readers", &workspace::root().join("tests/requirements.txt"))
}

/// A script at `target/tools/NAME.sh` that runs Python with what `requirements` lists, each package by its hash.
pub(crate) fn with(name: &str, requirements: &Path) -> Result<PathBuf> {
    let (folder, script) = (workspace::tools().join(name), workspace::tools().join(format!("{name}.sh")));
    let (wanted, stamp) = (fs::read(requirements)?, folder.join("installed"));
    if script.is_file() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(script);
    }
    let python = python()?;
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let packages = folder.join("packages");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-input", "--disable-pip-version-check"])
        .args(["--only-binary", ":all:", "--no-warn-script-location", "--require-hashes", "--target"])
        .arg(&packages)
        .arg("--requirement")
        .arg(requirements);
    progress::step(&format!("{name} from PyPI"), &mut pip)?;
    // where they really are: several checkouts may share one folder of tools
    write_script_of(&python.display().to_string(), &script, &packages.canonicalize()?, "")?;
    fs::write(stamp, wanted)?;
    Ok(script)
}

/// A Python that has pip: the machine's, or Debian's unpacked for this checkout.
fn python() -> Result<PathBuf> {
    if has_pip(Path::new("python3")) {
        return Ok("python3".into());
    }
    let script = workspace::tools().join("python.sh");
    if has_pip(&script) {
        return Ok(script);
    }
    if !debian::here() {
        bail!("no Python with pip found: install one, or name schemathesis by SCHEMATHESIS=/path/to/schemathesis");
    }
    progress::say("no Python with pip found: unpacking Debian's for this checkout");
    let folder = workspace::tools().join("python");
    debian::unpack(&["python3-pip"], &folder)?;
    let home = folder.join("usr");
    let unpacked = home.join("bin/python3");
    if unpacked.is_file() {
        // its packages are found by its home
        debian::wrap(&script, &unpacked, &folder, &[("PYTHONHOME", &home)])?;
    } else {
        // the machine has a Python, and lacked pip alone
        write_script_of("python3", &script, &home.join("lib/python3/dist-packages"), "")?;
    }
    ensure!(has_pip(&script), "Debian's Python does not run from {}", folder.display());
    Ok(script)
}

fn has_pip(python: &Path) -> bool {
    Command::new(python).args(["-m", "pip", "--version"]).output().is_ok_and(|out| out.status.success())
}

fn write_script(script: &Path, python: &Path, packages: &Path) -> Result<()> {
    write_script_of(&python.display().to_string(), script, packages, " -m schemathesis.cli")
}

/// A shell script that runs `python` with `packages` before its own.
fn write_script_of(python: &str, script: &Path, packages: &Path, arguments: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let path = packages.display();
    let text =
        format!("#!/bin/sh\nexport PYTHONPATH={path}${{PYTHONPATH:+:$PYTHONPATH}}\nexec {python}{arguments} \"$@\"\n");
    fs::write(script, text)?;
    fs::set_permissions(script, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
