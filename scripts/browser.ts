/** A headless Chromium for tests that talks to this machine only. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { ScriptError } from './common.ts';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Starts Chromium; TILESCOPE_CHROMIUM names another executable. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['TILESCOPE_CHROMIUM'] ?? CANDIDATES.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new ScriptError('No Chromium found. Install it, or set TILESCOPE_CHROMIUM to its path.');
  }
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What a browser context may differ in. */
export interface ContextOptions {
  readonly width?: number;
  readonly height?: number;
}

/** A fresh browser context (no cookies, no storage); requests to other machines are refused. */
export async function localContext(browser: Browser, options: ContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1400, height: options.height ?? 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await context.route(
    (url) => !['127.0.0.1', 'localhost'].includes(url.hostname) && !url.hostname.endsWith('.localhost'),
    (route) => route.abort(),
  );
  return context;
}
