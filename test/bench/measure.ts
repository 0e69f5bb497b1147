/** One line of bench.json: ours beside its peer (or limit), measured in the same run. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is measured against, in the same unit. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** Ours relative to the peer, so that more is better. */
  readonly ratio?: number;
  /** What the ratio (or, without a peer, the value) should reach. */
  readonly goal?: { readonly at: 'least' | 'most'; readonly value: number };
  /** Spread and circumstances, in words. */
  readonly note?: string;
}

/** Milliseconds that this thread was on the processor. */
export function onProcessor(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The middle value; of an even count the lower middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('no values');
  return middle;
}

/** The least value that a share of all (0 to 1) does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const found = [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)];
  if (found === undefined) throw new Error('no values');
  return found;
}

/** Rounds that are not counted, before so many that are: a single one only shows that all is measured. */
export function warmUps(rounds: number): number {
  return rounds > 1 ? 1 : 0;
}

/** Runs the contenders in turn, `rounds` times, after those that are not counted. Each returns its own figure. */
export async function interleave(
  rounds: number,
  ...contenders: readonly (() => Promise<number>)[]
): Promise<number[][]> {
  const results: number[][] = contenders.map(() => []);
  for (let round = -warmUps(rounds); round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const value = await contender();
      if (round >= 0) results[index]?.push(value);
    }
  }
  return results;
}

/** Lowest and highest of the values, for the note. */
export function spread(values: readonly number[], digits = 1): string {
  return `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
}

/** Whether the goal is met. */
export function meets(measure: Measure): boolean {
  if (measure.goal === undefined) return true;
  const figure = measure.ratio ?? measure.value;
  return measure.goal.at === 'least' ? figure >= measure.goal.value : figure <= measure.goal.value;
}
