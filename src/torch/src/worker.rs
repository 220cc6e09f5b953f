//! A job from its order to its result.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Result, anyhow};
use bgh::stage::job::{JobFolder, JobResult};

use crate::backend;
use crate::kind;
use crate::process::{self, JobLock, StopFlag};
use crate::session::{Outcome, Session};

/// Runs the job in `folder` and leaves its `result.json`, also when it fails.
///
/// # Errors
/// When no result can be left: the parent is gone, another worker has the job, or the disk refuses.
pub fn run(folder: &Path) -> Result<()> {
    process::die_with_parent()?;
    let stop = StopFlag::on_signals()?;
    let _lock = JobLock::take(folder)?;
    let folder = JobFolder::new(folder);
    let result = attempt(&folder, stop).unwrap_or_else(|fault| JobResult::Failed(explained(&fault)));
    tracing::info!(?result);
    folder.write_result(&result)
}

fn attempt(folder: &JobFolder, stop: StopFlag) -> Result<JobResult> {
    let spec = folder.spec()?;
    backend::set_up(spec.params["precision"] == "tf32");
    let kind = kind::find(&spec.kind)?;
    let device = backend::device(&spec.device)?;
    let mut session = Session::new(folder.clone(), spec, device, stop);
    Ok(match caught(|| (kind.run)(&mut session))? {
        Outcome::Done => JobResult::Done {
            device: backend::device_name(device),
            peak_memory: process::peak_memory(),
            images_per_second: session.images_per_second,
            device_memory: device.is_cuda().then(process::device_memory).flatten(),
        },
        Outcome::Interrupted => JobResult::Interrupted,
    })
}

/// Turns a panic into an error. The binding panics where libtorch throws in the middle of an expression, out of memory above all, and
/// a job that fails is a result, not a crash.
fn caught<T>(job: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|panic| Err(anyhow!("{}", message(panic.as_ref()))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "unknown fault".into())
}

/// The chain of causes, with libtorch's stack frames left out and advice where there is one.
fn explained(fault: &anyhow::Error) -> String {
    let text = format!("{fault:#}");
    let exhausted = text.to_lowercase().contains("out of memory");
    let text = text.split("\\nException raised from").next().unwrap_or_default();
    let text = text.split("\nException raised from").next().unwrap_or_default();
    let advice = "; the device has not enough memory: use a smaller `batch` or fewer jobs at a time on this device";
    format!("{text}{}", if exhausted { advice } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_libtorch_is_an_error() {
        let fault = caught(|| Ok(tch::Tensor::from_slice(&[1f32]).reshape([2, 2]))).expect_err("one value in four places");
        let text = explained(&fault);
        assert!(
            text.contains("shape '[2, 2]' is invalid for input of size 1") && !text.contains("Exception raised from"),
            "{text}"
        );
    }

    #[test]
    fn exhausted_memory_comes_with_advice() {
        let text = explained(&anyhow!("CUDA out of memory. Tried to allocate 2.00 GiB\nException raised from malloc"));
        assert!(
            text.starts_with("CUDA out of memory. Tried to allocate 2.00 GiB; ") && text.contains("smaller `batch`"),
            "{text}"
        );
    }
}
