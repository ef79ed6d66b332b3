//! Debian packages unpacked beside the build, for machines that have no other way to a program.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{progress, workspace};

/// Whether this machine has apt.
pub(crate) fn here() -> bool {
    Command::new("apt-get").arg("--version").output().is_ok_and(|out| out.status.success())
}

/// Unpacks `packages`, and what they need and the system lacks, into `folder`. Nothing is installed: package lists and
/// downloads are kept apart from the system's, so that no right to change it is needed.
pub(crate) fn unpack(packages: &[&str], folder: &Path) -> Result<()> {
    let apt = workspace::tools().join("apt");
    for part in ["lists/partial", "cache/archives/partial", "debs"] {
        fs::create_dir_all(apt.join(part))?;
    }
    progress::step("Debian package lists", apt_get().arg("update"))?;
    let plan = apt_get()
        .args(["install", "--print-uris", "--yes", "--quiet=2", "--no-install-recommends"])
        .args(packages)
        .output()
        .context("cannot start apt-get")?;
    if !plan.status.success() {
        bail!("apt cannot plan {}: {}", packages.join(", "), String::from_utf8_lossy(&plan.stderr));
    }
    // a line is: 'address' file_name size hash; the file name begins with the package's name
    let names: Vec<String> = String::from_utf8(plan.stdout)?
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1)?.split('_').next().map(str::to_owned))
        .collect();
    let debs = apt.join("debs");
    fs::remove_dir_all(&debs)?;
    fs::create_dir_all(&debs)?;
    progress::step(
        &format!("download of {} Debian packages for {}", names.len(), packages.join(", ")),
        apt_get().arg("download").args(&names).current_dir(&debs),
    )?;
    fs::create_dir_all(folder)?;
    for deb in fs::read_dir(&debs)? {
        let status = Command::new("dpkg-deb").arg("--extract").arg(deb?.path()).arg(folder).status()?;
        if !status.success() {
            bail!("dpkg-deb cannot unpack into {}", folder.display());
        }
    }
    fs::remove_dir_all(&debs)?;
    Ok(())
}

fn apt_get() -> Command {
    let apt = workspace::tools().join("apt");
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let mut command = Command::new("apt-get");
    command
        .arg("-o")
        .arg(format!("Dir::State::lists={}", apt.join("lists").display()))
        .arg("-o")
        .arg(format!("Dir::Cache={}", apt.join("cache").display()))
        .arg("-o")
        .arg(format!("APT::Sandbox::User={user}"));
    command
}

/// A shell script at `script` that runs `program` with the unpacked libraries of `folder` and `variables` set.
pub(crate) fn wrap(script: &Path, program: &Path, folder: &Path, variables: &[(&str, &Path)]) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let machine = format!("{}-linux-gnu", std::env::consts::ARCH);
    let libraries = [format!("usr/lib/{machine}"), format!("lib/{machine}"), format!("usr/lib/{machine}/pulseaudio")];
    let libraries = libraries.map(|part| folder.join(part).display().to_string()).join(":");
    let mut lines = vec![
        "#!/bin/sh".to_owned(),
        format!("export LD_LIBRARY_PATH={libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"),
    ];
    lines.extend(variables.iter().map(|(name, value)| format!("export {name}={}", value.display())));
    lines.push(format!("exec {} \"$@\"\n", program.display()));
    fs::write(script, lines.join("\n"))?;
    fs::set_permissions(script, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
