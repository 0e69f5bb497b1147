/** Access to the localised strings that the host sent. The table itself is `src/array/page-strings.ts`. */
import type { ArrayStrings } from '../../src/array/messages.ts';

/** Looks a string up and fills its `{0}`, `{1}` in. */
export type Translate = (key: keyof ArrayStrings, ...args: readonly (string | number)[]) => string;

/** Makes the look-up. A string that an older host does not know shows its key: odd to read, but never blank. */
export function translator(strings: ArrayStrings): Translate {
  return (key, ...args) => {
    const text: string | undefined = strings[key];
    return (text ?? key).replace(/\{(\d+)\}/g, (whole, index: string) =>
      String(args[Number(index)] ?? whole),
    );
  };
}
