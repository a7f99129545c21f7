//! What the runtime's own images promise the machine.

#![cfg_attr(not(images), allow(unused, reason = "without the images there is nothing to test"))]

use std::sync::Arc;

use twinwall_abi::CallKind;

use crate::NoHost;
use crate::image::Image;
use crate::machine::Call;
use crate::snapshot::{BootOptions, Snapshot};

#[cfg(images)]
const IMAGES: [&[u8]; 2] = [
    include_bytes!("../../../../../runtime/artifacts/images/echo.elf"),
    include_bytes!("../../../../../runtime/artifacts/images/wasm.elf"),
];
#[cfg(not(images))]
const IMAGES: [&[u8]; 2] = [&[]; 2];

/// At the resume address: `mov eax, -1; mov edx, -1; xrstor64 [rip + distance]; cld`, and at that distance an area
/// that says "all initial".
#[test]
#[cfg_attr(not(images), ignore = "needs the runtime's images: `pnpm build`")]
fn images_reset_extended_state_where_they_resume() {
    for elf in IMAGES {
        let image = Image::load(elf).expect("an image");
        let code = &image.memory.slice()[(image.header.resume() - image.base) as usize..];
        assert_eq!(code[..14], *b"\xb8\xff\xff\xff\xff\xba\xff\xff\xff\xff\x48\x0f\xae\x2d");
        let distance = i32::from_le_bytes(code[14..18].try_into().expect("4 bytes"));
        // `cld; mov eax, 0x2b`, and later the four data segment registers.
        assert_eq!(code[18..24], *b"\xfc\xb8\x2b\0\0\0");
        assert!(code[24..64].windows(8).any(|bytes| bytes == b"\x8e\xd8\x8e\xc0\x8e\xe0\x8e\xe8"));
        let area = image.header.resume() as i64 + 18 + i64::from(distance);
        assert_eq!(area % 64, 0);
        let area = &image.memory.slice()[(area - image.base as i64) as usize..][..832];
        let mut expected = [0; 832];
        expected[24..28].copy_from_slice(&0x1f80_u32.to_le_bytes());
        assert_eq!(*area, expected);
        assert_ne!(image.header.resume(), image.entry);
    }
}

/// A guest that left all registers full of secrets; then a restore, and one call.
#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn a_call_of_a_real_image_resets_extended_state() {
    const CANARY: u8 = 0xc5;
    let image = Arc::new(Image::load(IMAGES[0]).expect("an image"));
    let snapshot = Snapshot::boot(image, &BootOptions::default(), &mut NoHost).expect("the image boots");
    let mut machine = snapshot.machine().expect("a machine");
    let call = Call {
        kind: CallKind::Bytes,
        function: 0,
        input: &[0x11; 100],
        continues: false,
        restore: false,
        exact: true,
    };
    for _ in 0..3 {
        machine.call(&call, &mut NoHost, &mut [0; 100]).expect("an echo");
        machine.vm().fill_extended_state(CANARY);
        let filled = machine.vm().extended_state();
        assert!(filled[160..416].iter().all(|&byte| byte == CANARY), "the test does not fill the registers");
        machine.restore();
        machine.call(&call, &mut NoHost, &mut [0; 100]).expect("an echo");
        let state = machine.vm().extended_state();
        assert!(!state.windows(2).any(|pair| pair == [CANARY; 2]), "a register survived");
        assert_eq!(state[..2], 0x37f_u16.to_le_bytes());
        assert_eq!(state[24..28], 0x1f80_u32.to_le_bytes());
        machine.restore();
        assert!(machine.has_writable_memory(snapshot.contents().bytes()));
    }
}
