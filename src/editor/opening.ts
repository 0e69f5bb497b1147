/**
 * What a new page begins with, so that it shows its first bytes without asking for anything: what `init` says, and the bytes that it
 * will most likely show, where they were read already. It stands in the page's text, or comes with the parts of a short page; the page
 * reads it (`webview/host.ts`).
 */
import type { ShownBytes, ToWebview } from './messages.ts';

/** The beginning of a page. */
export interface Opening {
  readonly init: Extract<ToWebview, { readonly type: 'init' }>;
  /** As the host had them when it wrote the page; the first delta says what they are by then. */
  readonly bytes?: ShownBytes;
}

/** The id of the element that holds it. */
export const openingId = 'opening';

/** As text that may stand between the tags of a script element. */
export function openingText({ init, bytes }: Opening): string {
  const planes = bytes && {
    offset: bytes.offset,
    bytes: [...bytes.bytes],
    flags: [...bytes.flags],
    base: [...bytes.base],
  };
  return JSON.stringify({ init, ...(planes === undefined ? {} : { bytes: planes }) }).replace(
    /</g,
    '\\u003c',
  );
}
