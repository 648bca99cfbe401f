//! The threads that score batches: one pool a process.

use std::sync::{Arc, Mutex, TryLockError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::errors::misconfigured;

/// The pool, and the process it was started in: threads do not survive a fork, which Python's multiprocessing may do,
/// and work handed to those of the parent would wait for ever.
static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// The pool of this process; started at the first call.
///
/// # Errors
/// `Misconfigured` when no thread can be started.
pub(super) fn workers() -> PyResult<Arc<ThreadPool>> {
    let mut kept = match POOL.try_lock() {
        Ok(kept) => kept,
        Err(TryLockError::Poisoned(kept)) => kept.into_inner(),
        // Another thread starts the pool now, or did when this process was forked: a pool of this call's own.
        Err(TryLockError::WouldBlock) => return started(),
    };
    let process = std::process::id();
    if let Some((_, pool)) = kept.as_ref().filter(|(owner, _)| *owner == process) {
        return Ok(Arc::clone(pool));
    }
    let pool = started()?;
    // A pool of a parent process is not dropped but forgotten: dropping would wait for threads that are not here.
    std::mem::forget(kept.replace((process, Arc::clone(&pool))));
    Ok(pool)
}

fn started() -> PyResult<Arc<ThreadPool>> {
    let pool = ThreadPoolBuilder::new().build();
    pool.map(Arc::new).map_err(|error| misconfigured(&format!("no threads could be started to score with: {error}")))
}
