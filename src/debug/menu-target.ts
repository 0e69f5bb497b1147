/** What a command in the menus of the debug view is about; the editor tells it as it likes. */
import * as v from 'valibot';
import { textUpTo } from '../model/shapes.ts';

/** A thread, or a variable. */
export interface MenuTarget {
  readonly sessionId?: string;
  readonly threadId?: number;
  /** Memory reference of the variable. */
  readonly reference?: string;
}

const text = textUpTo(400);
const contextShape = v.object({
  sessionId: v.optional(text),
  /** The number, at the end of what else VS Code says of a thread. */
  threadId: v.optional(v.union([v.number(), text])),
  variable: v.optional(v.object({ memoryReference: v.optional(text) })),
});

/** Reads the arguments of a menu's command: an object that tells of a thread, frame or variable; before it, its own id. */
export function menuTarget(given: readonly unknown[]): MenuTarget {
  for (const one of given) {
    const read = v.safeParse(contextShape, one);
    if (!read.success) continue;
    const { sessionId, threadId, variable } = read.output;
    const [digits] = /\d{1,9}$/.exec(String(threadId ?? '')) ?? [];
    return {
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(digits === undefined ? {} : { threadId: Number(digits) }),
      ...(variable?.memoryReference === undefined ? {} : { reference: variable.memoryReference }),
    };
  }
  return {};
}
