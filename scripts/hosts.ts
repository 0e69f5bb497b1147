/**
 * The editors that the tests and `npm start` run in, all served to a browser on 127.0.0.1: code-server (VS Code's
 * own workbench, extension host and webviews), current and oldest supported, and Eclipse Theia. Each is installed
 * once into the tool cache, without running any install script.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cache, capture, cleanEnv, must, ScriptError } from './common.ts';

/** The current VS Code (1.139). */
export const CURRENT_CODE_SERVER = '4.139.1';
/** The oldest VS Code that `engines.vscode` promises (1.100). */
export const OLDEST_CODE_SERVER = '4.100.3';
/** The base of AMD's Vitis Unified IDE. */
export const THEIA = '1.74.1';

const NODE_FOR_OLDEST = '20.20.2';

/** What to start. All paths are absolute. */
export interface HostRequest {
  /** The folder that the editor opens. */
  readonly folder: string;
  /** Load the extension from its folder. */
  readonly extensionDevelopmentPath?: string;
  /** Install this package first, as a user would. */
  readonly vsix?: string;
  /** User settings on top of the quiet defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Environment of the server, and with it of the extension host. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** 0 (the default) lets the system choose a free port. */
  readonly port?: number;
  /** Profile and logs; a temporary folder, removed by `stop`, unless given. */
  readonly dataFolder?: string;
}

/** A running editor. */
export interface RunningHost {
  /** What to open in a browser; loads the extension from its folder where that was asked. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataFolder: string;
  /** What the server has printed, newest last, at most 200 KiB. */
  log(): string;
  /** Ends the server and everything that it started, and removes its temporary folder. Safe to call twice. */
  stop(): Promise<void>;
}

/** Settings under which nothing talks to the internet and nothing pops up by itself. */
export const QUIET_SETTINGS: Readonly<Record<string, unknown>> = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'security.workspace.trust.enabled': false,
  'chat.disableAIFeatures': true,
  'window.commandCenter': false,
  'window.autoDetectColorScheme': false,
  'window.autoDetectHighContrast': false,
  // A memory moves under a test only where the test wants it.
  'tilescope.liveRate': 0,
};

/**
 * Makes `folder` in the tool cache by `make`, once: work happens beside it and is renamed into place, so a folder
 * that exists is complete. Two processes at the same time: the second waits for the first.
 */
export async function once(folder: string, make: (part: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder;
  const part = `${folder}.part`;
  await mkdir(dirname(folder), { recursive: true });
  for (;;) {
    try {
      await symlink(String(process.pid), `${folder}.lock`);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (existsSync(folder)) return folder;
      await takeOverStaleLock(`${folder}.lock`);
      await delay(500);
    }
  }
  try {
    if (existsSync(folder)) return folder;
    for (let attempt = 1; ; attempt++) {
      try {
        await rm(part, { recursive: true, force: true });
        await mkdir(part, { recursive: true });
        await make(part);
        break;
      } catch (error) {
        if (attempt === 3) throw error;
        console.error(`tilescope: attempt ${attempt} failed, trying again: ${String(error).slice(0, 400)}`);
      }
    }
    await rename(part, folder);
    return folder;
  } finally {
    await rm(`${folder}.lock`, { force: true });
  }
}

async function takeOverStaleLock(lock: string): Promise<void> {
  const { readlink } = await import('node:fs/promises');
  try {
    process.kill(Number(await readlink(lock)), 0);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ESRCH') await rm(lock, { force: true });
    else if (code !== 'ENOENT' && code !== 'EPERM') throw error;
  }
}

const NPM_INSTALL = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** Folder of an installed code-server; fetches it at the first call. */
export async function installCodeServer(version: string): Promise<string> {
  return once(join(cache, 'hosts', `code-server-${version}`), async (part) => {
    console.error(`tilescope: installing code-server ${version} into ${cache}`);
    await must('npm', [...NPM_INSTALL, '--prefix', part, `code-server@${version}`], { cwd: part });
    // `npm ci` refuses: the shrinkwrap that code-server ships is out of step with its own manifest.
    const server = join(part, 'node_modules', 'code-server', 'lib', 'vscode');
    await must('npm', [...NPM_INSTALL, '--omit=dev'], { cwd: server });
    await replaceUnbuiltArgon2(join(part, 'node_modules', 'argon2'));
    await replaceUnbuiltLogger(join(server, 'node_modules', '@vscode'));
  });
}

/**
 * The oldest code-server loads a password hasher that is compiled at installation. Nothing here has a password
 * (`--auth none`), so instead of a compiler run it gets a module that refuses to hash.
 */
async function replaceUnbuiltArgon2(folder: string): Promise<void> {
  if (!existsSync(folder) || existsSync(join(folder, 'prebuilds'))) return;
  await writeFile(
    join(folder, 'argon2.js'),
    "const refuse = () => { throw new Error('not built'); };\nmodule.exports = { hash: refuse, verify: refuse };\n",
  );
}

/** The logger's interface as VS Code uses it, written without a compiler: lines appended to a file. */
const PLAIN_LOGGER = `'use strict';
const fs = require('fs');
const path = require('path');
const NAMES = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
class Logger {
  constructor(_type, _name, file) { this.file = file; this.level = 2; this.plain = false; }
  write(level, text) {
    if (level < this.level || this.file === undefined) return;
    const when = new Date().toISOString().replace('T', ' ').replace('Z', '');
    fs.appendFileSync(this.file, this.plain ? text : when + ' [' + NAMES[level] + '] ' + text + '\\n');
  }
  trace(text) { this.write(0, text); }
  debug(text) { this.write(1, text); }
  info(text) { this.write(2, text); }
  warn(text) { this.write(3, text); }
  error(text) { this.write(4, text); }
  critical(text) { this.write(5, text); }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  setPattern() {}
  clearFormatters() { this.plain = true; }
  flush() {}
  drop() { this.file = undefined; }
}
async function create(name, file) {
  await fs.promises.mkdir(path.dirname(file), { recursive: true });
  return new Logger('rotating', name, file);
}
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
`;

/**
 * VS Code's log files and output channels go through a compiled module; without it both stay empty. The stand-in
 * needs no compiler. The watchdog, compiled too, only ends extension hosts that hang at exit.
 */
async function replaceUnbuiltLogger(modules: string): Promise<void> {
  const logger = join(modules, 'spdlog');
  if (existsSync(logger) && !existsSync(join(logger, 'build'))) {
    await writeFile(join(logger, 'index.js'), PLAIN_LOGGER);
  }
  const watchdog = join(modules, 'native-watchdog');
  if (existsSync(watchdog) && !existsSync(join(watchdog, 'build'))) {
    await writeFile(
      join(watchdog, 'index.js'),
      'exports.start = () => {};\nexports.exit = (code) => process.exit(code ?? 0);\n',
    );
  }
}

/**
 * The oldest code-server fetches its search program by an install script, which does not run here: it gets the current
 * one's.
 */
async function giveSearchProgram(installed: string): Promise<void> {
  const modules = join('node_modules', 'code-server', 'lib', 'vscode', 'node_modules', '@vscode');
  const folder = join(installed, modules, 'ripgrep', 'bin');
  if (existsSync(join(folder, 'rg'))) return;
  const current = await installCodeServer(CURRENT_CODE_SERVER);
  const system = `${process.platform}-${process.arch}`;
  await mkdir(folder, { recursive: true });
  const part = join(folder, `rg.${process.pid}`);
  await copyFile(join(current, modules, 'ripgrep-universal', 'bin', system, 'rg'), part);
  await rename(part, join(folder, 'rg'));
}

/** The `node` executable for a code-server version: the oldest one cannot run on the Node of the current one. */
async function nodeFor(version: string): Promise<string> {
  if (version !== OLDEST_CODE_SERVER) return process.execPath;
  if (process.platform !== 'linux') return process.execPath;
  const name = `node-linux-${process.arch}`;
  const folder = await once(join(cache, 'hosts', `node-${NODE_FOR_OLDEST}`), async (part) => {
    await must('npm', [...NPM_INSTALL, '--prefix', part, `${name}@${NODE_FOR_OLDEST}`], { cwd: part });
  });
  return join(folder, 'node_modules', name, 'bin', 'node');
}

/** What to start of code-server. */
export interface CodeServerRequest extends HostRequest {
  /** The current one unless told. */
  readonly version?: string;
  /**
   * Lets a page's `payload` run tests in the extension host. It also keeps notifications from popping up, so it is
   * off wherever a person, or a test of what a person sees, looks at the window.
   */
  readonly payload?: boolean;
  /** Folders of extensions that stand among the installed ones, beside `extensionDevelopmentPath`. */
  readonly installed?: readonly string[];
}

/** Starts code-server; resolves when it answers. */
export async function startCodeServer(request: CodeServerRequest): Promise<RunningHost> {
  const version = request.version ?? CURRENT_CODE_SERVER;
  const [installed, node] = await Promise.all([installCodeServer(version), nodeFor(version)]);
  if (version === OLDEST_CODE_SERVER) await giveSearchProgram(installed);
  const entry = join(installed, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
  const data = request.dataFolder ?? (await mkdtemp(join(tmpdir(), 'tilescope-host-')));
  const profile = [
    '--user-data-dir',
    join(data, 'user'),
    '--extensions-dir',
    join(data, 'extensions'),
    '--config',
    join(data, 'config.yaml'),
  ];
  const env = cleanEnv({
    ...xdg(data),
    PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`,
    ...request.env,
  });
  await mkdir(join(data, 'user', 'User'), { recursive: true });
  await writeFile(join(data, 'config.yaml'), 'cert: false\n');
  await writeFile(
    join(data, 'user', 'User', 'settings.json'),
    JSON.stringify({ ...QUIET_SETTINGS, ...request.settings }, null, 2),
  );
  const linked = request.extensionDevelopmentPath;
  for (const extension of [...(linked === undefined ? [] : [linked]), ...(request.installed ?? [])]) {
    await linkExtension(extension, join(data, 'extensions'));
  }
  if (request.vsix !== undefined) {
    const installedPackage = await capture(
      node,
      [entry, ...profile, '--install-extension', resolve(request.vsix)],
      { env },
    );
    if (installedPackage.code !== 0 || !/successfully installed/.test(installedPackage.stdout)) {
      throw new ScriptError(
        `code-server ${version} did not install ${request.vsix}:\n${installedPackage.stdout}${installedPackage.stderr}`,
      );
    }
  }
  const server = await startServer({
    command: node,
    args: [
      entry,
      ...profile,
      '--auth',
      'none',
      '--bind-addr',
      `127.0.0.1:${request.port ?? 0}`,
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-workspace-trust',
      '--disable-getting-started-override',
      ...(request.payload === true ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
      request.folder,
    ],
    env,
    cwd: data,
    listening: /HTTP server listening on http:\/\/127\.0\.0\.1:(\d+)/,
    removeFolder: request.dataFolder === undefined ? data : undefined,
    dataFolder: data,
  });
  const query = new URLSearchParams({ folder: request.folder });
  return { ...server, url: `http://127.0.0.1:${server.port}/?${query}` };
}

/**
 * Puts a link to the extension's folder where installed extensions stand. The editor takes it for an installed one,
 * so the window is the one that users have.
 */
async function linkExtension(extension: string, extensions: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(extension, 'package.json'), 'utf8')) as {
    readonly publisher: string;
    readonly name: string;
    readonly version: string;
  };
  await mkdir(extensions, { recursive: true });
  const link = join(extensions, `${manifest.publisher}.${manifest.name}-${manifest.version}`);
  await rm(link, { force: true });
  await symlink(extension, link);
}

/** The `payload` value that makes the workbench load an extension from its folder, and run tests where asked. */
export function devPayload(port: number, extensionFolder: string, testsPath?: string): string {
  const remote = `vscode-remote://127.0.0.1:${port}`;
  const entries = [['extensionDevelopmentPath', `${remote}${extensionFolder}`]];
  if (testsPath !== undefined) entries.push(['extensionTestsPath', `${remote}${testsPath}`]);
  entries.push(['skipWelcome', 'true']);
  return JSON.stringify(entries);
}

function xdg(data: string): Record<string, string> {
  const folder = join(data, 'xdg');
  return { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
}

interface ServerStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Matches the printed line that says the port. */
  readonly listening: RegExp;
  readonly removeFolder: string | undefined;
  readonly dataFolder: string;
}

/**
 * Starts a server in a process group of its own, so that `stop` reaches its children too. When this process dies,
 * the kernel ends the server (where `setpriv` exists); its children end with their channel to it.
 */
async function startServer(start: ServerStart): Promise<Omit<RunningHost, 'url'>> {
  const guarded = existsSync('/usr/bin/setpriv');
  const [command, args] = guarded
    ? ['/usr/bin/setpriv', ['--pdeathsig', 'TERM', start.command, ...start.args]]
    : [start.command, [...start.args]];
  const child = spawn(command, args, {
    cwd: start.cwd,
    env: start.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', (error) => {
      log += error.message;
      done();
    });
  });
  const stop = async (): Promise<void> => {
    await endGroup(child, exited);
    if (start.removeFolder !== undefined) {
      await rm(start.removeFolder, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  const port = await new Promise<number>((done, failed) => {
    const hear = (chunk: Buffer): void => {
      log = (log + chunk.toString('utf8')).slice(-200_000);
      const match = start.listening.exec(log);
      if (match?.[1] !== undefined) done(Number(match[1]));
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    exited.then(() => failed(new ScriptError(`The editor's server ended before it was ready:\n${log}`)));
    setTimeout(
      () => failed(new ScriptError(`The editor's server was not ready within 120 s:\n${log}`)),
      120_000,
    ).unref();
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { port, pid: child.pid ?? 0, dataFolder: start.dataFolder, log: () => log, stop };
}

async function endGroup(child: ChildProcess, exited: Promise<void>): Promise<void> {
  const pid = child.pid;
  if (pid === undefined) return;
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  signal('SIGTERM');
  const inTime = await Promise.race([exited.then(() => true), delay(5000, false, { ref: false })]);
  if (!inTime) signal('SIGKILL');
  await exited;
  // What outlived its leader, an extension host busy with its shutdown for instance.
  signal('SIGKILL');
}

const THEIA_PACKAGES = [
  'core',
  'editor',
  'filesystem',
  'markers',
  'messages',
  'monaco',
  'navigator',
  'outline-view',
  'output',
  'plugin-ext',
  'plugin-ext-vscode',
  'preferences',
  'process',
  'terminal',
  'userstorage',
  'variable-resolver',
  'workspace',
];

/** Folder of a built Theia application; makes it at the first call (about a minute and a half). */
export async function installTheia(): Promise<string> {
  return once(join(cache, 'hosts', `theia-${THEIA}`), async (part) => {
    console.error(`tilescope: installing Theia ${THEIA} into ${cache}`);
    const dependencies = Object.fromEntries(THEIA_PACKAGES.map((name) => [`@theia/${name}`, THEIA]));
    await writeFile(
      join(part, 'package.json'),
      JSON.stringify(
        {
          private: true,
          name: 'theia-host',
          version: '1.0.0',
          dependencies,
          devDependencies: { '@theia/cli': THEIA },
          theia: {
            target: 'browser',
            frontend: { config: { applicationName: 'Theia', warnOnPotentiallyInsecureHostPattern: false } },
          },
        },
        null,
        2,
      ),
    );
    await must('npm', NPM_INSTALL, { cwd: part });
    // The two native packages without which the backend does not start.
    await must('npm', ['rebuild', '--loglevel=error', 'drivelist', 'keytar'], {
      cwd: part,
      env: cleanEnv({
        npm_config_ignore_scripts: 'false',
        npm_config_nodedir: dirname(dirname(process.execPath)),
      }),
    });
    await must(join(part, 'node_modules', '.bin', 'theia'), ['build', '--mode', 'development'], {
      cwd: part,
    });
  });
}

/** Starts Theia; `extensionDevelopmentPath` or `vsix` becomes its only plug-in. */
export async function startTheia(request: HostRequest): Promise<RunningHost> {
  const installed = await installTheia();
  const data = request.dataFolder ?? (await mkdtemp(join(tmpdir(), 'tilescope-theia-')));
  const plugins = join(data, 'plugins');
  const config = join(data, 'config');
  await mkdir(plugins, { recursive: true });
  await mkdir(config, { recursive: true });
  await writeFile(
    join(config, 'settings.json'),
    JSON.stringify({ ...QUIET_SETTINGS, ...request.settings }, null, 2),
  );
  if (request.extensionDevelopmentPath !== undefined) {
    await symlink(request.extensionDevelopmentPath, join(plugins, 'extension'));
  }
  if (request.vsix !== undefined) {
    // Theia takes a plug-in of its own only unpacked.
    const unpacked = join(data, 'unpacked');
    await must('python3', ['-m', 'zipfile', '-e', resolve(request.vsix), unpacked]);
    await rename(join(unpacked, 'extension'), join(plugins, 'extension'));
  }
  const server = await startServer({
    command: process.execPath,
    args: [
      join(installed, 'lib', 'backend', 'main.js'),
      request.folder,
      '--hostname',
      '127.0.0.1',
      '--port',
      String(request.port ?? 0),
      `--plugins=local-dir:${plugins}`,
    ],
    env: cleanEnv({
      ...xdg(data),
      THEIA_CONFIG_DIR: config,
      // Webviews come from the same name as the page; the default, a name per webview, does not resolve here.
      THEIA_WEBVIEW_EXTERNAL_ENDPOINT: '{{hostname}}',
      ...request.env,
    }),
    cwd: installed,
    listening: /Theia app listening on http:\/\/127\.0\.0\.1:(\d+)/,
    removeFolder: request.dataFolder === undefined ? data : undefined,
    dataFolder: data,
  });
  return { ...server, url: `http://localhost:${server.port}/#${request.folder}` };
}
