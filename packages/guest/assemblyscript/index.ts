// Functions that Twinwall runs, in AssemblyScript: bytes in, bytes out.
//
//     import { read, respond } from "@twinwall/guest/assemblyscript";
//     export { twinwall_allocate, twinwall_free } from "@twinwall/guest/assemblyscript";
//
//     export function upper(pointer: usize, length: usize): u64 {
//       const bytes = read(pointer, length);
//       for (let i = 0; i < bytes.length; i++) if (bytes[i] >= 97 && bytes[i] <= 122) bytes[i] -= 32;
//       return respond(bytes);
//     }
//
//     export function add(a: i32, b: i32): i32 {
//       return a + b;
//     }
//
// Build with the options of asconfig.json beside this file. The runtime is "incremental", which looks after memory within
// a call and from call to call of a session. "minimal" works too: it collects between calls only. With "stub" nothing is
// ever freed, which is enough where each call starts from a clean slate.

import "./replacements";

export { console } from "./console";
export { ERROR, fail, NOT_UTF8, PANIC } from "./failure";
export { answer, read, respond, twinwall_allocate, twinwall_free } from "./memory";
export { answerText, readText, respondText } from "./text";
