/** How many times a second a view may follow the memory by itself. 0 stands for "only when a person asks". */
import { whole } from './shapes.ts';

/** The rates that are offered. */
export const liveRates = [1, 2, 5, 10, 20, 30] as const;

/** Stands for "when a debug session stops". */
export const atStops = -1;

/** What *Live* means where nothing was chosen. */
export const usualRate = 10;

/** Words of 32 bits that the watches of one board may read in a second, as it comes from outside. */
export const liveBudgetShape = whole(100, 10_000_000);

/** A rate as it comes from outside. */
export const liveRateShape = whole(atStops, 30);

/** Milliseconds from look to look at a rate; infinite at stops, undefined where nothing is followed. */
export function periodOf(hertz: number): number | undefined {
  if (hertz === 0) return undefined;
  return hertz === atStops ? Number.POSITIVE_INFINITY : Math.round(1000 / hertz);
}
