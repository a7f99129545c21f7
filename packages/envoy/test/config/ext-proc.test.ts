import { envoyProblem, validate } from "@twinwall/tool-envoy";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type ExtProcConfigOptions, extProcConfig, toYaml } from "../../src/index.js";

const service = "unix:/run/twinwall.sock";
const listen = "127.0.0.1:0";

function filterOf(options: Partial<ExtProcConfigOptions>): object {
  const { filters } = extProcConfig({ service, filterOnly: true, ...options });
  const [filter] = filters as { typed_config: object }[];
  return filter?.typed_config ?? {};
}

describe("a configuration for the service", () => {
  const problem = envoyProblem();
  beforeEach((context) => context.skip(problem !== undefined, problem));

  it.each<[string, ExtProcConfigOptions]>([
    ["echo", { service, listen }],
    ["upstream", { service, listen, upstream: "127.0.0.1:9" }],
    [
      "a service and an upstream by name",
      { service: "service.test:50051", listen, upstream: "upstream.test:80" },
    ],
    ["IPv6 and administration", { service: "[::1]:50051", listen: "[::1]:0", admin: "127.0.0.1:0" }],
    ["reading only", { service, listen, directions: "read", deadline: "1s" }],
    ["writing only", { service, listen, directions: "write", deadline: 0.1 }],
    ["names that YAML could misread", { service: "unix:n", listen, upstream: "y:1" }],
  ])("validates: %s", async (_, options) => {
    const { ok, output } = await validate(toYaml(extProcConfig(options)));
    expect(ok, output).toBe(true);
    expect(output).not.toMatch(/deprecated/i);
  });

  it("validates where its parts are put into another", async () => {
    const { filters, clusters } = parse(toYaml(extProcConfig({ service, filterOnly: true }))) as {
      filters: object[];
      clusters: object[];
    };
    const whole = extProcConfig({ service, listen }) as { static_resources: { listeners: object[] } };
    const [listener] = whole.static_resources.listeners as { filter_chains: { filters: object[] }[] }[];
    const behind = listener?.filter_chains[0]?.filters[1] as object;
    const chain = { filters: [...filters, behind] };
    const config = { static_resources: { listeners: [{ ...listener, filter_chains: [chain] }], clusters } };
    expect(await validate(config)).toMatchObject({ ok: true });
  });
});

describe("what it says", () => {
  it("lets nothing through unprocessed, and waits longer than a call may take", () => {
    expect(filterOf({ deadline: "1s" })).toMatchObject({
      failure_mode_allow: false,
      message_timeout: "1.2s",
    });
    expect(filterOf({})).toMatchObject({
      message_timeout: "0.25s",
      processing_mode: { process_read: "STREAMED", process_write: "STREAMED" },
    });
  });

  it("sends the directions that were asked for", () => {
    expect(filterOf({ directions: "read" })).toMatchObject({
      processing_mode: { process_read: "STREAMED", process_write: "SKIP" },
    });
    expect(filterOf({ directions: "write" })).toMatchObject({
      processing_mode: { process_read: "SKIP", process_write: "STREAMED" },
    });
  });

  it("opens a new connection to the service before Node closes the old one", () => {
    const text = toYaml(extProcConfig({ service, filterOnly: true }));
    expect(text).toContain("max_requests_per_connection: 900");
  });

  it("has an administration interface only when it is asked for", () => {
    expect(extProcConfig({ service, listen })).not.toHaveProperty("admin");
    expect(extProcConfig({ service, listen, admin: "localhost:9901" })).toHaveProperty("admin.address", {
      socket_address: { address: "127.0.0.1", port_value: 9901 },
    });
  });
});

describe("wrong options", () => {
  it.each<[string, object, RegExp]>([
    ["no service", { listen }, /service: undefined is no HOST:PORT/],
    ["no place to listen", { service }, /listen: undefined is no HOST:PORT/],
    [
      "administration for everybody",
      { service, listen, admin: "0.0.0.0:9901" },
      /admin: "0.0.0.0" is no loopback/,
    ],
    [
      "administration by name",
      { service, listen, admin: "example.com:9901" },
      /admin: "example.com" is a name/,
    ],
    [
      "an unknown direction",
      { service, listen, directions: "up" },
      /directions: expected one of "both", "read"/,
    ],
    ["no deadline", { service, listen, deadline: "none" }, /deadline is between/],
    ["a deadline that is no time", { service, listen, deadline: "soon" }, /deadline: "soon" is no time/],
    [
      "a misspelt name",
      { service, listen, upstraem: "a:1" },
      /unknown option "upstraem"; known are service,/,
    ],
    [
      "a place with a filter alone",
      { service, filterOnly: true, listen },
      /listen: means nothing with "filterOnly"/,
    ],
  ])("%s is E_OPTION", (_, options, message) => {
    let error: unknown;
    try {
      extProcConfig(options as ExtProcConfigOptions);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: "E_OPTION", message: expect.stringMatching(message) as string });
  });

  it("no options at all", () => {
    expect(() => extProcConfig(null as unknown as ExtProcConfigOptions)).toThrow(
      /E_OPTION: options: expected an object/,
    );
  });
});
