/** Bytes in front of each gRPC message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;

/** Smallest buffer for a message that has not come whole. */
const SMALLEST_STORE = 4096;

/** Status codes of gRPC that this package uses. */
export enum GrpcStatus {
  Ok = 0,
  InvalidArgument = 3,
  ResourceExhausted = 8,
  Aborted = 10,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
}

/** What ends a stream: a status that is not `Ok`, and why. */
export class GrpcError extends Error {
  constructor(
    readonly status: GrpcStatus,
    message: string,
  ) {
    super(message);
  }
}

/** Bytes of messages that have not come whole, over all streams of a server. */
export class StoreBudget {
  private used = 0;

  constructor(private readonly most: number) {}

  /** @throws GrpcError `ResourceExhausted` when there is no room for `bytes` more. */
  take(bytes: number): void {
    if (this.used + bytes > this.most) {
      throw new GrpcError(GrpcStatus.ResourceExhausted, "too many unfinished messages at once");
    }
    this.used += bytes;
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}

/**
 * Cuts a stream of bytes into gRPC messages. Most chunks are one whole message, which is handed on as a view; what is not
 * whole is copied to a buffer that grows with what has come, never with what was announced.
 */
export class FrameReader {
  private store: Buffer | undefined;
  private stored = 0;
  /** Bytes that are needed before it goes on. */
  private needed = PREFIX_BYTES;

  constructor(
    private readonly limit: number,
    private readonly budget: StoreBudget,
    private readonly onMessage: (message: Uint8Array) => void,
  ) {}

  /**
   * Takes bytes; calls `onMessage` for each message that is whole with them.
   *
   * @throws GrpcError when a message is compressed, or longer than the limit.
   */
  push(chunk: Uint8Array): void {
    if (this.store === undefined) {
      this.keep(chunk, this.read(chunk));
      return;
    }
    this.append(chunk);
    if (this.stored < this.needed) return;
    const { store, stored } = this;
    this.drop();
    const whole = store.subarray(0, stored);
    this.keep(whole, this.read(whole));
  }

  /** Whether part of a message is held. */
  get partial(): boolean {
    return this.stored > 0;
  }

  /** Gives memory back. */
  drop(): void {
    if (this.store !== undefined) this.budget.give(this.store.length);
    this.store = undefined;
    this.stored = 0;
  }

  /** Hands on what is whole; returns where the rest begins. */
  private read(bytes: Uint8Array): number {
    let at = 0;
    for (;;) {
      this.needed = PREFIX_BYTES;
      if (bytes.length - at < PREFIX_BYTES) return at;
      this.needed += this.messageLength(bytes, at);
      if (bytes.length - at < this.needed) return at;
      const begin = at + PREFIX_BYTES;
      at += this.needed;
      this.onMessage(bytes.subarray(begin, at));
    }
  }

  private messageLength(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== 0) throw new GrpcError(GrpcStatus.Unimplemented, "compressed messages are not taken");
    const high = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const length = high * 0x1_0000 + (((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0));
    if (length <= this.limit) return length;
    throw new GrpcError(
      GrpcStatus.ResourceExhausted,
      `a message of ${length} bytes is longer than the longest, ${this.limit}`,
    );
  }

  private keep(bytes: Uint8Array, from: number): void {
    if (from < bytes.length) this.append(from === 0 ? bytes : bytes.subarray(from));
  }

  private append(chunk: Uint8Array): void {
    const length = this.stored + chunk.length;
    let { store } = this;
    if (store === undefined || store.length < length) {
      const size = Math.max(length, Math.min(2 * (store?.length ?? 0), this.needed), SMALLEST_STORE);
      this.budget.take(size - (store?.length ?? 0));
      const larger = Buffer.allocUnsafeSlow(size);
      if (store !== undefined) larger.set(store.subarray(0, this.stored));
      this.store = larger;
      store = larger;
    }
    store.set(chunk, this.stored);
    this.stored = length;
  }
}
