/**
 * The script of a short page: asks for the parts that make it the whole one, and begins them once the rows that stand in the page
 * were painted. A page that kept a place (VS Code loads the same text once more) shows other rows: it begins without them.
 */
import './editor-page.css';
import './sight.css';
import type { FromWebview, PageParts } from '../src/editor/messages.ts';
import { openingId } from '../src/editor/opening.ts';
import type { VsCodeApi } from './host.ts';

declare function acquireVsCodeApi(): VsCodeApi;

/** Where nothing is painted, as in a window that is hidden, the parts wait no longer than this, milliseconds. */
const patience = 100;

const api = acquireVsCodeApi();
// VS Code hands it out once; the page's script asks for it, too.
Object.assign(globalThis, { acquireVsCodeApi: () => api });
if (api.getState() !== undefined) document.querySelector('.sight')?.remove();
const nonce = document.currentScript?.nonce ?? '';

const painted = new Promise<void>((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, patience);
});
const parts = new Promise<PageParts>((resolve) => {
  const listen = ({ data }: MessageEvent<PageParts | { readonly type?: unknown } | null>): void => {
    if (data?.type !== 'parts') return;
    window.removeEventListener('message', listen);
    resolve(data as PageParts);
  };
  window.addEventListener('message', listen);
});
void Promise.all([parts, painted]).then(([{ style, script, opening }]) => {
  if (opening !== undefined) {
    const element = document.createElement('script');
    element.type = 'application/json';
    element.id = openingId;
    element.textContent = opening;
    document.head.append(element);
  }
  for (const [name, text] of [
    ['style', style],
    ['script', script],
  ] as const) {
    const element = document.createElement(name);
    element.nonce = nonce;
    element.textContent = text;
    document.head.append(element);
  }
});
api.postMessage({ type: 'begin' } satisfies FromWebview);
