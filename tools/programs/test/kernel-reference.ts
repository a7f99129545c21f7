// The kernels' source of numbers and their checksum, written a second time: an error in one of them would show.

const mask = (1n << 64n) - 1n;

const words = "the machine of a guest returns to its snapshot and page is written in memory again".split(" ");

/** The generator of the kernels. */
export class Random {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  /** 32 random bits. */
  next(): number {
    this.#state = (this.#state * 6364136223846793005n + 1442695040888963407n) & mask;
    return Number(this.#state >> 32n);
  }

  below(limit: number): number {
    return Number((BigInt(this.next()) * BigInt(limit)) >> 32n);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() >>> 24);
  }

  text(length: number): string {
    let text = "";
    while (text.length < length) {
      text += words[this.below(16)];
      const choice = this.below(12);
      if (choice === 0) text += "\n";
      else if (choice === 1) text += ` ${this.below(10_000)} `;
      else text += " ";
    }
    return text;
  }
}

/** FNV-1a over 64-bit words, as a signed number. */
export function checksum(values: Iterable<number | bigint>): bigint {
  let sum = 0xcbf29ce484222325n;
  for (const value of values) sum = ((sum ^ BigInt(value)) * 0x100000001b3n) & mask;
  return BigInt.asIntN(64, sum);
}

/** The checksum of bytes, eight at a time. */
export function checksumOfBytes(bytes: Buffer): bigint {
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]);
  return checksum(Array.from({ length: padded.length / 8 }, (_, index) => padded.readBigUInt64LE(index * 8)));
}

/** The bits of a floating-point number. */
export function doubleBits(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
}
