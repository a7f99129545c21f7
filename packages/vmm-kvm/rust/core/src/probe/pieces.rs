//! Named pieces of machine code, to be put behind the probe's own behaviours by [`super::image_with`].

/// Assembles pieces one after the other under the label `$label`, each behind its length, with the constants `$operand`,
/// and defines `piece(name)`, which finds one of them.
///
/// A piece starts with the registers that [`super::image_with`] promises, and comes to the gate when it runs through.
/// The local labels 8 and 9 are taken.
macro_rules! pieces {
    ($label:ident $(, $operand:ident = $value:expr)*; $($name:literal: $($line:literal)+;)*) => {
        std::arch::global_asm!(
            concat!(".pushsection .rodata.", stringify!($label), ", \"a\""),
            concat!(".global ", stringify!($label)),
            concat!(stringify!($label), ":"),
            $(".long 9f - 8f", "8:", $($line,)+ "9:",)*
            ".long 0",
            ".popsection",
            $($operand = const $value,)*
        );

        /// The names of all pieces, in their order.
        #[allow(dead_code, reason = "most users know the names")]
        pub(crate) const NAMES: &[&str] = &[$($name),*];

        /// The piece of that name.
        pub(crate) fn piece(name: &str) -> Option<&'static [u8]> {
            unsafe extern "C" {
                static $label: u8;
            }
            let index = NAMES.iter().position(|&known| known == name)?;
            // SAFETY: the assembler placed as many pieces as there are names under the label, each behind its length.
            Some(unsafe { $crate::probe::pieces::nth(&raw const $label, index) })
        }
    };
}

pub(crate) use pieces;

/// The piece behind `index` others.
///
/// # Safety
/// More than `index` pieces lie at `at`, each behind its length in four bytes, in memory that nothing ever changes.
pub(crate) unsafe fn nth(mut at: *const u8, index: usize) -> &'static [u8] {
    let mut left = index;
    loop {
        // SAFETY: the caller's promise.
        let length = unsafe { at.cast::<u32>().read_unaligned() } as usize;
        // SAFETY: as above.
        let code = unsafe { at.add(4) };
        if left == 0 {
            // SAFETY: as above.
            return unsafe { std::slice::from_raw_parts(code, length) };
        }
        // SAFETY: as above.
        at = unsafe { code.add(length) };
        left -= 1;
    }
}
