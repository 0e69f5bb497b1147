/** The HTML around a webview's page: language, title, and what the page may load. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { escapeMarkup } from '../model/plain.ts';

/** What a page has of its own. */
export interface PageContent {
  readonly title: string;
  /** What the page may load beside scripts with its nonce: directives of its Content-Security-Policy. */
  readonly allowed: readonly string[];
  readonly head: string;
  readonly body: string;
}

/** A whole page. Its scripts run only with the nonce, which is another one for each page. */
export function pageHtml(content: (nonce: string) => PageContent): string {
  const nonce = randomBytes(18).toString('base64');
  const { title, allowed, head, body } = content(nonce);
  const policy = ["default-src 'none'", `script-src 'nonce-${nonce}'`, ...allowed].join('; ');
  return `<!DOCTYPE html>
<html lang="${escapeMarkup(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
${head}
</head>
<body>
${body}
</body>
</html>`;
}
