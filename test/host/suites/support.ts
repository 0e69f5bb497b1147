/** What the suites share: the extension's own pieces, an array of their own, and waiting for conditions. */
import * as assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { SimulatedArray, SimulatedArrayOptions } from '../../../src/board/simulated/array.ts';
import { simulatedKey } from '../../../src/board/simulated/array.ts';
import type { BoardEntry } from '../../../src/boards/boards.ts';
import type { TileDocument } from '../../../src/editor/document.ts';
import type { ExportsWithParts, TilescopeParts } from '../../../src/extension.ts';
import type { MemoryType, Tile } from '../../../src/model/geometry.ts';
import { resourcePath, scheme } from '../../../src/model/resource.ts';

/** The columns of the simulated array's free partition, and of the one that a graph owns. */
export const free = { startCol: 0, numCols: 4 };
export const owned = { startCol: 6, numCols: 4 };

/** How long a condition may take on a loaded machine, milliseconds. */
const patience = 60_000;

/** Waits until `look` gives something. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > end) assert.fail(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until a condition holds. */
export async function untilTrue(what: string, look: () => boolean): Promise<void> {
  await until(what, () => (look() ? true : undefined));
}

/** What any extension of the window gets. */
export async function exported(): Promise<ExportsWithParts> {
  const extension = vscode.extensions.getExtension<ExportsWithParts | undefined>('tilescope.tilescope');
  const exports = await extension?.activate();
  assert.ok(exports, 'the extension did not start');
  return exports;
}

export async function tilescope(): Promise<TilescopeParts> {
  const { parts } = await exported();
  assert.ok(parts, 'the environment does not ask for the pieces (TILESCOPE_PARTS)');
  return parts;
}

let boardCount = 0;

/** A connected simulated board that no other test uses. */
export class Bench {
  readonly api: TilescopeParts;
  readonly entry: BoardEntry;
  readonly array: SimulatedArray;

  private constructor(api: TilescopeParts, entry: BoardEntry, array: SimulatedArray) {
    this.api = api;
    this.entry = entry;
    this.array = array;
  }

  static async make(options: SimulatedArrayOptions = {}): Promise<Bench> {
    const api = await tilescope();
    const id = `bench-${++boardCount}`;
    const array = await api.simulated(id, options);
    const entry = api.boards.addForNow({ kind: 'simulated', id, label: `Bench ${boardCount}` });
    await entry.link.connect();
    return new Bench(api, entry, array);
  }

  uri(memory: MemoryType, tile?: Tile, columns = free): vscode.Uri {
    const resource = {
      board: this.entry.id,
      partition: simulatedKey(columns),
      memory,
      ...(tile === undefined ? {} : { tile }),
    };
    return vscode.Uri.from({ scheme, authority: resource.board, path: resourcePath(resource) });
  }

  /** Opens an editor and waits until its page has asked for bytes and they were read. */
  async open(memory: MemoryType, tile?: Tile, columns = free): Promise<TileDocument> {
    const uri = this.uri(memory, tile, columns);
    await show(uri);
    const document = await until('the document is open', () => this.api.editor.document(uri));
    await until('the page shows bytes that were read', () => {
      const visible = [...document.panels][0]?.visible;
      return visible !== undefined && document.session.readAt(visible) !== undefined ? true : undefined;
    });
    return document;
  }

  /** Types over bytes as the page does; offsets count from the first byte that the editor shows. */
  type(document: TileDocument, offset: number, bytes: readonly number[]): void {
    const start = document.shown?.range.offset ?? 0;
    this.api.editor.edit(document, 'Type', [{ offset: start + offset, bytes: new Uint8Array(bytes) }]);
  }

  /** Takes the board out of the sidebar, with all its editors closed unsaved. */
  async dispose(): Promise<void> {
    for (const document of this.api.editor.documents) {
      if (document.resource.board !== this.entry.id) continue;
      await show(document.uri);
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
      await untilTrue('the tab is closed', () => tabOf(document.uri) === undefined);
    }
    await this.api.boards.remove(this.entry.id);
  }
}

/** Adds a build, a file of the folder, on the free columns that names 64 bytes from 0x100 of the tile on, and its kernel. */
export async function nameTile(bench: Bench, folder: string, tile: Tile): Promise<void> {
  const { names, tree } = bench.api;
  const place = { row: tile.row - 1, column: tile.col };
  const at = (part: string, address: number) => ({
    [`${part}_row`]: place.row,
    [`${part}_column`]: place.column,
    [`${part}_address`]: address,
  });
  const parameter = {
    port_name: 'gain',
    number_of_bytes: 64,
    ...at('selector', 0xf0),
    ...at('ping_buffer', 0x100),
    ...at('pong_buffer', 0x140),
  };
  const config = {
    schema_version: { major: '1', minor: '0', patch: '0' },
    aie_metadata: {
      driver_config: { hw_gen: 1, aie_tile_row_start: 1 },
      RTPs: { rtp0: parameter },
      TileMapping: { AIEKernelToTileMapping: [{ graph: 'g', ...place, schedule: 0, function: 'scale.k' }] },
    },
  };
  const path = join(folder, 'aie_control_config.json');
  await writeFile(path, JSON.stringify(config));
  names.askFile = async () => vscode.Uri.file(path);
  const board = (await tree.getChildren()).find((node) => node.key === `board:${bench.entry.id}`);
  const [partition] = await tree.getChildren(board);
  await vscode.commands.executeCommand('tilescope.addNames', partition);
}

/** Shows a document's editor. */
export async function show(uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, 'tilescope.hex');
  await untilTrue('the tab is in front', () => {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    return input instanceof vscode.TabInputCustom && input.uri.toString() === uri.toString();
  });
}

/** The tab of a document. */
export function tabOf(uri: vscode.Uri): vscode.Tab | undefined {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .find((tab) => tab.input instanceof vscode.TabInputCustom && tab.input.uri.toString() === uri.toString());
}

/** Waits until a tab is marked as unsaved, or is not. */
export async function untilDirty(uri: vscode.Uri, dirty: boolean): Promise<void> {
  await untilTrue(
    `the tab of ${uri.path} is ${dirty ? 'dirty' : 'clean'}`,
    () => tabOf(uri)?.isDirty === dirty,
  );
}

/** Bytes as text, for messages that a person can compare. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Starts a debug session of a small program that stops again and again; what it shows stands beside what is open. */
export async function debugProgram(folder: string): Promise<vscode.Disposable> {
  const program = vscode.Uri.joinPath(vscode.Uri.file(folder), 'program.js');
  const own = vscode.Uri.joinPath(vscode.Uri.file(folder), 'program.pid');
  const text = [
    `require('node:fs').writeFileSync(${JSON.stringify(own.fsPath)}, String(process.pid));`,
    'setInterval(() => { debugger; }, 50);',
    '',
  ].join('\n');
  await vscode.workspace.fs.writeFile(program, new TextEncoder().encode(text));
  // Where it is stopped is shown beside the memory, not in its place.
  await vscode.window.showTextDocument(program, {
    viewColumn: vscode.ViewColumn.Beside,
    preserveFocus: true,
  });
  const started = await vscode.debug.startDebugging(undefined, {
    type: 'node',
    request: 'launch',
    name: 'a small program',
    program: program.fsPath,
    console: 'internalConsole',
  });
  assert.ok(started, 'the program did not start');
  const pid = await until('the program runs', async () => {
    const bytes = await vscode.workspace.fs.readFile(own).then(undefined, () => new Uint8Array());
    return Number(new TextDecoder().decode(bytes)) || undefined;
  });
  // Its debugger may not let it go: it ends all the same, and its session with it.
  return new vscode.Disposable(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  });
}
