//! Snapshots as JavaScript objects.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use napi::Env;
use napi::bindgen_prelude::{Either, Null, Uint8ArraySlice};
use napi_derive::napi;
use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{BootOptions, CallError, Image, Snapshot};

use crate::host::{HostCall, JavaScriptHost, RecordSink};
use crate::limits::NativeLimits;
use crate::machine::NativeMachine;
use crate::results::{NativeFailure, failed};

/// A booted image, from which machines start.
#[napi]
pub struct NativeSnapshot {
    snapshot: Option<Arc<Snapshot>>,
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
    /// Boots an image. The first attachment is the compiled module, which is mapped executable.
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
        let booted = shared_image(&image).and_then(|image| Snapshot::boot(image, &options, &mut host));
        match booted {
            Ok(snapshot) => SnapshotResult { value: Some(Self { snapshot: Some(snapshot) }), failure: None },
            Err(error) => SnapshotResult { value: None, failure: Some(failed(&error)) },
        }
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
            Some(snapshot) => snapshot.machine().map_err(CallError::from),
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

/// Images that are in use, with their files: sandboxes of one process share the read-only memory of equal images.
static IMAGES: Mutex<Vec<(Vec<u8>, Weak<Image>)>> = Mutex::new(Vec::new());

fn shared_image(elf: &[u8]) -> Result<Arc<Image>, CallError> {
    let mut images = IMAGES.lock().unwrap_or_else(PoisonError::into_inner);
    images.retain(|(_, image)| image.strong_count() > 0);
    let found = images.iter().find(|(file, _)| file == elf).and_then(|(_, image)| image.upgrade());
    if let Some(image) = found {
        return Ok(image);
    }
    let image = Arc::new(Image::load(elf)?);
    images.push((elf.to_vec(), Arc::downgrade(&image)));
    Ok(image)
}
