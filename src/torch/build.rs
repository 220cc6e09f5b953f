//! Lets the worker find libtorch where it was built against it, so that nobody has to set `LD_LIBRARY_PATH`.

use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-changed=build.rs");
    let Some(root) = std::env::var_os("LIBTORCH").map(PathBuf::from) else { return };
    let root = root.canonicalize().unwrap_or(root);
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", root.join("lib").display());
    // An installed worker finds its libtorch in the place that `make install` keeps it, when the clone is gone.
    println!("cargo:rerun-if-env-changed=BGH_LIBTORCH_KEPT");
    if let Some(kept) = std::env::var_os("BGH_LIBTORCH_KEPT").map(PathBuf::from) {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", kept.join("lib").display());
    }
    if let Ok(version) = std::fs::read_to_string(root.join("build-version")) {
        println!("cargo:rustc-env=BGH_LIBTORCH_VERSION={}", version.trim());
    }
}
