/**
 * Run untrusted WebAssembly functions inside micro-VMs, or, without KVM, inside the host's own WebAssembly engine.
 *
 * {@link Sandbox} is where to start; {@link hostFunction} and {@link t} declare what a guest may call.
 *
 * @module
 */

// Names the image and the compiler that come with the packages.
import "@twinwall/runtime";

export * from "./slim.js";
