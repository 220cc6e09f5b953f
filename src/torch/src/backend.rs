//! libtorch as this worker sets it up: one thread, memory that stays, no denormals, CUDA where it lies beside the CPU library.

use std::ffi::CString;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde::Serialize;
use tch::{Cuda, Device};

/// The version of libtorch that the worker was built against.
pub const VERSION: &str = match option_env!("BGH_LIBTORCH_VERSION") {
    Some(version) => version,
    None => "2.11 (the version tch 0.24 binds)",
};

/// What `bgh-torch --version-json` prints.
#[derive(Debug, Serialize)]
pub struct Version {
    /// Version of the worker.
    pub worker: &'static str,
    /// Version of libtorch.
    pub libtorch: &'static str,
    /// Whether a CUDA device can be used.
    pub cuda: bool,
    /// CUDA devices in sight.
    pub cuda_devices: i64,
}

/// Sets libtorch up; call it before the first tensor.
///
/// One thread within and between operations: sums split over threads are added in an order that depends on the split, so
/// only a fixed count gives the same bits on a busy and an idle machine. With two threads, scores and nearly all gradients of both Caffe
/// networks have other last bits than with one (`tests/threads.rs`). Jobs run side by side instead.
pub fn set_up(tf32: bool) {
    keep_memory();
    choose_products(tf32);
    open_cuda();
    avoid_overruns();
    tch::set_num_threads(1);
    tch::set_num_interop_threads(1);
    flush_denormals();
}

/// Whether CUDA libraries may compute products of single precision with mantissas of 10 bits. libtorch lets cuDNN do so unless it is told
/// otherwise, and cuBLAS only when it is told to: both are told, through the variables that they read when they are loaded.
fn choose_products(tf32: bool) {
    let (name, value) = if tf32 { ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1") } else { ("NVIDIA_TF32_OVERRIDE", "0") };
    // SAFETY: this process has one thread until the first tensor.
    unsafe { std::env::set_var(name, value) };
}

/// On processors with AVX2 and without AVX-512, oneDNN as libtorch 2.11.0 has it writes beyond the gradients of weights of small
/// convolutions, and the heap is damaged (seen on an AMD EPYC; with AVX alone, or with AVX-512, never). A slower training is better
/// than a wrong one. Who sets the variable has decided otherwise.
#[cfg(target_arch = "x86_64")]
fn avoid_overruns() {
    const LIMIT: &str = "DNNL_MAX_CPU_ISA";
    let is_concerned = std::arch::is_x86_feature_detected!("avx2") && !std::arch::is_x86_feature_detected!("avx512f");
    if is_concerned && std::env::var_os(LIMIT).is_none() {
        // SAFETY: this process has one thread until the first tensor.
        unsafe { std::env::set_var(LIMIT, "AVX") };
    }
}

/// Other processors have other kernels.
#[cfg(not(target_arch = "x86_64"))]
fn avoid_overruns() {}

/// Which libtorch this is and what it can use.
pub fn version() -> Version {
    let cuda = Cuda::is_available();
    let cuda_devices = if cuda { Cuda::device_count() } else { 0 };
    Version { worker: env!("CARGO_PKG_VERSION"), libtorch: VERSION, cuda, cuda_devices }
}

/// The device that a job names: `cpu` or `cuda`.
///
/// # Errors
/// When it names another, or CUDA where there is none.
pub fn device(name: &str) -> Result<Device> {
    match name {
        "cpu" => Ok(Device::Cpu),
        "cuda" => {
            let advice = "run `bgh doctor`, or ask for device \"cpu\"";
            ensure!(Cuda::is_available(), "device \"cuda\": libtorch {VERSION} finds no CUDA device; {advice}");
            Ok(Device::Cuda(0))
        }
        other => anyhow::bail!("device \"{other}\" is neither \"cpu\" nor \"cuda\""),
    }
}

/// The device as its driver names it.
pub fn device_name(device: Device) -> String {
    let (path, field) = match device {
        Device::Cpu => (Some(PathBuf::from("/proc/cpuinfo")), "model name"),
        _ => (visible_gpu(), "Model"),
    };
    let text = path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let name = lines.filter(|(name, _)| name.trim() == field).map(|(_, value)| value.trim().to_owned()).next();
    name.unwrap_or_else(|| format!("{device:?}"))
}

/// Where the driver describes the one GPU of the machine; with several, the order of CUDA and of this folder may differ.
fn visible_gpu() -> Option<PathBuf> {
    let mut gpus = std::fs::read_dir("/proc/driver/nvidia/gpus").ok()?.filter_map(Result::ok);
    let first = gpus.next()?;
    gpus.next().is_none().then(|| first.path().join("information"))
}

/// Loads `libtorch_cuda.so` where it lies beside the loaded `libtorch_cpu.so`: its static initialisers register the CUDA backend,
/// and nothing else refers to it, so the linker left it out.
fn open_cuda() {
    let Some(library) = beside_libtorch("libtorch_cuda.so") else { return };
    let Ok(path) = CString::new(library.as_os_str().as_encoded_bytes()) else { return };
    // SAFETY: `path` is a valid C string; the library's initialisers are those that PyTorch itself runs at import.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if handle.is_null() {
        tracing::warn!("{} cannot be loaded, so there is no CUDA device", library.display());
    }
}

fn beside_libtorch(name: &str) -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let loaded = maps.lines().filter_map(|line| line.find('/').map(|start| PathBuf::from(&line[start..])));
    let cpu = loaded.into_iter().find(|path| path.ends_with("libtorch_cpu.so"))?;
    Some(cpu.with_file_name(name)).filter(|path| path.exists())
}

/// Keeps freed memory for the next tensor. Every update needs the sizes of the one before, but glibc maps each large block anew and
/// returns it at once, and clearing fresh pages takes a quarter of an update.
#[cfg(target_env = "gnu")]
fn keep_memory() {
    // SAFETY: the calls set two numbers of the allocator and touch no block.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, -1);
    }
}

/// Other allocators have other habits.
#[cfg(not(target_env = "gnu"))]
fn keep_memory() {}

/// Counts numbers below 1e-38 as zero: late in a training, squared and decayed values get there, and each costs a hundred
/// cycles. With one thread, setting it for this thread sets it for all arithmetic.
#[cfg(target_arch = "x86_64")]
fn flush_denormals() {
    const FLUSH_TO_ZERO: u32 = 1 << 15;
    const DENORMALS_ARE_ZERO: u32 = 1 << 6;
    let mut control = 0u32;
    // SAFETY: only the two denormal bits of the thread's own control register change; rounding and exceptions stay.
    unsafe {
        std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut control);
        control |= FLUSH_TO_ZERO | DENORMALS_ARE_ZERO;
        std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const control);
    }
}

/// Elsewhere denormals are computed as they are: slower, not wrong.
#[cfg(not(target_arch = "x86_64"))]
fn flush_denormals() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denormals_are_flushed() {
        flush_denormals();
        let tiny = tch::Tensor::from_slice(&[1e-30f32]);
        assert_eq!((&tiny * &tiny.g_mul_scalar(1e-10)).double_value(&[0]), 0.0);
        let denormal = tch::Tensor::from_slice(&[1e-30f32]) * 1e-10;
        assert_eq!(denormal.double_value(&[0]), 0.0);
    }

    #[test]
    fn an_unknown_device_is_refused() {
        assert_eq!(device("tpu").expect_err("unknown").to_string(), "device \"tpu\" is neither \"cpu\" nor \"cuda\"");
    }

    #[test]
    fn the_cpu_has_a_name() {
        assert!(!device_name(Device::Cpu).is_empty());
    }
}
