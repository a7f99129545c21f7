//! Snapshots as JavaScript objects.

use napi::Env;
use napi::bindgen_prelude::{Either, Null, Uint8Array, Uint8ArraySlice};
use napi_derive::napi;
use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{BootOptions, CallError, SAVED_REGISTERS, SavedRun, SavedState};

use crate::host::{HostCall, JavaScriptHost, RecordSink};
use crate::limits::NativeLimits;
use crate::machine::NativeMachine;
use crate::results::{NativeFailure, failed};
use crate::walls::Snapshot;

/// A booted image, from which machines start.
#[napi]
pub struct NativeSnapshot {
    snapshot: Option<Snapshot>,
}

/// Result of [`NativeSnapshot::boot`].
#[napi(object, object_from_js = false)]
pub struct SnapshotResult {
    /// Present when the image is ready.
    pub value: Option<NativeSnapshot>,
    /// Present when it is not.
    pub failure: Option<NativeFailure>,
}

/// Result of [`NativeSnapshot::machine`].
#[napi(object, object_from_js = false)]
pub struct MachineResult {
    /// Present when there is a machine.
    pub value: Option<NativeMachine>,
    /// Present when there is none.
    pub failure: Option<NativeFailure>,
}

#[napi]
impl NativeSnapshot {
    /// Boots an image. The first attachment is the compiled module, which is mapped executable. What is `walled` runs in
    /// worker processes, up from the boot.
    #[napi]
    #[allow(clippy::too_many_arguments, reason = "the binding is called from one place, in TypeScript")]
    pub fn boot(
        env: &Env,
        image: Uint8ArraySlice<'_>,
        attachments: Vec<Uint8ArraySlice<'_>>,
        input: Uint8ArraySlice<'_>,
        limits: NativeLimits,
        seed: Either<Uint8ArraySlice<'_>, Null>,
        recycle: bool,
        walled: bool,
        host_call: HostCall,
        record: RecordSink,
    ) -> SnapshotResult {
        let attachments: Vec<(&[u8], bool)> =
            attachments.iter().enumerate().map(|(index, bytes)| (bytes.as_ref(), index == 0)).collect();
        let fixed_seed = match &seed {
            Either::A(bytes) => bytes.as_ref().try_into().ok(),
            Either::B(_) => None,
        };
        let options = BootOptions {
            input: &input,
            attachments: &attachments,
            limits: limits.into(),
            fixed_seed,
            recycle,
        };
        let mut host = JavaScriptHost { env, host_call: &host_call, record: &record };
        match Snapshot::boot(&image, &options, &mut host, walled) {
            Ok(snapshot) => SnapshotResult { value: Some(Self { snapshot: Some(snapshot) }), failure: None },
            Err(error) => SnapshotResult { value: None, failure: Some(failed(&error)) },
        }
    }

    /// Takes over a state that [`NativeSnapshot::save`] gave, of the same image and attachments.
    #[napi]
    #[allow(clippy::too_many_arguments, reason = "as for `boot`")]
    pub fn load(
        image: Uint8ArraySlice<'_>,
        attachments: Vec<Uint8ArraySlice<'_>>,
        registers: Uint8ArraySlice<'_>,
        addresses: Vec<f64>,
        contents: Vec<Uint8ArraySlice<'_>>,
        limits: NativeLimits,
        recycle: bool,
        walled: bool,
    ) -> SnapshotResult {
        let attachments: Vec<(&[u8], bool)> =
            attachments.iter().enumerate().map(|(index, bytes)| (bytes.as_ref(), index == 0)).collect();
        let loaded = state_of(&registers, &addresses, &contents)
            .and_then(|state| Snapshot::load(&image, &attachments, limits.into(), recycle, &state, walled));
        match loaded {
            Ok(snapshot) => SnapshotResult { value: Some(Self { snapshot: Some(snapshot) }), failure: None },
            Err(error) => SnapshotResult { value: None, failure: Some(failed(&error)) },
        }
    }

    /// The state that machines start from; nothing when the snapshot is closed, or its state cannot be read.
    #[napi]
    pub fn save(&self) -> Option<NativeState> {
        self.snapshot.as_ref()?.save().ok().map(NativeState::from)
    }

    /// Bytes that each machine can write from the start.
    #[napi(getter)]
    pub fn writable_bytes(&self) -> f64 {
        self.snapshot.as_ref().map_or(0.0, |snapshot| snapshot.writable_bytes() as f64)
    }

    /// A machine that starts here.
    #[napi]
    pub fn machine(&self, host_call: HostCall, record: RecordSink) -> MachineResult {
        let gone = || CallError::new(ErrorCode::Disposed, "the snapshot is closed");
        let machine = match &self.snapshot {
            Some(snapshot) => snapshot.machine(),
            None => Err(gone()),
        };
        match machine {
            Ok(machine) => {
                MachineResult { value: Some(NativeMachine::new(machine, host_call, record)), failure: None }
            }
            Err(error) => MachineResult { value: None, failure: Some(failed(&error)) },
        }
    }

    /// Lets go of the snapshot; machines that were made from it go on.
    #[napi]
    pub fn close(&mut self) {
        self.snapshot = None;
    }
}

/// A guest's state.
#[napi(object, object_from_js = false)]
pub struct NativeState {
    /// General registers, little endian, eight bytes each.
    pub registers: Uint8Array,
    /// Addresses of ranges of memory.
    pub addresses: Vec<f64>,
    /// Contents of each.
    pub contents: Vec<Uint8Array>,
}

impl From<SavedState> for NativeState {
    fn from(state: SavedState) -> Self {
        let registers: Vec<u8> = state.registers.iter().flat_map(|register| register.to_le_bytes()).collect();
        Self {
            registers: Uint8Array::new(registers),
            addresses: state.runs.iter().map(|run| run.address as f64).collect(),
            contents: state.runs.into_iter().map(|run| Uint8Array::new(run.bytes)).collect(),
        }
    }
}

/// A state from JavaScript. What it says is checked where it is loaded.
fn state_of(
    registers: &[u8],
    addresses: &[f64],
    contents: &[Uint8ArraySlice<'_>],
) -> Result<SavedState, CallError> {
    let (words, rest) = registers.as_chunks::<8>();
    let registers: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let registers: Option<[u64; SAVED_REGISTERS]> = registers.try_into().ok().filter(|_| rest.is_empty());
    let (Some(registers), true) = (registers, addresses.len() == contents.len()) else {
        return Err(CallError::new(ErrorCode::BadSnapshot, "it has other registers or memory than a guest"));
    };
    let runs = addresses.iter().zip(contents);
    let runs = runs.map(|(&address, bytes)| SavedRun { address: address as u64, bytes: bytes.to_vec() });
    Ok(SavedState { registers, runs: runs.collect() })
}
