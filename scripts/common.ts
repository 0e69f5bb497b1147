/** What all scripts share: where things are, and how a child process is run. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Downloads and installed tools, outside the checkout; shared by all checkouts of a person. */
export const cache = resolve(process.env['TILESCOPE_CACHE'] ?? join(homedir(), '.cache', 'tilescope'));

/** Machine-readable results of the test runners, one file per suite. */
export const resultsFolder = join(root, 'build', 'results');

/** A failure whose message is all that a person needs: printed without a stack. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/** The environment without the settings that a surrounding VS Code or npm puts there for its own use. */
export function cleanEnv(extra: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (/^(VSCODE_|ELECTRON_|npm_)/.test(name)) continue;
    env[name] = value;
  }
  for (const [name, value] of Object.entries(extra)) {
    if (value === undefined) delete env[name];
    else env[name] = value;
  }
  return env;
}

/** How a child ended: its exit code, or 128 when a signal ended it. */
export async function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<number> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: 'inherit', cwd: root, ...options });
    child.on('error', (error) => failed(new ScriptError(`Cannot run ${command}: ${error.message}`)));
    child.on('exit', (code) => done(code ?? 128));
  });
}

/** What a child printed on both channels, and how it ended. */
export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a child and keeps what it says. */
export async function capture(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Captured> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: root, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (error) => failed(new ScriptError(`Cannot run ${command}: ${error.message}`)));
    child.on('close', (code) =>
      done({
        code: code ?? 128,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      }),
    );
  });
}

/** Runs a child that has to succeed; otherwise the error carries the end of what it said. */
export async function must(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<string> {
  const result = await capture(command, args, options);
  if (result.code !== 0) {
    const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-40).join('\n');
    throw new ScriptError(`"${command} ${args.join(' ')}" ended with ${result.code}:\n${said}`);
  }
  return result.stdout;
}

/** Path of a command that an npm package of this project brings, for example `biome`. */
export function localBin(name: string): string {
  return join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
}

/** True when the module with this `import.meta.url` was started by `node` itself. */
export function isMain(moduleUrl: string): boolean {
  return process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(moduleUrl);
}

/** Runs a script's `main`: its result becomes the exit code; a ScriptError is told in one message. */
export function runMain(main: () => Promise<number>): void {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof ScriptError ? error.message : error);
      process.exitCode = 1;
    },
  );
}
