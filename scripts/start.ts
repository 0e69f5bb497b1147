/**
 * `npm start [-- --virtual-board] [--port=N]`: builds the extension and serves VS Code with it on 127.0.0.1, the
 * simulated board in the sidebar; with `--virtual-board` also a virtual board over SSH. Ctrl-C ends all of it.
 * `--check` opens the window in a headless browser, connects the boards, and ends.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from './build.ts';
import { isMain, root, runMain, ScriptError } from './common.ts';
import { type RunningHost, startCodeServer } from './hosts.ts';
import { buildAndPlaceNative } from './native.ts';

const SIMULATED = 'Simulated board';
const VIRTUAL = 'Virtual board';

/** An entry of TILESCOPE_START_BOARDS; see src/explorer/board-config.ts. */
type StartBoard =
  | { readonly kind: 'simulated'; readonly label: string }
  | {
      readonly kind: 'ssh';
      readonly label: string;
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly identityFile: string;
      readonly knownHosts: string;
    };

interface Options {
  readonly virtualBoard: boolean;
  readonly check: boolean;
  readonly port: number;
}

function readOptions(args: readonly string[]): Options {
  let port = 0;
  for (const argument of args) {
    const given = /^--port=(\d+)$/.exec(argument)?.[1];
    if (given !== undefined) port = Number(given);
    else if (argument !== '--virtual-board' && argument !== '--check') {
      throw new ScriptError(
        `"${argument}" is not understood. npm start [-- --virtual-board] [--port=N] [--check]`,
      );
    }
  }
  if (port > 65535) throw new ScriptError(`${port} is not a port number.`);
  return { virtualBoard: args.includes('--virtual-board'), check: args.includes('--check'), port };
}

/** Things to undo at the end, last one first. */
class Undo {
  readonly #steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  async all(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step();
  }
}

async function startVirtualBoard(folder: string, undo: Undo): Promise<StartBoard> {
  console.log('Booting the virtual board (the first time it is downloaded and built)...');
  const { startBoard } = await import('../test/board/board.ts');
  const board = await startBoard();
  undo.add(() => board.stop());
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, `${board.knownHostsLine()}\n`);
  return {
    kind: 'ssh',
    label: VIRTUAL,
    host: board.host,
    port: board.port,
    user: board.user,
    identityFile: board.privateKeyPath,
    knownHosts,
  };
}

/** A board that was opened is usually connected by then, milliseconds. */
const OPENING_MS = 10_000;

/** Opens the window as a person would, and connects each board until its partitions are listed. */
async function lookAtBoards(host: RunningHost, boards: readonly StartBoard[]): Promise<void> {
  const { Workbench } = await import('../test/e2e/driver.ts');
  const workbench = await Workbench.open(host);
  try {
    await workbench.showView('Tilescope');
    for (const board of boards) {
      const listed = (patience?: number): Promise<void> =>
        workbench.waitForRowBelow(board.label, /^Columns \d+ to \d+/, patience);
      // Opening a board that is not connected connects it.
      await workbench.expand(board.label);
      await listed(OPENING_MS).catch(async () => {
        // An opening that VS Code tells while it asks for the tree anew reaches nobody: the row below says what to do.
        const connect = workbench.row('Not connected. Click to connect.');
        if (await connect.isVisible()) await connect.click();
        await listed();
      });
      console.log(`In the sidebar: ${board.label}`);
    }
  } catch (error) {
    const picture = await workbench.screenshot('start-check-failed');
    throw new ScriptError(
      `Not every board is in the sidebar with its partitions (see ${picture}): ${String(error)}`,
    );
  } finally {
    await workbench.close();
  }
}

function untilInterrupted(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
  });
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const undo = new Undo();
  const interrupted = untilInterrupted();
  const work = async (): Promise<void> => {
    await buildAll();
    if (options.virtualBoard) await buildAndPlaceNative();
    const scratch = await mkdtemp(join(tmpdir(), 'tilescope-start-'));
    undo.add(() => rm(scratch, { recursive: true, force: true }));
    const boards: StartBoard[] = [{ kind: 'simulated', label: SIMULATED }];
    if (options.virtualBoard) boards.push(await startVirtualBoard(scratch, undo));
    const host = await startCodeServer({
      folder: scratch,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify(boards) },
      port: options.port,
    });
    undo.add(() => host.stop());
    console.log(`\nVS Code with Tilescope: ${host.url}\n`);
    if (options.check) {
      await lookAtBoards(host, boards);
      return;
    }
    console.log('Open the address in a browser on this machine and choose Tilescope in the activity bar.');
    console.log('Ctrl-C ends it.');
    await interrupted;
    console.log('\nEnding...');
  };
  try {
    // An interruption before everything runs must not wait for the rest.
    await Promise.race([work(), interrupted]);
  } finally {
    await undo.all();
  }
  return 0;
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    const code = await main();
    // A step that was interrupted half-way may still hold the process.
    process.exit(code);
  });
}
