/** From a typed expression to what is searched with. Knows no memory. */
import { type Programs, programsOf } from './automaton.ts';
import { fitsNothing, parseExpression } from './expression.ts';
import { NoPattern } from './query.ts';

/** Reads an expression that needs a byte at least. Throws NoPattern for anything else. */
export function programsOfText(text: string, matchCase: boolean): Programs {
  const expression = parseExpression(text, matchCase);
  if (fitsNothing(expression)) throw new NoPattern({ kind: 'fits-nothing' });
  return programsOf(expression);
}
