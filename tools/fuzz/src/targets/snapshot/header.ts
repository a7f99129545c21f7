// Changes to a header that keep it JSON.
import type { Random } from "../../mutate.js";

/** A place in a header: a list or an object, and what of it. */
interface Place {
  readonly owner: Record<string, unknown> | unknown[];
  readonly name: string;
}

/** Values that are no lengths, or ones at which readers of lengths go wrong. */
const values: readonly unknown[] = [
  ...[null, true, "", "text", [], {}, [[]], [0, 1], { length: 1 }],
  ...[-1, 0, -0, 0.5, 1, 4096, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 47, 1e300],
  ...[Number.MAX_SAFE_INTEGER, 2 ** 53, -(2 ** 53)],
];

const steps = [-65_536, -4096, -8, -1, 1, 8, 4096, 65_536];

function placesOf(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null) return found;
  for (const name of Object.keys(value)) {
    found.push({ owner: value as Place["owner"], name });
    placesOf((value as Record<string, unknown>)[name], found);
  }
  return found;
}

const read = ({ owner, name }: Place): unknown => (owner as Record<string, unknown>)[name];

function write({ owner, name }: Place, value: unknown): void {
  (owner as Record<string, unknown>)[name] = value;
}

/** Moves a number a little, or gives the place another value. */
function change(place: Place, other: unknown, random: Random): void {
  const old = read(place);
  if (typeof old === "number" && random.below(2) === 0) write(place, old + random.pick(steps));
  else if (random.below(3) === 0) write(place, other);
  else write(place, structuredClone(random.pick(values)));
}

/** Takes an item out, doubles it, or swaps it with the one behind it. */
function rearrange({ owner, name }: Place, random: Random): void {
  const index = Number(name);
  if (!Array.isArray(owner)) {
    delete owner[name];
    return;
  }
  const [item, next] = [owner[index] as unknown, owner[index + 1] as unknown];
  const what = random.below(3);
  if (what === 0) owner.splice(index, 1);
  else if (what === 1) owner.splice(index, 0, structuredClone(item));
  else if (next !== undefined) owner.splice(index, 2, next, item);
}

/** A copy of a header with one to three changes. */
export function changeHeader(header: unknown, other: unknown, random: Random): unknown {
  const root = { header: structuredClone(header) };
  for (let times = 1 + random.below(3); times > 0; times--) {
    const places = placesOf(root);
    if (places.length === 0) break;
    const donors = placesOf({ other });
    const place = random.pick(places);
    if (random.below(4) === 0) rearrange(place, random);
    else change(place, structuredClone(read(random.pick(donors))), random);
  }
  return root.header ?? null;
}
