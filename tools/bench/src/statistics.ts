/** What a series of samples comes to, in the unit of the samples. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly minimum: number;
}

/**
 * The value below which the share `fraction` (0 … 1) of the samples lies, interpolated between its two neighbours.
 * Throws `RangeError` when there are no samples.
 */
export function quantile(samples: readonly number[], fraction: number): number {
  return quantileOfSorted(sorted(samples), fraction);
}

/** The middle sample; of an even number, the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Count, median, 99th percentile and minimum. Throws `RangeError` when there are no samples. */
export function summarize(samples: readonly number[]): Summary {
  const ascending = sorted(samples);
  return {
    count: ascending.length,
    median: quantileOfSorted(ascending, 0.5),
    p99: quantileOfSorted(ascending, 0.99),
    minimum: quantileOfSorted(ascending, 0),
  };
}

/** The mean for ratios: 2 × and ½ × cancel out. Throws `RangeError` on an empty list or a value that is not positive. */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values");
  let logarithms = 0;
  for (const value of values) {
    if (!(value > 0)) throw new RangeError(`a ratio must be positive, not ${value}`);
    logarithms += Math.log(value);
  }
  return Math.exp(logarithms / values.length);
}

function sorted(samples: readonly number[]): Float64Array {
  if (samples.length === 0) throw new RangeError("no samples");
  return Float64Array.from(samples).sort();
}

function quantileOfSorted(ascending: Float64Array, fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1))
    throw new RangeError(`a fraction lies between 0 and 1, not ${fraction}`);
  const position = (ascending.length - 1) * fraction;
  const below = Math.floor(position);
  const lower = ascending[below] as number;
  const upper = ascending[Math.ceil(position)] as number;
  return lower + (upper - lower) * (position - below);
}
