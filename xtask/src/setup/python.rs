<<<<<<< HEAD
//! Python programs from `PyPI`, and Python itself where the machine has none: schemathesis, which fuzzes the exporter's API.
=======
//! Python with packages from PyPI, for readers and tools that are not ours. Versions and hashes are in the requirements.
>>>>>>> f0311f8 (Read exports back with readers that are not ours, and test what the documentation says)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

<<<<<<< HEAD
use anyhow::{Result, bail, ensure};
=======
use anyhow::{Context, Result, bail};
>>>>>>> f0311f8 (Read exports back with readers that are not ours, and test what the documentation says)

use super::debian;
use crate::{progress, workspace};

<<<<<<< HEAD
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
=======
/// Tried in this order; the packages have wheels for all of them.
const NAMES: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

/// For the tests: readers of what is exported.
pub(crate) fn install() -> Result<PathBuf> {
    with("python", &workspace::root().join("tests/requirements.txt"))
}

/// A script at `target/tools/NAME.sh` that runs Python with exactly the packages that `requirements` lists, each by its hash.
pub(crate) fn with(name: &str, requirements: &Path) -> Result<PathBuf> {
    let (folder, script) = (workspace::tools().join(name), workspace::tools().join(format!("{name}.sh")));
    let wanted = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = folder.join("installed");
    if script.is_file() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(script);
    }
    let python = find()?;
    let packages = folder.join("packages");
    let _ = fs::remove_dir_all(&packages);
    fs::create_dir_all(&packages)?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]);
    pip.arg("--require-hashes").arg("--target").arg(&packages).arg("--requirement").arg(requirements);
    progress::step(&format!("Python packages of {}", requirements.display()), &mut pip)?;
    // where it really is: several checkouts may share one folder of tools
    let packages = packages.canonicalize()?;
    debian::script(&script, &python, &[("PYTHONPATH", packages.display().to_string())])?;
    fs::write(stamp, wanted)?;
    Ok(script)
}

/// A Python that has pip: this machine's, or Debian's unpacked for this checkout.
fn find() -> Result<PathBuf> {
    let checks = "import sys, pip; sys.exit(sys.version_info < (3, 11))";
    let works =
        |python: &Path| Command::new(python).args(["-c", checks]).output().is_ok_and(|output| output.status.success());
    if let Some(found) = NAMES.map(PathBuf::from).into_iter().find(|python| works(python)) {
        return Ok(found);
    }
    let script = workspace::tools().join("python-debian.sh");
    if script.is_file() && works(&script) {
        return Ok(script);
    }
    if !debian::here() {
        bail!(
            "no Python 3.11 or newer with pip found: install one (`apt-get install python3-pip`, `brew install python`)"
        );
    }
    progress::say("no Python with pip found: unpacking Debian's for this checkout");
    let folder = workspace::tools().join("python-debian");
    debian::unpack(&["python3", "python3-pip"], &folder)?;
    // an unpacked Python finds its own library beside it
    debian::wrap(&script, &folder.join("usr/bin/python3"), &folder, &[])?;
    if !works(&script) {
        bail!("Debian's Python does not run from {}", folder.display());
    }
    Ok(script)
}
>>>>>>> f0311f8 (Read exports back with readers that are not ours, and test what the documentation says)
