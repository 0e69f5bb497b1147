#!/usr/bin/env node
/**
 * Stands where a desktop VS Code executable would: takes the arguments that `runTests` of @vscode/test-electron
 * gives it, runs the tests in code-server's extension host with a headless browser as the window, and exits with
 * the tests' result. So the same call tests desktop VS Code where that can be downloaded, and this one elsewhere.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { launchBrowser, localContext } from '../../scripts/browser.ts';
import { cleanEnv, isMain, runMain, ScriptError } from '../../scripts/common.ts';
import { devPayload, startCodeServer } from '../../scripts/hosts.ts';

/** The part of VS Code's command line that matters here. Paths are absolute. */
export interface LaunchArguments {
  readonly folder: string | undefined;
  readonly extensionDevelopmentPath: string;
  /** Further extensions: they stand among the installed ones. */
  readonly otherExtensions: readonly string[];
  readonly extensionTestsPath: string;
  readonly userDataDir: string | undefined;
}

/** Reads VS Code's command line; switches without a meaning for a browser window are passed over. */
export function parseLaunchArguments(args: readonly string[]): LaunchArguments {
  const values = new Map<string, string[]>();
  let folder: string | undefined;
  for (const argument of args) {
    const option = /^--([A-Za-z-]+)=(.*)$/s.exec(argument);
    if (option?.[1] !== undefined && option[2] !== undefined) {
      values.set(option[1], [...(values.get(option[1]) ?? []), option[2]]);
    } else if (!argument.startsWith('-')) {
      if (folder !== undefined) throw new ScriptError(`Two folders to open: ${folder} and ${argument}.`);
      folder = resolve(argument);
    }
  }
  const single = (name: string): string | undefined => {
    const given = values.get(name);
    if (given !== undefined && given.length > 1) throw new ScriptError(`--${name} is given more than once.`);
    return given?.[0] === undefined ? undefined : resolve(given[0]);
  };
  const [extensionDevelopmentPath, ...otherExtensions] = (values.get('extensionDevelopmentPath') ?? []).map(
    (path) => resolve(path),
  );
  const extensionTestsPath = single('extensionTestsPath');
  if (extensionDevelopmentPath === undefined)
    throw new ScriptError('--extensionDevelopmentPath=... is missing.');
  if (extensionTestsPath === undefined) throw new ScriptError('--extensionTestsPath=... is missing.');
  return {
    folder,
    extensionDevelopmentPath,
    otherExtensions,
    extensionTestsPath,
    userDataDir: single('user-data-dir'),
  };
}

async function userSettings(userDataDir: string | undefined): Promise<Record<string, unknown>> {
  const file = userDataDir === undefined ? undefined : join(userDataDir, 'User', 'settings.json');
  if (file === undefined || !existsSync(file)) return {};
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

interface Exit {
  readonly code: number;
  readonly why: string;
}

const LIMIT_MS = Number(process.env['TILESCOPE_HOST_TIMEOUT_MS'] ?? 540_000);

async function main(): Promise<number> {
  const launch = parseLaunchArguments(process.argv.slice(2));
  const scratch = await mkdtemp(join(tmpdir(), 'tilescope-window-'));
  try {
    // A folder of its own: what the extension keeps in its storage is not in the workspace.
    const folder = launch.folder ?? join(scratch, 'workspace');
    if (launch.folder === undefined) await mkdir(folder);
    if (!(await stat(folder)).isDirectory()) throw new ScriptError(`${folder} is not a folder.`);
    const server = await startCodeServer({
      folder,
      payload: true,
      settings: await userSettings(launch.userDataDir),
      env: cleanEnv(),
      dataFolder: join(scratch, 'data'),
      installed: launch.otherExtensions,
    });
    const endServer = (): void => {
      void server.stop().finally(() => process.exit(130));
    };
    process.once('SIGINT', endServer);
    process.once('SIGTERM', endServer);
    try {
      const exit = await runInWindow(server.port, folder, launch);
      if (exit.code !== 0) console.error(exit.why);
      return exit.code;
    } finally {
      await server.stop();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runInWindow(port: number, folder: string, launch: LaunchArguments): Promise<Exit> {
  const browser = await launchBrowser();
  try {
    const page = await (await localContext(browser)).newPage();
    const said: string[] = [];
    const note = (line: string): void => {
      said.push(line);
      if (said.length > 80) said.shift();
    };
    page.on('pageerror', (error) => note(`page error: ${error.message}`));
    page.on('requestfailed', (request) => note(`request failed: ${request.url()}`));
    page.on('console', (message) => note(`${message.type()}: ${message.text().slice(0, 400)}`));
    let end: (exit: Exit) => void = () => undefined;
    const ended = new Promise<Exit>((done) => {
      end = done;
    });
    page.on('crash', () => end({ code: 1, why: 'The page crashed.' }));
    await page.exposeFunction('codeAutomationLog', (_type: string, args: readonly unknown[]) => {
      const text = args.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ');
      const line = /\[tests\] (.*)/s.exec(text)?.[1];
      if (line !== undefined) console.log(line);
    });
    await page.exposeFunction('codeAutomationExit', (code: number) =>
      end({ code, why: `The tests ended with exit code ${code}.` }),
    );
    const query = new URLSearchParams({
      folder,
      payload: devPayload(port, launch.extensionDevelopmentPath, launch.extensionTestsPath),
    });
    await page.goto(`http://127.0.0.1:${port}/?${query}`, { waitUntil: 'commit' });
    await reloadIfBlank(page, note);
    const timedOut = delay(
      LIMIT_MS,
      { code: 1, why: `No result after ${LIMIT_MS / 1000} s. The page said last:` },
      { ref: false },
    );
    const exit = await Promise.race([ended, timedOut]);
    return exit.code !== 0 && exit.why.endsWith(':')
      ? { ...exit, why: [exit.why, ...said].join('\n') }
      : exit;
  } finally {
    await browser.close();
  }
}

/**
 * Rarely (once in some 34 starts) the page stays blank and nothing starts, so no test has run: then, and only then,
 * it is loaded a second time.
 */
async function reloadIfBlank(page: Page, note: (line: string) => void): Promise<void> {
  const there = await page.waitForSelector('.monaco-workbench', { timeout: 30_000 }).then(
    () => true,
    () => false,
  );
  if (there) return;
  console.error('The page was still blank after 30 s: loading it once more.');
  note('reloaded a blank page');
  await page.reload({ waitUntil: 'commit' });
}

if (isMain(import.meta.url)) runMain(main);
