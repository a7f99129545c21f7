//! What the parent says.

use twinwall_abi::CallKind;
use twinwall_vmm_kvm::{Call, Limits, SAVED_REGISTERS};

use super::{Fields, Frame, Malformed, kind};

/// What a worker is for. Image, attachments and the state's memory lie in files that it inherits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start<'a> {
    /// To find out whether there can be workers.
    Check,
    /// To boot an image.
    Boot { limits: Limits, seed: Option<[u8; 32]>, attachments: Vec<(u64, bool)>, input: &'a [u8] },
    /// To have a machine of a snapshot.
    Load(Load),
}

/// A machine of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) limits: Limits,
    pub(crate) seed: Option<[u8; 32]>,
    /// Bytes of each attachment, and whether it is executable.
    pub(crate) attachments: Vec<(u64, bool)>,
    pub(crate) registers: [u64; SAVED_REGISTERS],
    /// Addresses and lengths of the memory.
    pub(crate) runs: Vec<(u64, u64)>,
    /// What the parent has measured of KVM's dirty log, if that may be used.
    pub(crate) dirty_log: Option<[u64; 4]>,
}

const CHECK: u32 = 0;
const BOOT: u32 = 1;
const LOAD: u32 = 2;

const CONTINUES: u32 = 1;
const RESTORE: u32 = 2;

pub(crate) fn encode_start(start: &Start<'_>) -> Frame {
    let mut frame = Frame::new(kind::START);
    match start {
        Start::Check => frame.u32(CHECK),
        Start::Boot { limits, seed, attachments, input } => {
            frame.u32(BOOT);
            put_limits(&mut frame, limits);
            put_seed(&mut frame, *seed);
            put_attachments(&mut frame, attachments);
            frame.bytes(input);
        }
        Start::Load(Load { limits, seed, attachments, registers, runs, dirty_log }) => {
            frame.u32(LOAD);
            put_limits(&mut frame, limits);
            put_seed(&mut frame, *seed);
            put_attachments(&mut frame, attachments);
            registers.iter().for_each(|register| frame.u64(*register));
            frame.u64(runs.len() as u64);
            for (address, length) in runs {
                frame.u64(*address);
                frame.u64(*length);
            }
            frame.u32(u32::from(dirty_log.is_some()));
            dirty_log.unwrap_or_default().iter().for_each(|cost| frame.u64(*cost));
        }
    }
    frame
}

pub(crate) fn decode_start(payload: &[u8]) -> Result<Start<'_>, Malformed> {
    let mut fields = Fields(payload);
    let what = fields.u32()?;
    if what == CHECK {
        return Ok(Start::Check);
    }
    let limits = take_limits(&mut fields)?;
    let seed = take_seed(&mut fields)?;
    let attachments = take_attachments(&mut fields)?;
    if what == BOOT {
        return Ok(Start::Boot { limits, seed, attachments, input: fields.rest() });
    }
    let mut registers = [0; SAVED_REGISTERS];
    for register in &mut registers {
        *register = fields.u64()?;
    }
    let runs = (0..fields.u64()?).map(|_| Ok((fields.u64()?, fields.u64()?)));
    let runs = runs.collect::<Result<_, Malformed>>()?;
    let measured = fields.u32()? != 0;
    let costs = [fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?];
    let dirty_log = measured.then_some(costs);
    Ok(Start::Load(Load { limits, seed, attachments, registers, runs, dirty_log }))
}

/// Begins the frame of a call in `frame`; the input follows it.
pub(crate) fn encode_call(frame: &mut Frame, limits: &Limits, call: &Call<'_>) {
    frame.begin(kind::CALL);
    put_limits(frame, limits);
    frame.u32(u32::from(call.kind.0));
    frame.u32(call.function);
    let continues = if call.continues { CONTINUES } else { 0 };
    let restore = if call.restore { RESTORE } else { 0 };
    frame.u32(continues | restore);
    frame.u32(0);
}

/// A call and its limits. Whether its result fits is the parent's affair.
pub(crate) fn decode_call(payload: &[u8]) -> Result<(Limits, Call<'_>), Malformed> {
    let mut fields = Fields(payload);
    let limits = take_limits(&mut fields)?;
    let (call_kind, function, flags, _) = (fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?);
    let call = Call {
        kind: CallKind(u16::try_from(call_kind).map_err(|_| Malformed("a kind of call"))?),
        function,
        input: fields.rest(),
        continues: flags & CONTINUES != 0,
        restore: flags & RESTORE != 0,
        exact: false,
    };
    Ok((limits, call))
}

fn put_limits(frame: &mut Frame, limits: &Limits) {
    let Limits {
        memory_bytes,
        input_bytes,
        output_bytes,
        outbox_bytes,
        host_calls,
        host_bytes,
        deadline,
        cpu_time,
        fuel,
    } = *limits;
    for value in [
        memory_bytes,
        input_bytes,
        output_bytes,
        outbox_bytes,
        host_calls,
        host_bytes,
        deadline,
        cpu_time,
        fuel,
    ] {
        frame.u64(value);
    }
}

fn take_limits(fields: &mut Fields<'_>) -> Result<Limits, Malformed> {
    Ok(Limits {
        memory_bytes: fields.u64()?,
        input_bytes: fields.u64()?,
        output_bytes: fields.u64()?,
        outbox_bytes: fields.u64()?,
        host_calls: fields.u64()?,
        host_bytes: fields.u64()?,
        deadline: fields.u64()?,
        cpu_time: fields.u64()?,
        fuel: fields.u64()?,
    })
}

fn put_seed(frame: &mut Frame, seed: Option<[u8; 32]>) {
    frame.u32(u32::from(seed.is_some()));
    frame.bytes(&seed.unwrap_or_default());
}

fn take_seed(fields: &mut Fields<'_>) -> Result<Option<[u8; 32]>, Malformed> {
    let given = fields.u32()? != 0;
    let mut seed = [0; 32];
    seed.copy_from_slice(fields.take(32)?);
    Ok(given.then_some(seed))
}

fn put_attachments(frame: &mut Frame, attachments: &[(u64, bool)]) {
    frame.u64(attachments.len() as u64);
    for (length, executable) in attachments {
        frame.u64(*length);
        frame.u64(u64::from(*executable));
    }
}

fn take_attachments(fields: &mut Fields<'_>) -> Result<Vec<(u64, bool)>, Malformed> {
    (0..fields.u64()?).map(|_| Ok((fields.u64()?, fields.u64()? != 0))).collect()
}
