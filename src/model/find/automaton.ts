/**
 * A regular expression as an automaton that takes each byte once, whatever the expression: its states are made when
 * bytes first lead to them. Knows bytes only; where they come from is known elsewhere.
 */
import type { Budget } from './byte-matcher.ts';
import { type Expression, fitsNothing } from './expression.ts';
import { NoPattern } from './query.ts';

/** Steps of a program, by their number: at a byte, at two steps of which the first is preferred, at the end. */
export type Step =
  | { readonly bytes: Uint8Array; readonly next: number }
  | { readonly first: number; readonly second: number }
  | 'end';

/** An expression in one direction. */
export interface Program {
  readonly steps: readonly Step[];
  /** The number of the step that is the first. */
  readonly start: number;
}

/** An expression as programs: `forwards` begins at any byte and runs to the end of a hit, `backwards` from there to its beginning. */
export interface Programs {
  readonly forwards: Program;
  readonly backwards: Program;
}

/** A larger program is refused: making a state takes as long as it is large. */
const mostSteps = 4000;
/** Parts that are gone through for them: one that fits no bytes adds no step, however often it is repeated. */
const mostParts = 200_000;
/** States that are kept, and steps in all of them; then they are made anew. A state takes 1 KiB, and 20 bytes for a step. */
const mostStates = 2048;
const mostKept = 200_000;

/** What it takes to make a state, for each of its steps, and to come by a step on the way to them; in units of a `Budget`. */
const stepWork = 32;
const wayWork = 4;

/** What a state is called that leads nowhere. */
export const dead = 0;

/** One way through bytes, in one direction. States are numbers; they hold until the automaton made too many. */
export interface Automaton {
  readonly start: number;
  /**
   * The state behind a byte. The state that is given must be the last one answered, or `start`. Where it has to be made, what
   * that took is taken from the budget, and the caller stops soon where nothing is left.
   */
  next(state: number, byte: number, budget: Budget): number;
  /** Whether the bytes up to a state fit. */
  isEnd(state: number): boolean;
}

/** Throws NoPattern `too-large`. */
export function programsOf(expression: Expression): Programs {
  const { steps, start } = compiled(expression, false);
  // The least preferred way: the hit begins later.
  const again = steps.length;
  steps.push({ bytes: new Uint8Array(256).fill(1), next: again + 1 }, { first: start, second: again });
  return { forwards: { steps, start: again + 1 }, backwards: compiled(expression, true) };
}

/**
 * `forwards` runs from any byte: it is in an end state behind a hit. Earlier hits are preferred to later ones, then what the
 * expression prefers: once a better hit is under way, no other begins. `backwards` runs from the byte before the end of a hit: it
 * is in an end state at each byte where such a hit begins.
 */
export function automataOf({ forwards, backwards }: Programs): {
  readonly forwards: Automaton;
  readonly backwards: Automaton;
} {
  return {
    forwards: lazyAutomaton(forwards.steps, forwards.start, true),
    backwards: lazyAutomaton(backwards.steps, backwards.start, false),
  };
}

/**
 * The steps of an expression, and where it begins; it goes on at step 0, which is the end. A repetition that takes no byte is none, once
 * those that must be are done, as in JavaScript: what could be empty stands there twice, for whether a byte was taken before.
 * Backwards no way is preferred, so that it does not matter.
 */
function compiled(expression: Expression, isBackwards: boolean): { steps: Step[]; start: number } {
  const steps: Step[] = ['end'];
  let parts = 0;
  const add = (step: Step): number => {
    if (steps.length >= mostSteps) throw new NoPattern({ kind: 'too-large' });
    return steps.push(step) - 1;
  };
  const known = new Map<Expression, boolean>();
  const mayBeEmpty = (one: Expression): boolean => {
    const fits = known.get(one) ?? fitsNothing(one);
    known.set(one, fits);
    return fits;
  };
  /** Leads nowhere. */
  const nowhere = (): number => add({ first: steps.length, second: steps.length });
  /** Adds the steps of a part; answers where it begins. It goes on at `taken`, or at `none` where it took no byte: nowhere without one. */
  const compile = (one: Expression, taken: number, none: number | undefined): number => {
    if (++parts > mostParts) throw new NoPattern({ kind: 'too-large' });
    switch (one.kind) {
      case 'byte':
        return add({ bytes: one.bytes, next: taken });
      case 'sequence':
        return inTurn(isBackwards ? one.parts.toReversed() : one.parts, taken, none);
      case 'choice':
        return one.parts
          .map((part) => compile(part, taken, none))
          .reduceRight((second, first) => add({ first, second }));
      case 'repeat':
        return repeated(one, taken, none);
    }
  };
  /** The same for parts one after the other. */
  const inTurn = (all: readonly Expression[], taken: number, none: number | undefined): number => {
    const full = all.findIndex((part) => !mayBeEmpty(part));
    let [behind, behindNone] = [taken, none];
    for (let i = all.length - 1; i >= 0; i--) {
      const part = all[i];
      if (part === undefined) continue;
      const isSame = behind === behindNone || (full >= 0 && i >= full);
      const next = isSame || i > 0 ? compile(part, behind, behind) : behind;
      behindNone = isSame ? next : compile(part, behind, behindNone);
      behind = next;
    }
    return behindNone ?? nowhere();
  };
  const repeated = (
    { part, least, most, isLazy }: Extract<Expression, { kind: 'repeat' }>,
    taken: number,
    none: number | undefined,
  ): number => {
    const either = (on: number, out: number): Step =>
      isLazy ? { first: out, second: on } : { first: on, second: out };
    /** One more that takes a byte, then as many as may be. */
    const more = (behind: number): number => compile(part, behind, isBackwards ? behind : undefined);
    let [behind, behindNone] = [taken, none];
    const maybe = (on: number): void => {
      behindNone = none === taken ? behind : none === undefined ? on : add(either(on, none));
    };
    if (most === Number.POSITIVE_INFINITY) {
      behind = add('end');
      const on = more(behind);
      steps[behind] = either(on, taken);
      maybe(on);
    } else {
      for (let i = least; i < most; i++) {
        const on = more(behind);
        behind = add(either(on, taken));
        if (i === most - 1) maybe(on);
      }
    }
    return inTurn(new Array<Expression>(least).fill(part), behind, behindNone);
  };
  return { steps, start: compile(expression, 0, 0) };
}

/** @param isOrdered steps behind an end are given up: a better hit is there */
function lazyAutomaton(steps: readonly Step[], begin: number, isOrdered: boolean): Automaton {
  /** For each state and byte the next state; -1 where it was not made yet. */
  const table: Int32Array[] = [];
  const kept: (readonly number[])[] = [];
  const ends: boolean[] = [];
  const byKey = new Map<string, number>();
  let size = 0;
  const stateOf = (list: readonly number[], isEnd: boolean): number => {
    const key = `${isEnd ? 'end ' : ''}${list.join()}`;
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const state = kept.push(list) - 1;
    table.push(new Int32Array(256).fill(-1));
    ends.push(isEnd);
    byKey.set(key, state);
    size += list.length;
    return state;
  };
  const forget = (): void => {
    for (const all of [table, kept, ends]) all.length = 0;
    byKey.clear();
    size = 0;
    stateOf([], false);
    stateOf(first.list, first.isEnd);
  };
  const seen = new Uint32Array(steps.length);
  let round = 0;
  /** The steps at bytes that are reached without one, the preferred first. */
  const closure = (from: readonly number[], budget: Budget): { list: readonly number[]; isEnd: boolean } => {
    round++;
    const list: number[] = [];
    let isEnd = false;
    const waiting = from.toReversed();
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      budget.left -= wayWork;
      if (seen[at] === round) continue;
      seen[at] = round;
      const step = steps[at];
      if (step === undefined) continue;
      if (step === 'end') {
        isEnd = true;
        if (isOrdered) break;
      } else if ('bytes' in step) list.push(at);
      else waiting.push(step.second, step.first);
    }
    return { list, isEnd };
  };
  const first = closure([begin], { left: 0 });
  forget();
  const make = (state: number, byte: number, budget: Budget): number => {
    const reached: number[] = [];
    const from = kept[state] ?? [];
    for (const at of from) {
      const step = steps[at];
      if (step !== undefined && step !== 'end' && 'bytes' in step && step.bytes[byte] === 1)
        reached.push(step.next);
    }
    const { list, isEnd } = closure(reached, budget);
    budget.left -= (1 + from.length + list.length) * stepWork;
    const isFull = kept.length >= mostStates || size >= mostKept;
    if (isFull) forget();
    const next = stateOf(list, isEnd);
    // The state that it was made from is forgotten, too.
    const row = isFull ? undefined : table[state];
    if (row !== undefined) row[byte] = next;
    return next;
  };
  return {
    start: 1,
    next(state, byte, budget) {
      const known = table[state]?.[byte] ?? -1;
      return known >= 0 ? known : make(state, byte, budget);
    },
    isEnd: (state) => ends[state] === true,
  };
}
