//! Floor 0: which instruction set a kernel runs on.
//!
//! A kernel is plain arithmetic in loops. It is compiled once per instruction set, and the compiler never reorders or
//! fuses floating-point operations, so every copy returns the same bits; only the number of bars per instruction differs.

/// An instruction set that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lanes {
    /// What every processor of the target has: SSE2 on `x86_64`, NEON on `aarch64`.
    Baseline,
    /// AVX2 with fused multiply-add: four numbers an instruction.
    Avx2,
    /// AVX-512: eight numbers an instruction.
    Avx512,
}

/// Work that is compiled for every instruction set; `run` must be `#[inline(always)]`, and all it calls.
pub(crate) trait Task {
    /// What the work returns.
    type Output;

    /// Does it.
    fn run(self) -> Self::Output;
}

impl Lanes {
    /// Those this processor has, the widest last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        [Self::Baseline, Self::Avx2, Self::Avx512].into_iter().filter(|lanes| lanes.is_available()).collect()
    }

    /// The widest this processor has; asking costs a few loads.
    #[inline]
    #[must_use]
    pub fn widest() -> Self {
        if Self::Avx512.is_available() {
            Self::Avx512
        } else if Self::Avx2.is_available() {
            Self::Avx2
        } else {
            Self::Baseline
        }
    }

    #[inline]
    fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            match self {
                Self::Baseline => true,
                Self::Avx2 => {
                    is_x86_feature_detected!("avx2")
                        && is_x86_feature_detected!("bmi1")
                        && is_x86_feature_detected!("bmi2")
                        && is_x86_feature_detected!("fma")
                }
                Self::Avx512 => {
                    is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx512dq")
                        && is_x86_feature_detected!("avx512bw")
                        && is_x86_feature_detected!("avx512vl")
                        && is_x86_feature_detected!("bmi1")
                        && is_x86_feature_detected!("bmi2")
                        && is_x86_feature_detected!("fma")
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Self::Baseline
        }
    }

    /// Runs `task` compiled for this instruction set, or for the baseline where the processor lacks it.
    #[inline]
    pub(crate) fn run<T: Task>(self, task: T) -> T::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if self == Self::Avx512 && self.is_available() {
                // SAFETY: the processor has all of its features, asked on the line above.
                return unsafe { run_avx512(task) };
            }
            if self == Self::Avx2 && self.is_available() {
                // SAFETY: the processor has all of its features, asked on the line above.
                return unsafe { run_avx2(task) };
            }
        }
        task.run()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,fma")]
fn run_avx2<T: Task>(task: T) -> T::Output {
    task.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2,fma")]
fn run_avx512<T: Task>(task: T) -> T::Output {
    task.run()
}
