//! The filters of system calls. What is not named here ends the process (SIGSYS).

use std::collections::BTreeMap;

use kvm_bindings::{kvm_cpuid2, kvm_dirty_log, kvm_regs, kvm_sregs, kvm_userspace_memory_region, kvm_xcrs};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::keeper::FIRST;

/// Type of KVM's requests.
const KVM: u64 = 0xae;

const READ: u64 = 2;
const WRITE: u64 = 1;

const fn request(direction: u64, number: u64, size: usize) -> u64 {
    direction << 30 | (size as u64) << 16 | KVM << 8 | number
}

/// What entering a machine takes: entries, memory that opens, the log of what the guest wrote, its registers.
const ENTERING: [u64; 4] = [
    // KVM_RUN
    request(0, 0x80, 0),
    // KVM_SET_USER_MEMORY_REGION
    request(WRITE, 0x46, size_of::<kvm_userspace_memory_region>()),
    // KVM_GET_DIRTY_LOG
    request(WRITE, 0x42, size_of::<kvm_dirty_log>()),
    // KVM_GET_REGS
    request(READ, 0x81, size_of::<kvm_regs>()),
];

/// What making one takes beside.
const MAKING: [u64; 10] = [
    // KVM_GET_API_VERSION, KVM_CREATE_VM, KVM_CHECK_EXTENSION, KVM_GET_VCPU_MMAP_SIZE, KVM_CREATE_VCPU
    request(0, 0x00, 0),
    request(0, 0x01, 0),
    request(0, 0x03, 0),
    request(0, 0x04, 0),
    request(0, 0x41, 0),
    // KVM_GET_TSC_KHZ
    request(0, 0xa3, 0),
    // KVM_SET_CPUID2
    request(WRITE, 0x90, size_of::<kvm_cpuid2>()),
    // KVM_GET_SREGS, KVM_SET_SREGS
    request(READ, 0x83, size_of::<kvm_sregs>()),
    request(WRITE, 0x84, size_of::<kvm_sregs>()),
    // KVM_SET_XCRS
    request(WRITE, 0xa7, size_of::<kvm_xcrs>()),
];

/// Calls that need no look at what they are given: they reach nothing outside the process, and give it no way to.
const HARMLESS: [libc::c_long; 20] = [
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_timer_create,
    libc::SYS_timer_delete,
    libc::SYS_timer_settime,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The filter under which images and states are read, and machines made.
pub(super) fn making() -> Result<BpfProgram, BackendError> {
    let mut rules = common(&[MAKING.as_slice(), ENTERING.as_slice()].concat())?;
    // vCPUs and inherited files are mapped.
    rules.insert(libc::SYS_mmap, vec![rule(vec![without(2, libc::PROT_EXEC)?])?]);
    // Where the kernel does not know the processor's frequency, it is measured.
    for call in [libc::SYS_clock_nanosleep, libc::SYS_nanosleep] {
        rules.insert(call, Vec::new());
    }
    // The next filter, and the limit of memory.
    rules.insert(libc::SYS_seccomp, Vec::new());
    let option = equal(0, libc::PR_SET_NO_NEW_PRIVS as u64)?;
    rules.insert(libc::SYS_prctl, vec![rule(vec![option])?]);
    rules.insert(libc::SYS_prlimit64, vec![rule(vec![equal(0, 0)?])?]);
    compile(rules)
}

/// The filter under which guests run.
pub(super) fn entering() -> Result<BpfProgram, BackendError> {
    let mut rules = common(&ENTERING)?;
    let anonymous = SeccompCmpOp::MaskedEq(libc::MAP_ANONYMOUS as u64);
    let anonymous = condition(3, anonymous, libc::MAP_ANONYMOUS as u64)?;
    rules.insert(libc::SYS_mmap, vec![rule(vec![without(2, libc::PROT_EXEC)?, anonymous])?]);
    compile(rules)
}

fn common(requests: &[u64]) -> Result<Rules, BackendError> {
    let mut rules: Rules = HARMLESS.into_iter().map(|call| (call, Vec::new())).collect();
    let requests = requests.iter().map(|number| rule(vec![equal(1, *number)?]));
    rules.insert(libc::SYS_ioctl, requests.collect::<Result<_, _>>()?);
    // The socket, and no other file.
    for call in [libc::SYS_read, libc::SYS_write, libc::SYS_writev] {
        rules.insert(call, vec![rule(vec![equal(0, FIRST as u64)?])?]);
    }
    if cfg!(debug_assertions) {
        // Debug builds of the standard library look whether what they close is open.
        rules.insert(libc::SYS_fcntl, vec![rule(vec![equal(1, libc::F_GETFD as u64)?])?]);
    }
    rules.insert(libc::SYS_mprotect, vec![rule(vec![without(2, libc::PROT_EXEC)?])?]);
    Ok(rules)
}

fn compile(rules: Rules) -> Result<BpfProgram, BackendError> {
    let (refused, allowed) = (SeccompAction::KillProcess, SeccompAction::Allow);
    SeccompFilter::new(rules, refused, allowed, TargetArch::x86_64)?.try_into()
}

fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions)
}

/// Argument `index`, of which the kernel looks at 32 bits, is `value`.
fn equal(index: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    condition(index, SeccompCmpOp::Eq, value)
}

/// Argument `index` has none of these bits.
fn without(index: u8, bits: i32) -> Result<SeccompCondition, BackendError> {
    condition(index, SeccompCmpOp::MaskedEq(bits as u64), 0)
}

fn condition(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
}
