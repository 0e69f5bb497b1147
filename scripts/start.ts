/**
 * `npm start [-- --virtual-board] [--port=N]`: builds the extension and serves VS Code with it on 127.0.0.1, the
 * simulated board in the sidebar; with `--virtual-board` also a virtual board over SSH, with an application. The window
 * opens with the boards connected and a memory of the running graph in front (`start-window.ts`). Ctrl-C ends all of it.
 * `--check` opens the window in a headless browser, waits for all that, and ends.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { HexEditorPage } from '../test/e2e/hex-editor.ts';
import { buildAll, hostOptions } from './build.ts';
import { isMain, root, runMain, ScriptError } from './common.ts';
import { writeDemo } from './demo-folder.ts';
import { type RunningHost, startCodeServer } from './hosts.ts';
import { buildAndPlaceNative } from './native.ts';
import type { StartPlace } from './start-window.ts';

const SIMULATED = 'Simulated board';
const VIRTUAL = 'Virtual board';

/** Where memory moves: the counters of the simulated graph, and what the witness counts up. */
const MOVING = { offset: 0x1000 } as const;
/** The virtual board imitates the present driver. */
const FAMILY = 'aperture40/aieml';
/** Steps of the witness's kernels in a second. */
const STEPS = 4;

/** A board of the window, and what can be opened of it. */
interface StartView {
  readonly board: StartBoard;
  readonly place: StartPlace;
}

/** An entry of TILESCOPE_START_BOARDS; see src/boards/board-config.ts. */
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

async function startVirtualBoard(folder: string, undo: Undo): Promise<StartView> {
  console.log('Booting the virtual board (the first time it is downloaded and built)...');
  const { families, startBoard } = await import('../test/board/board.ts');
  const { stageHang } = await import('../test/board/hang.ts');
  const { generation, module, partition, shape } = families[FAMILY];
  const board = await startBoard({ module });
  undo.add(() => board.stop());
  // The application: its kernels count in every tile, and two of them wait for each other's lock.
  await board.witness(`request ${partition.id} clocks`, 'fill', `run ${STEPS}`);
  const hang = await stageHang(board, { generation, col: partition.startCol, row: shape.core.start });
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, `${board.knownHostsLine()}\n`);
  return {
    board: {
      kind: 'ssh',
      label: VIRTUAL,
      host: board.host,
      port: board.port,
      user: board.user,
      identityFile: board.privateKeyPath,
      knownHosts,
    },
    place: { label: VIRTUAL, tile: hang.running, ...MOVING },
  };
}

/** Puts the extension that sets up the window among those installed in `dataFolder`. */
async function installStartWindow(dataFolder: string): Promise<void> {
  const folder = join(dataFolder, 'extensions', 'tilescope.start-0.0.1');
  await mkdir(folder, { recursive: true });
  const manifest = {
    name: 'start',
    publisher: 'tilescope',
    version: '0.0.1',
    displayName: 'npm start',
    engines: { vscode: '^1.100.0' },
    main: './start-window.cjs',
    activationEvents: ['onStartupFinished'],
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await build({
    ...hostOptions(false),
    entryPoints: [join(root, 'scripts', 'start-window.ts')],
    outfile: join(folder, 'start-window.cjs'),
    sourcemap: 'inline',
  });
}

/** How long the window may take until a memory is open on a busy machine, milliseconds. */
const READY_MS = 180_000;
/** How long bytes that are read every two seconds may seem to stand still on a busy machine, milliseconds. */
const STILL_MS = 60_000;

async function untilBytesMove(editor: HexEditorPage): Promise<void> {
  const known = async (): Promise<Map<number, string>> =>
    new Map(
      (await editor.rows()).flatMap(({ index, bytes }) =>
        /^[\dA-F\s]+$/.test(bytes) ? [[index, bytes]] : [],
      ),
    );
  let before = await known();
  for (const end = Date.now() + STILL_MS; Date.now() < end; await editor.page.waitForTimeout(100)) {
    const now = await known();
    if ([...now].some(([index, bytes]) => (before.get(index) ?? bytes) !== bytes)) return;
    before = now;
  }
  throw new Error('The bytes stand still.');
}

/** Opens the window as a person would, and waits for what it has to show without a click. */
async function lookAtWindow(
  host: RunningHost,
  boards: readonly StartBoard[],
  place: StartPlace,
): Promise<void> {
  const { Workbench } = await import('../test/e2e/driver.ts');
  const pages = await import('../test/e2e/hex-editor.ts');
  const workbench = await Workbench.open(host);
  const look = async (): Promise<void> => {
    await workbench.tab(`data ${place.tile.col}_${place.tile.row}`).waitFor({ timeout: READY_MS });
    for (const { label } of boards) {
      await workbench.waitForRowBelow(label, /^Columns \d+ to \d+/);
      console.log(`In the sidebar: ${label}`);
    }
    await workbench.waitForRow(/^Columns \d+ to \d+in use by/);
    console.log('In use');
    await workbench.webview('.hang-list .sentence');
    console.log('In the Array view: a hang');
    const editor = new pages.HexEditorPage(
      workbench.page,
      await workbench.webview('#grid .layer .cell.bytes'),
    );
    await untilBytesMove(editor);
    console.log('In the editor: bytes that move');
    await workbench.showView('Run and Debug');
    await workbench.page.locator('.start-debug-action-item .codicon-debug-start').click();
    await workbench.waitForRow(/\(7,2\) lock north · cfar_window:\d+/, READY_MS);
    console.log('In Run and Debug: cores with their lines');
  };
  try {
    await look();
    console.log(`A picture of it: ${await workbench.screenshot('start')}`);
  } catch (error) {
    const picture = await workbench.screenshot('start-check-failed');
    throw new ScriptError(`The window does not show all that it should (see ${picture}): ${String(error)}`);
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
    const demo = join(scratch, 'demo_graph');
    await writeDemo(demo, SIMULATED);
    const boards: StartBoard[] = [{ kind: 'simulated', label: SIMULATED }];
    // One graph is opened: the one that is more like a real one.
    let place: StartPlace = { label: SIMULATED, tile: { col: 6, row: 1 }, ...MOVING };
    if (options.virtualBoard) {
      const virtual = await startVirtualBoard(scratch, undo);
      boards.push(virtual.board);
      place = virtual.place;
    }
    const dataFolder = await mkdtemp(join(tmpdir(), 'tilescope-start-profile-'));
    undo.add(() => rm(dataFolder, { recursive: true, force: true, maxRetries: 5 }));
    await installStartWindow(dataFolder);
    const host = await startCodeServer({
      folder: demo,
      extensionDevelopmentPath: root,
      dataFolder,
      settings: { 'tilescope.array.refreshSeconds': 2, 'tilescope.liveRate': 10 },
      env: {
        TILESCOPE_START_BOARDS: JSON.stringify(boards),
        TILESCOPE_START_OPEN: JSON.stringify([place]),
        TILESCOPE_PARTS: '1',
      },
      port: options.port,
    });
    undo.add(() => host.stop());
    console.log(`\nVS Code with Tilescope: ${host.url}\n`);
    if (options.check) {
      await lookAtWindow(host, boards, place);
      return;
    }
    console.log('Open the address in a browser on this machine.');
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
