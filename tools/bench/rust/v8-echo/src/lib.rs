//! The echo guest's work as a Proxy-Wasm plugin, so that Envoy's own V8 network filter can be
//! measured beside it: each chunk is read into the plugin and written back from there.

use proxy_wasm::traits::{Context, StreamContext};
use proxy_wasm::types::{Action, LogLevel};

struct Echo;

impl Context for Echo {}

impl StreamContext for Echo {
    fn on_downstream_data(&mut self, size: usize, _end_of_stream: bool) -> Action {
        if let Some(data) = self.get_downstream_data(0, size) {
            self.set_downstream_data(0, size, &data);
        }
        Action::Continue
    }

    fn on_upstream_data(&mut self, size: usize, _end_of_stream: bool) -> Action {
        if let Some(data) = self.get_upstream_data(0, size) {
            self.set_upstream_data(0, size, &data);
        }
        Action::Continue
    }
}

proxy_wasm::main! {{
    // A level that lets nothing through: the echo guest logs nothing either.
    proxy_wasm::set_log_level(LogLevel::Error);
    proxy_wasm::set_stream_context(|_, _| Box::new(Echo));
}}
