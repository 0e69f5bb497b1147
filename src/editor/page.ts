/** The HTML around the webview's bundle, and the page that stands there while the memory's layout is not known. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { escapeMarkup } from '../model/plain.ts';
import { pageHtml } from '../say/page-html.ts';
import type { FirstSight } from './first-sight.ts';
import type { Banner, PageParts } from './messages.ts';
import { type Opening, openingId, openingText } from './opening.ts';

/** A page of the editor, which may also have styles with its nonce, and fonts and pictures in its text. */
function shell(webview: vscode.Webview, content: (nonce: string) => { head: string; body: string }): string {
  return pageHtml((nonce) => ({
    title: vscode.l10n.t('Tile memory'),
    allowed: [
      `style-src ${webview.cspSource} 'nonce-${nonce}'`,
      `font-src ${webview.cspSource} data:`,
      `img-src ${webview.cspSource} data:`,
    ],
    ...content(nonce),
  }));
}

/** Bundles by their path: they do not change while the extension runs. */
const bundles = new Map<string, string>();

/** A bundle of the editor's page as it may stand between an element's tags. */
function bundle(extensionUri: vscode.Uri, name: string): string {
  const path = join(extensionUri.fsPath, 'dist', 'webview', name);
  let text = bundles.get(path);
  if (text === undefined) {
    // `<!--` and the end of an element would end a script early; in scripts both stand in strings only.
    text = readFileSync(path, 'utf8').replace(/<(?=!--|\/script|\/style)/gi, '\\x3c');
    bundles.set(path, text);
  }
  return text;
}

/**
 * The hex editor's page with all that it needs: a page that has to load a script, or to ask what it shows, shows nothing until
 * VS Code has asked the extension's side for it.
 */
export function editorPage(webview: vscode.Webview, extensionUri: vscode.Uri, opening: Opening): string {
  return shell(webview, (nonce) => ({
    head: `<style nonce="${nonce}">${bundle(extensionUri, 'main.css')}</style>`,
    body: `<script type="application/json" id="${openingId}">${openingText(opening)}</script>
<script nonce="${nonce}">${bundle(extensionUri, 'main.js')}</script>`,
  }));
}

/**
 * The same page while it is short, and so seen at once: its first rows, and a script that asks for the parts (`pageParts`) that
 * make it the whole one.
 */
export function shortPage(webview: vscode.Webview, extensionUri: vscode.Uri, sight: FirstSight): string {
  return shell(webview, (nonce) => ({
    head: `<style nonce="${nonce}">${bundle(extensionUri, 'sight.css')}${sight.style}</style>`,
    body: `${sight.markup}<script nonce="${nonce}">${bundle(extensionUri, 'sight.js')}</script>`,
  }));
}

/** What a short page asks for. */
export function pageParts(extensionUri: vscode.Uri, opening: Opening | undefined): PageParts {
  return {
    type: 'parts',
    style: bundle(extensionUri, 'main.css'),
    script: bundle(extensionUri, 'main.js'),
    ...(opening === undefined ? {} : { opening: openingText(opening) }),
  };
}

/** One sentence and its buttons, in place of an editor whose memory layout was never learned. */
export function waitingPage(webview: vscode.Webview, banner: Banner): string {
  const buttons = banner.actions
    .map(
      ({ command, label }) =>
        `<button type="button" data-command="${escapeMarkup(command)}">${escapeMarkup(label)}</button>`,
    )
    .join(' ');
  const style = `
body { font: var(--vscode-font-size) var(--vscode-font-family); color: var(--vscode-foreground); padding: 2rem; }
main { max-width: 40rem; margin: 12vh auto 0; text-align: center; line-height: 1.5; }
h1 { font: inherit; margin: 1em 0; }
button { font: inherit; margin: 1rem 0.25rem 0; padding: 0.35rem 0.9rem; cursor: pointer; border-radius: 2px;
  color: var(--vscode-button-foreground); background: var(--vscode-button-background);
  border: 1px solid var(--vscode-button-border, transparent); }
button:hover { background: var(--vscode-button-hoverBackground); }
button:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }`;
  const script = `
const vscode = acquireVsCodeApi();
for (const button of document.querySelectorAll('button')) {
  button.addEventListener('click', () => vscode.postMessage({ type: 'command', command: button.dataset.command }));
}`;
  return shell(webview, (nonce) => ({
    head: `<style nonce="${nonce}">${style}</style>`,
    body: `<main><div role="${banner.kind === 'error' ? 'alert' : 'status'}"><h1>${escapeMarkup(banner.text)}</h1></div>${buttons}</main>
<script nonce="${nonce}">${script}</script>`,
  }));
}
