/** Numbers from a seed: the same ones each time. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Xorshift stays at zero for ever.
    this.#state = seed | 0 || 1;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % end;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }
}

/** Numbers at which readers of offsets and lengths go wrong. */
const NUMBERS = [
  0, 1, 2, 4, 8, 32, 100, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff,
];

/** Damages bytes in one to four places; `other` lends pieces. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let damaged: Uint8Array = bytes.slice();
  for (let times = 1 + random.below(4); times > 0 && damaged.length > 0; times--) {
    damaged = random.pick(damages)(damaged, other, random);
  }
  return damaged;
}

type Damage = (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;

const flip: Damage = (bytes, _, random) => {
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  return bytes;
};

const setByte: Damage = (bytes, _, random) => {
  bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
};

/** Sets an aligned number to one that is near to it, or to one of {@link NUMBERS}. */
const setNumber: Damage = (bytes, _, random) => {
  if (bytes.length < 4) return bytes;
  const at = 4 * random.below(bytes.length >> 2);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const near = view.getUint32(at, true) + random.below(17) - 8;
  view.setUint32(at, random.below(2) === 0 ? near : random.pick(NUMBERS), true);
  return bytes;
};

const cut: Damage = (bytes, _, random) => bytes.slice(0, random.below(bytes.length));

const lengthen: Damage = (bytes, _, random) => {
  const longer = new Uint8Array(bytes.length + 1 + random.below(64));
  longer.set(bytes);
  return longer;
};

/** Copies a piece from elsewhere, aligned, over what is there. */
const splice: Damage = (bytes, other, random) => {
  const from = random.below(2) === 0 ? other : bytes.slice();
  const start = 4 * random.below((from.length >> 2) + 1);
  const at = 4 * random.below((bytes.length >> 2) + 1);
  const length = Math.min(4 + 4 * random.below(16), bytes.length - at);
  bytes.set(from.subarray(start, start + length), at);
  return bytes;
};

const damages: readonly Damage[] = [flip, setByte, setNumber, setNumber, cut, lengthen, splice];
