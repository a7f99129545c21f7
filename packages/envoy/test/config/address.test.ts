import { expect, test } from "vitest";
import {
  isLoopback,
  parseAddress,
  parseHostPort,
  parseListenAddress,
  toCluster,
} from "../../src/config/address.js";

test.each([
  ["127.0.0.1:80", { host: "127.0.0.1", port: 80 }],
  ["[::1]:8080", { host: "::1", port: 8080 }],
  ["localhost:65535", { host: "127.0.0.1", port: 65_535 }],
  ["a-b.example.com:1", { host: "a-b.example.com", port: 1 }],
])("%s is a place", (text, place) => {
  expect(parseHostPort(text, "upstream")).toEqual(place);
});

test.each([
  "",
  "127.0.0.1",
  ":80",
  "127.0.0.1:",
  "127.0.0.1:65536",
  "127.0.0.1:0",
  "127.0.0.1:8o",
  "::1:80",
  "[127.0.0.1]:80",
  "[::1]",
  "1.2.3:80",
  "1.2.3.400:80",
  "a b:80",
  "-a:80",
  "a..b:80",
  "a:80\n",
  "http://a:80",
  "a:80/",
  80,
  undefined,
  null,
])("%j is none", (text) => {
  expect(() => parseHostPort(text, "upstream")).toThrow(/^E_OPTION: upstream: .* is no HOST:PORT/);
});

test("Envoy listens on addresses, on any port", () => {
  expect(parseListenAddress("[::]:0", "listen")).toEqual({ host: "::", port: 0 });
  expect(() => parseListenAddress("example.com:80", "listen")).toThrow(
    /E_OPTION: listen: "example.com" is a name/,
  );
});

test("a service may be a Unix socket", () => {
  expect(parseAddress("unix:/run/x.sock", "service")).toEqual({ path: "/run/x.sock" });
  expect(parseAddress("localhost:1", "service")).toEqual({ host: "127.0.0.1", port: 1 });
  for (const path of ["", "a\0b", `/${"x".repeat(107)}`, `/${"ü".repeat(54)}`])
    expect(() => parseAddress(`unix:${path}`, "service"), path).toThrow(/E_OPTION: service: /);
  expect(parseAddress("[::]:0", "listen")).toEqual({ host: "::", port: 0 });
  expect(() => parseAddress("[::]:0", "service", 1)).toThrow(/E_OPTION: service: /);
});

test("only names are looked up", () => {
  expect(toCluster("c", { host: "::1", port: 1 }, {})).toMatchObject({ type: "STATIC" });
  expect(toCluster("c", { path: "/x" }, {})).toMatchObject({ type: "STATIC" });
  expect(toCluster("c", { host: "example.com", port: 1 }, {})).toMatchObject({ type: "STRICT_DNS" });
});

test("loopback is 127.0.0.0/8 and ::1", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1"].every(isLoopback)).toBe(true);
  expect(["0.0.0.0", "::", "10.0.0.1", "127.example.com"].some(isLoopback)).toBe(false);
});
