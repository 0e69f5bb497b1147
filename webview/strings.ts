/** Access to the localised strings that the host sent. The table itself is `src/editor/webview-strings.ts`. */
import type { WebviewStrings } from '../src/editor/messages.ts';

/** Names one string. */
export type StringKey = keyof WebviewStrings;

/** Looks a string up and fills its `{0}`, `{1}` in. */
export type Translate = (key: StringKey, ...args: readonly (string | number)[]) => string;

/** Makes the look-up. A string that an older host does not know shows its key: odd to read, but never blank. */
export function translator(strings: WebviewStrings): Translate {
  return (key, ...args) => {
    const text: string | undefined = strings[key];
    return (text ?? key).replace(/\{(\d+)\}/g, (whole, index: string) => {
      const value = args[Number(index)];
      return value === undefined ? whole : String(value);
    });
  };
}
