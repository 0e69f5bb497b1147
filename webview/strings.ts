/** Access to the localised strings that the host sent. The tables are `webview-strings.ts` and `page-strings.ts` in `src`. */
import type { WebviewStrings } from '../src/editor/messages.ts';

/** Names one string of the hex editor's page. */
export type StringKey = keyof WebviewStrings;

/** Takes a string from a page's table and fills its `{0}`, `{1}` in. */
export type Translate<S = WebviewStrings> = (
  key: keyof S & string,
  ...args: readonly (string | number)[]
) => string;

/** Makes the function for that. A string that an older host does not know shows its key: odd to read, but never blank. */
export function translator<S extends Readonly<Record<string, string>>>(strings: S): Translate<S> {
  return (key, ...args) => {
    const text: string | undefined = strings[key];
    return (text ?? key).replace(/\{(\d+)\}/g, (whole, index: string) =>
      String(args[Number(index)] ?? whole),
    );
  };
}
