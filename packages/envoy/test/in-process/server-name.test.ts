import { connectTcp, type Envoy, startEnvoy } from "@twinwall/tool-envoy";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clientHello } from "../support/client-hello.js";
import { Folder } from "../support/guests.js";
import {
  compileText,
  inProcessProblem,
  listeners,
  moduleEnvironment,
  needsInProcess,
} from "../support/in-process.js";

/** Answers with the name of the server that the client asked for. */
const guest = `(module
  (import "twinwall" "connection" (func $connection (param i32 i32) (result i64)))
  (memory (export "memory") 3)
  (data (i32.const 16) "connection.requested_server_name")
  (func (export "twinwall_allocate") (param $size i32) (result i32)
    (select (i32.const 65536) (i32.const 1025) (i32.gt_u (local.get $size) (i32.const 255))))
  (func (export "on_data") (param i32 i32) (result i64)
    (local $length i32)
    (local.set $length (i32.wrap_i64 (call $connection (i32.const 16) (i32.const 32))))
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i64.or (i64.const 0x40000000000) (i64.extend_i32_u (i32.add (local.get $length) (i32.const 1))))))`;

const folder = new Folder();
let envoy: Envoy;

needsInProcess();
beforeAll(async () => {
  if (inProcessProblem() !== undefined) return;
  const module = await compileText(folder, "server-name", guest);
  const { listeners: made } = await listeners([
    { name: "twinwall", connection: { module, terminal: true, limits: { deadline: "2s" } } },
  ]);
  const inspector = {
    name: "envoy.filters.listener.tls_inspector",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
    },
  };
  envoy = await startEnvoy({
    config: {
      static_resources: {
        listeners: made.map((listener) => ({ ...listener, listener_filters: [inspector] })),
      },
    },
    env: moduleEnvironment(),
  });
});
afterAll(async () => {
  await envoy?.stop();
  folder[Symbol.dispose]();
});

it("a guest knows the server that a TLS client asks for", async () => {
  using client = await connectTcp(envoy);
  await client.send(await clientHello("guest.example"));
  expect((await client.read("guest.example".length)).toString()).toBe("guest.example");
});
