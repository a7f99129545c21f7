import { lstatSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { show, TwinwallError } from "@twinwall/abi";

/** Where to listen: a Unix socket, or a TCP address; port 0 takes a free one. */
export type ListenAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** Longest path of a Unix socket that Linux knows, bytes. */
const LONGEST_PATH = 107;

/**
 * Starts to listen.
 *
 * A socket file that nobody listens on any more, as a killed service leaves it, is replaced.
 *
 * @returns Where it listens, with the port that was taken.
 * @throws TwinwallError `E_OPTION` for no address, or one that cannot be listened on; `E_BUSY` when it listens already.
 */
export async function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  checkAddress(address);
  if (server.listening) throw new TwinwallError("E_BUSY", "the service listens already");
  if ("path" in address && (await isStale(address.path))) unlinkSync(address.path);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => reject(listenError(address, error));
    server.once("error", failed);
    server.listen(address, () => {
      server.off("error", failed);
      resolve();
    });
  });
  const found = server.address();
  if (found === null || typeof found === "string" || !("host" in address)) return address;
  return { host: found.address, port: found.port };
}

function checkAddress(address: unknown): asserts address is ListenAddress {
  if (typeof address === "object" && address !== null) {
    if ("path" in address && typeof address.path === "string" && !("host" in address)) {
      const { path } = address;
      if (path !== "" && !path.includes("\0") && Buffer.byteLength(path) <= LONGEST_PATH) return;
      throw new TwinwallError(
        "E_OPTION",
        `path: ${show(path)} is no path of a socket, or is too long for one`,
      );
    }
    if ("host" in address && "port" in address && typeof address.host === "string" && !("path" in address)) {
      const { port } = address;
      if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 0xffff) return;
      throw new TwinwallError("E_OPTION", `port: ${show(port)} is no port`);
    }
  }
  throw new TwinwallError("E_OPTION", "the address is { path } or { host, port }");
}

/** Tells whether a socket file is there that refuses connections. */
async function isStale(path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false;
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(1000, () => settle(false));
    socket.once("connect", () => settle(false));
    socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code === "ECONNREFUSED"));
    function settle(stale: boolean): void {
      socket.destroy();
      resolve(stale);
    }
  });
}

function listenError(address: ListenAddress, error: NodeJS.ErrnoException): TwinwallError {
  const where = "path" in address ? address.path : `${address.host}:${address.port}`;
  return new TwinwallError("E_OPTION", `cannot listen on ${where}: ${error.code ?? error.message}`, {
    cause: error,
  });
}
