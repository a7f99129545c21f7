import { isIP } from "node:net";
import { show, TwinwallError } from "@twinwall/abi";
import type { ListenAddress } from "../ext-proc/listen.js";
import type { EnvoyConfig } from "./print.js";

/**
 * Reads `HOST:PORT`; an IPv6 address stands in brackets. `localhost` is `127.0.0.1`.
 *
 * @param name Name of the option, for the error.
 * @throws TwinwallError `E_OPTION` for anything else.
 */
export function parseHostPort(value: unknown, name: string, leastPort = 1): { host: string; port: number } {
  const match =
    typeof value === "string" ? /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(value) : null;
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3] ?? Number.NaN);
  const isHost = match?.[1] === undefined ? isIP(host) === 4 || isHostName(host) : isIP(host) === 6;
  if (isHost && port >= leastPort && port <= 65_535) {
    return { host: host === "localhost" ? "127.0.0.1" : host, port };
  }
  throw new TwinwallError(
    "E_OPTION",
    `${name}: ${show(value)} is no HOST:PORT, such as "127.0.0.1:8080" or "[::1]:8080"`,
  );
}

/**
 * Reads `HOST:PORT` where the host must be an address, as Envoy does not look names up that it listens on. Port 0 lets the
 * system choose.
 *
 * @throws TwinwallError `E_OPTION` for anything else.
 */
export function parseListenAddress(value: unknown, name: string): { host: string; port: number } {
  const place = parseHostPort(value, name, 0);
  if (isIP(place.host) !== 0) return place;
  throw new TwinwallError(
    "E_OPTION",
    `${name}: ${show(place.host)} is a name, and Envoy listens on addresses; 0.0.0.0 and [::] are all of this machine`,
  );
}

/**
 * Reads an address as the command line has it: `unix:PATH`, or `HOST:PORT`, where an IPv6 address stands in brackets.
 *
 * @param name Name of the option, for the error.
 * @param leastPort Smallest port that is one. Default 0, which lets the system choose.
 * @throws TwinwallError `E_OPTION` for anything else.
 * @example
 * ```ts
 * parseAddress("unix:/run/twinwall.sock", "listen"); // => { path: "/run/twinwall.sock" }
 * ```
 */
export function parseAddress(value: unknown, name: string, leastPort = 0): ListenAddress {
  if (typeof value !== "string" || !value.startsWith("unix:")) return parseHostPort(value, name, leastPort);
  const path = value.slice("unix:".length);
  // 108 bytes with the zero at the end is what Linux takes.
  if (path !== "" && !path.includes("\0") && Buffer.byteLength(path) < 108) return { path };
  throw new TwinwallError("E_OPTION", `${name}: ${show(path)} is no path of a Unix socket (1 to 107 bytes)`);
}

/** The address in Envoy's form. */
export function toAddress(place: ListenAddress): EnvoyConfig {
  if ("path" in place) return { pipe: { path: place.path } };
  return { socket_address: { address: place.host, port_value: place.port } };
}

/** A cluster with one endpoint; a host that is a name is looked up again and again. */
export function toCluster(name: string, place: ListenAddress, rest: EnvoyConfig): EnvoyConfig {
  const isAddress = "path" in place || isIP(place.host) !== 0;
  return {
    name,
    type: isAddress ? "STATIC" : "STRICT_DNS",
    ...rest,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: toAddress(place) } }] }],
    },
  };
}

/** Whether only programs of this machine reach the address. */
export function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function isHostName(host: string): boolean {
  const labels = host.split(".");
  const isNumeric = /^\d*$/.test(labels.at(-1) ?? "");
  return (
    host.length <= 253 &&
    !isNumeric &&
    labels.every((label) => /^[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/.test(label))
  );
}
