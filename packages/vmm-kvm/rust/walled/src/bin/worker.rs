//! The process that owns one machine.

fn main() -> ! {
    twinwall_walled::worker::run()
}
