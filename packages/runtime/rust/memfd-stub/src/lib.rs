//! Empty stand-in for the crate `memfd`, whose use of std no freestanding image can have.
#![no_std]
