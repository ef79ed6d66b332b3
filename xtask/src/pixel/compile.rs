//! The crate as Wasm, as small as the tools can make it, and as JavaScript for pages that refuse Wasm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{locals, order, script};
use crate::setup::wasm::{self, Toolchain};
use crate::setup::{cargo_tools, node};
use crate::{progress, workspace};

/// The Wasm.
pub(super) struct Compiled {
    pub(super) wasm: Vec<u8>,
    /// The same Wasm before names were stripped, to see what takes how much.
    pub(super) named: PathBuf,
}

/// Functions return two values in registers rather than in memory, which all browsers of the last five years can do and which
/// makes a slice, an address and a length, cheap: a sixteenth less Wasm. rustc has no flag for it, but a field in the description of a target.
pub(super) fn wasm(toolchain: &Toolchain) -> Result<Compiled> {
    let work = folder(toolchain);
    fs::create_dir_all(&work)?;
    let described = toolchain
        .rustc()
        .args(["-Zunstable-options", "--print", "target-spec-json", "--target", wasm::TARGET])
        .output()?;
    let mut target: Value = serde_json::from_slice(&described.stdout).context("rustc does not describe its target")?;
    let target_fields = target.as_object_mut().context("a target is described by an object")?;
    target_fields.remove("metadata");
    target_fields.insert("llvm-abiname".to_owned(), json!("experimental-mv"));
    target_fields.insert(
        "features".to_owned(),
        json!("+bulk-memory,+multivalue,+mutable-globals,+nontrapping-fptoint,+sign-ext,-reference-types"),
    );
    // of the same name, so that settings for that target count
    let description = work.join(format!("{}.json", wasm::TARGET));
    let text = serde_json::to_vec_pretty(&target)?;
    // cargo builds anew what is newer
    if fs::read(&description).ok().as_deref() != Some(&text) {
        fs::write(&description, text)?;
    }
    // data before the stack, from the lowest address on: addresses are numbers in the code, of which small ones are short
    let mut cargo = cargo(toolchain, &work, "-Clink-arg=--no-stack-first -Clink-arg=--global-base=8");
    cargo.arg("-Zjson-target-spec").arg("--target").arg(&description);
    progress::step("pixel: Rust to Wasm", &mut cargo)?;

    let (bindings, small) = (work.join("bindings"), work.join("small.wasm"));
    cargo_tools::wasm_bindgen(&built(&work), &bindings, &["--target", "bundler"])?;
    let named = bindings.join("tracking_wasm_bg.wasm");
    let called = only_called(&named, &work)?;
    let mut optimise = binaryen("wasm-opt", &called, &small);
    optimise.args([
        "--traps-never-happen",
        "--zero-filled-memory",
        "-Oz",
        "--flatten",
        "--rereloop",
        "-Oz",
        "-Oz",
        "--converge",
    ]);
    optimise.args(["--strip-producers", "--strip-target-features"]).args(wasm::FEATURES);
    progress::step("pixel: wasm-opt", &mut optimise)?;
    let wasm = order::packed(&locals::renumber(&fs::read(small)?)?)?;
    ensure_alone(&wasm)?;
    Ok(Compiled { wasm, named })
}

/// What page.js calls; wasm-bindgen exports more, for glue that the pixel does without.
const CALLED: [&str; 3] = ["memory", "input", "run"];

/// The Wasm at `named` without any other exports, and what they alone need.
fn only_called(named: &Path, work: &Path) -> Result<PathBuf> {
    let (graph, called) = (work.join("exports.json"), work.join("called.wasm"));
    let mut nodes: Vec<_> = CALLED.iter().map(|name| json!({"name": name, "export": name})).collect();
    nodes.push(json!({"name": "page.js", "root": true, "reaches": CALLED}));
    fs::write(&graph, serde_json::to_vec(&nodes)?)?;
    let mut shed = binaryen("wasm-metadce", named, &called);
    shed.arg("--graph-file").arg(&graph).args(wasm::FEATURES);
    progress::step("pixel: wasm-metadce", &mut shed)?;
    Ok(called)
}

/// Checks that the Wasm asks for nothing: the glue gives it nothing, and a page would take the fallback without a word.
fn ensure_alone(wasm: &[u8]) -> Result<()> {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::ImportSection(imports) = payload? {
            ensure!(imports.count() == 0, "the pixel's Wasm imports something");
        }
    }
    Ok(())
}

/// A module of JavaScript whose default export makes an instance. Its Wasm is another, of the first version: wasm2js knows no more.
pub(super) fn fallback(toolchain: &Toolchain) -> Result<Vec<u8>> {
    let work = folder(toolchain).join("fallback");
    let mut cargo = cargo(toolchain, &work, "-Ctarget-feature=-reference-types,-multivalue");
    progress::step("pixel: Rust to Wasm of the first version", cargo.args(["--target", wasm::TARGET]))?;
    let (bindings, lowered, script) = (work.join("bindings"), work.join("lowered.wasm"), work.join("fallback.js"));
    cargo_tools::wasm_bindgen(&built(&work), &bindings, &["--target", "bundler"])?;
    let mut lower = binaryen("wasm-opt", &bindings.join("tracking_wasm_bg.wasm"), &lowered);
    lower.args(["--traps-never-happen", "-Oz"]);
    lower.args([
        "--llvm-memory-copy-fill-lowering",
        "--signext-lowering",
        "--llvm-nontrapping-fptoint-lowering",
        "-Oz",
    ]);
    progress::step("pixel: what that version lacks", lower.args(wasm::FEATURES))?;
    progress::step("pixel: Wasm to JavaScript", binaryen("wasm2js", &lowered, &script).arg("-Oz"))?;
    let text = fs::read_to_string(&script)?;
    // it makes one instance and exports that; a visitor who opts out and in again needs another
    let (module, _) =
        text.split_once("var retasmFunc = asmFunc(").context("wasm2js writes its exports in a new way")?;
    fs::write(&script, format!("{module}\nexport default () => asmFunc({{}});\n"))?;
    script::bundle(&script, &["--format=esm"])
}

/// A folder of its own: the flags rebuild the standard library, and must not make other builds start again.
fn folder(toolchain: &Toolchain) -> PathBuf {
    workspace::root().join("target").join(format!("pixel-{}", toolchain.name()))
}

fn cargo(toolchain: &Toolchain, target: &Path, flags: &str) -> Command {
    let mut cargo = Command::new("cargo");
    toolchain.prepare(&mut cargo);
    cargo
        .args(["build", "--package", "tracking-wasm", "--lib", "--profile", "pixel"])
        .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size", "--target-dir"])
        .arg(target)
        .env("RUSTC_BOOTSTRAP", "1")
        // no stack of a megabyte (no frame has 700 bytes, nothing recurses), no names of source files; the
        // threshold is what came out smallest
        .env(
            "RUSTFLAGS",
            format!(
                "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Clink-arg=-zstack-size=4096 \
                 -Cllvm-args=-inline-threshold=50 {flags}"
            ),
        );
    cargo
}

fn built(target: &Path) -> PathBuf {
    target.join(wasm::TARGET).join("pixel/tracking_wasm.wasm")
}

fn binaryen(program: &str, from: &Path, to: &Path) -> Command {
    let mut command = Command::new(workspace::npm_bin(program));
    command.env("PATH", node::path()).arg(from).arg("-o").arg(to);
    command
}
