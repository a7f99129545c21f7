import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { within } from "@twinwall/tool-envoy";

/** The one method of the service. */
export const PROCESS = "/envoy.service.network_ext_proc.v3.NetworkExternalProcessor/Process";

/** A gRPC frame around a message. */
export function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** A request for up to 125 bytes of text from the client, or `"write"`: from the upstream. */
export function requestOf(text: string, direction: "read" | "write" = "read"): Buffer {
  const data = Buffer.from(text);
  const body = Buffer.concat([Uint8Array.of(0x0a, data.length), data]);
  return frame(Buffer.concat([Uint8Array.of(direction === "read" ? 0x0a : 0x12, body.length), body]));
}

/** What an HTTP/2 client says first. */
export const preface = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), http2Frame(4, 0, 0)]);

/** HTTP/2 frames that open a stream of the service, and reset it if that is wanted. */
export function openStream(number: number, reset: boolean): Buffer {
  const id = 2 * number + 1;
  const path = Buffer.from(PROCESS);
  // POST, http, and the path as a literal.
  const headers = Buffer.concat([Uint8Array.of(0x83, 0x86, 0x04, path.length), path]);
  const open = http2Frame(1, 4, id, headers);
  return reset ? Buffer.concat([open, http2Frame(3, 0, id, Uint8Array.of(0, 0, 0, 8))]) : open;
}

function http2Frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Something that speaks HTTP/2 to a service, and is not Envoy. */
export class Peer implements AsyncDisposable {
  private constructor(readonly session: ClientHttp2Session) {}

  static async connect(place: string | { readonly port: number }): Promise<Peer> {
    const session = connectHttp2("http://service", {
      createConnection: () => (typeof place === "string" ? connect(place) : connect(place.port)),
    });
    session.on("error", () => {});
    await within("a session", 5000, new Promise((resolve) => session.once("remoteSettings", resolve)));
    return new Peer(session);
  }

  /** Opens a stream. */
  open(path = PROCESS, method = "POST"): PeerStream {
    return new PeerStream(
      this.session.request(
        { ":path": path, ":method": method, "content-type": "application/grpc", te: "trailers" },
        { endStream: false },
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy();
  }
}

/** A stream of a peer, and what came back. */
export class PeerStream {
  /** All bytes so far. */
  received = Buffer.alloc(0);
  private status: string | undefined;
  private readonly over: Promise<void>;

  constructor(readonly stream: ClientHttp2Stream) {
    stream.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    const note = (headers: object): void => {
      const { "grpc-status": status } = headers as Record<string, string | undefined>;
      this.status ??= status;
    };
    stream
      .on("response", note)
      .on("trailers", note)
      .on("error", () => {});
    this.over = new Promise((resolve) => {
      stream.once("end", resolve).once("close", resolve);
    });
  }

  write(bytes: Uint8Array): this {
    this.stream.write(bytes);
    return this;
  }

  /** Messages that came back whole. */
  get messages(): Buffer[] {
    const found: Buffer[] = [];
    for (let at = 0; at + 5 <= this.received.length; ) {
      const end = at + 5 + this.received.readUInt32BE(at + 1);
      if (end > this.received.length) break;
      found.push(this.received.subarray(at + 5, end));
      at = end;
    }
    return found;
  }

  /** Waits for the end; the gRPC status, `undefined` when there was none. */
  async ended(): Promise<number | undefined> {
    await within("the end of a stream", 5000, this.over);
    // Trailers and the end come in the same moment.
    await new Promise((resolve) => setImmediate(resolve));
    return this.status === undefined ? undefined : Number(this.status);
  }
}
