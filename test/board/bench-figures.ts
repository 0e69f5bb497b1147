/** What a single round of a benchmark has to show, whatever else the machine does. */
import { expect } from 'vitest';
import { type Measure, meets } from '../bench/measure.ts';

/** One round on a busy machine says little; what is this far from its goal is another thing than was built. */
const FAR = 3;

/**
 * That all is measured, beside a peer of the same run.
 *
 * @param judged those whose peer does the same duty, so that a busy machine slows both
 */
export function checkFigures(measures: readonly Measure[], names: readonly string[], judged = names): void {
  expect(measures.map((measure) => measure.name)).toEqual(names);
  for (const measure of measures) {
    // A difference of two times, with a goal that it has to stay below, may be nothing or less.
    if (measure.goal?.at !== 'most') expect(measure.value, measure.name).toBeGreaterThan(0);
    expect(measure.peer?.value, measure.name).toBeGreaterThan(0);
    if (measure.goal === undefined || !judged.includes(measure.name)) continue;
    const { at, value } = measure.goal;
    const loose: Measure = { ...measure, goal: { at, value: at === 'least' ? value / FAR : value * FAR } };
    expect(meets(loose), `${measure.name}: ${measure.ratio ?? measure.value}, goal ${value}`).toBe(true);
  }
}
