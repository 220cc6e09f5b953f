//! How the allocator of the process deals with large blocks.

/// Keeps freed memory for the next image. Steps that run in this process need blocks of the same sizes again and again, but glibc maps each large
/// one anew and returns it at once, and clearing fresh pages costs half of what ingest of an RLE slice does (`benches/ingest.rs`).
///
/// At most 64 MiB a thread are kept. For a program's first lines: what was asked for earlier is dealt with as it was.
#[cfg(target_env = "gnu")]
pub fn keep_memory() {
    // The most that glibc takes.
    const MAPPED: libc::c_int = 32 << 20;
    const KEPT: libc::c_int = 64 << 20;
    // SAFETY: the calls set two numbers of the allocator and touch no block.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// Other allocators have other habits.
#[cfg(not(target_env = "gnu"))]
pub fn keep_memory() {}
