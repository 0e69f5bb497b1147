/**
 * A headless Chromium for tests that talks to this machine only. Run by itself it brings the lean build into the tool
 * cache where it can.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { cache, isMain, must, runMain, ScriptError } from './common.ts';
import { once } from './hosts.ts';

/** Debian's Chromium without the window around the page: it takes less than half of the processor time. */
const LEAN_FOLDER = join(cache, 'hosts', 'chromium-headless-shell');
const LEAN_IN_PACKAGE = join('usr', 'lib', 'chromium', 'chromium-headless-shell');
/** The whole one, as Debian installs it: the lean build needs the same libraries. */
const DEBIANS_CHROMIUM = '/usr/lib/chromium/chromium';

const CANDIDATES = [
  '/usr/bin/chromium-headless-shell',
  join(LEAN_FOLDER, LEAN_IN_PACKAGE),
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/**
 * Unpacks Debian's lean build into the tool cache, from the machine's own package sources; nothing is installed, and no
 * rights are needed. Where it cannot be had the tests run in the whole Chromium, which is said.
 */
async function bringLeanBrowser(): Promise<void> {
  if (existsSync('/usr/bin/chromium-headless-shell') || !existsSync(DEBIANS_CHROMIUM)) return;
  try {
    await once(LEAN_FOLDER, async (part) => {
      const apt = join(part, 'apt');
      await mkdir(join(apt, 'lists', 'partial'), { recursive: true });
      const options = [
        '-qq',
        ...['-o', `Dir::State::Lists=${join(apt, 'lists')}`, '-o', `Dir::Cache=${apt}`],
        ...['-o', 'APT::Sandbox::User=', '-o', 'Acquire::Languages=none'],
        ...['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=20'],
      ];
      await must('apt-get', [...options, 'update'], { cwd: apt });
      await must('apt-get', [...options, 'download', 'chromium-headless-shell', 'chromium-common'], {
        cwd: apt,
      });
      for (const name of await readdir(apt)) {
        if (name.endsWith('.deb')) await must('dpkg', ['-x', join(apt, name), part]);
      }
      await rm(apt, { recursive: true, force: true });
      await must(join(part, LEAN_IN_PACKAGE), ['--no-sandbox', '--disable-gpu', '--dump-dom', 'about:blank']);
    });
  } catch (error) {
    console.error(
      `tilescope: no lean Chromium, the tests take the whole one: ${String(error).slice(0, 400)}`,
    );
  }
}

/** Starts Chromium, the lean build where it is there; TILESCOPE_CHROMIUM names another executable. */
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

if (isMain(import.meta.url)) {
  runMain(async () => {
    await bringLeanBrowser();
    return 0;
  });
}
