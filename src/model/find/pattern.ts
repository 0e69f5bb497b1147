/** From what a person typed to what can be found. Knows no memory. */
import { type Automaton, automataOf } from './automaton.ts';
import { type ByteMatcher, byteMatcher, type IndexOf, type MaskedBytes } from './byte-matcher.ts';
import { hexBytesOf, textBytesOf } from './byte-texts.ts';
import { programsOfText } from './expression-programs.ts';
import { type FindProblem, type FindQuery, longestPattern, NoPattern } from './query.ts';
import { typedValues, type ValueMatcher, valueMatcher } from './value-matcher.ts';

/** What can be found: bytes anywhere, values that stay in their tile, or runs that an expression fits. */
export type Pattern =
  | { readonly kind: 'bytes'; readonly matcher: ByteMatcher }
  | { readonly kind: 'values'; readonly matcher: ValueMatcher }
  | { readonly kind: 'expression'; readonly forwards: Automaton; readonly backwards: Automaton };

/** Reads a query. `indexOf` is the quickest way to bytes that there is. */
export function patternOf(
  query: FindQuery,
  indexOf: IndexOf,
): Pattern | { readonly kind: 'none'; readonly problem: FindProblem } {
  const { kind, text, matchCase, cells, align } = query;
  const fixed = (bytes: MaskedBytes): Pattern => ({ kind: 'bytes', matcher: byteMatcher(bytes, indexOf) });
  try {
    if (text.length > longestPattern) throw new NoPattern({ kind: 'too-long' });
    switch (kind) {
      case 'hex':
        return fixed(hexBytesOf(text));
      case 'text':
        return fixed(textBytesOf(text, matchCase));
      case 'value':
        return { kind: 'values', matcher: valueMatcher(typedValues(text, cells, align)) };
      case 'expression': {
        return { kind: 'expression', ...automataOf(programsOfText(text, matchCase)) };
      }
    }
  } catch (error) {
    if (error instanceof NoPattern) return { kind: 'none', problem: error.problem };
    throw error;
  }
}
