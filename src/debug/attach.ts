/** Begins a debug session: from its configuration to the cores and programs that it shows. */
import * as vscode from 'vscode';
import type { PartitionInfo } from '../board/board.ts';
import type { BoardError } from '../board/errors.ts';
import { debugType } from '../model/debug-type.ts';
import type { Disposable } from '../model/event.ts';
import type { ColumnRange, Tile } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { DebugFault, debugFaultText } from '../model/program/dwarf/faults.ts';
import { faultText } from '../model/program/fault-texts.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { BoardLink } from '../session/link.ts';
import { type Observed, ObservingAdapter } from './adapter.ts';
import { mappedPath, readConfiguration } from './configuration.ts';
import { CoreMemory } from './core-memory.ts';
import { Cores } from './cores.ts';
import type { ProgramMemory } from './disassembly-view.ts';
import { foundPrograms } from './found-programs.ts';
import { Halting } from './halting.ts';
import { ProgramFiles } from './program-files.ts';
import { Refused } from './refused.ts';
import { plainPath } from './source-paths.ts';

/** A board of the sidebar. */
export interface DebugBoard {
  readonly id: string;
  readonly label: string;
  readonly link: BoardLink;
}

/** What debug sessions need from the rest of the extension; given by `extension.ts`. */
export interface DebugServices {
  boards(): readonly DebugBoard[];
  /** The partitions of a board that are shown. */
  partitions(board: DebugBoard): readonly PartitionInfo[];
  columnsText(info: PartitionInfo): string;
  ownerText(info: PartitionInfo): string;
  /** The partition that the argument of a command is about. */
  partitionOf(argument: unknown): { readonly board: string; readonly columns: ColumnRange } | undefined;
  /** Opens a tile's memory at bytes of it; `offset` counts from its first one. */
  openPlace(
    resource: MemoryResource & { readonly tile: Tile },
    range: { readonly offset: number; readonly length: number },
  ): Promise<void>;
  /** Shows the tile in the Array view. */
  showInArray(place: {
    readonly board: string;
    readonly partition: PartitionKey;
    readonly tile: Tile;
  }): Promise<void>;
  errorText(error: BoardError): string;
  /** Logs a failure. */
  note(thrown: unknown): BoardError;
  /** Shows a failure to a person, and logs it. */
  showFailure(thrown: unknown): unknown;
  /** Shows a warning to a person, and logs it. */
  warn(text: string): unknown;
  clock(at: number): string;
  /**
   * The folder with the build that a board brings with it for the partition that begins at the column, or, without one, for
   * the partition that is in use. Resolves with `undefined` where it brings none.
   */
  boardPrograms(board: string, startCol: number | undefined): Promise<string | undefined>;
  /** Program memory as editors show it. */
  programMemory(): Promise<ProgramMemory>;
  after(milliseconds: number, action: () => void): Disposable;
}

/** A session's adapter, and the partition that it shows once it is attached. */
export interface DebugSessionParts {
  readonly adapter: ObservingAdapter;
  readonly shown: () => { readonly board: string; readonly partition: PartitionKey } | undefined;
}

/** Makes the adapter of a session. */
export function makeAdapter(services: DebugServices): DebugSessionParts {
  let shown: { board: string; partition: PartitionKey } | undefined;
  let sourceMap: Readonly<Record<string, string>> = {};
  const paths = new Map<string, string | undefined>();
  const adapter = new ObservingAdapter({
    attach: async (given, signal) => {
      const { configuration, board, info } = await target(given, services, signal);
      shown = { board: board.id, partition: info.key };
      sourceMap = configuration.sourceMap ?? {};
      return observe(board, info, configuration, services, signal, (text) => adapter.say(text));
    },
    sourcePath: async (path) => {
      if (!paths.has(path)) paths.set(path, await existing(plainPath(mappedPath(path, sourceMap))));
      return paths.get(path);
    },
    errorText: (thrown) =>
      thrown instanceof Refused ? thrown.message : services.errorText(services.note(thrown)),
    warn: services.warn,
    after: services.after,
    clock: services.clock,
    l10n: vscode.l10n,
  });
  return { adapter, shown: () => shown };
}

type Configuration = Exclude<ReturnType<typeof readConfiguration>, { readonly wrong: string }>;

/** The board and partition that a configuration means; the board is connected then. */
async function target(
  given: unknown,
  services: DebugServices,
  signal: AbortSignal,
): Promise<{ configuration: Configuration; board: DebugBoard; info: PartitionInfo }> {
  const configuration = readConfiguration(given);
  if ('wrong' in configuration) {
    throw new Refused(
      vscode.l10n.t(
        'The launch configuration of type "{0}" has a wrong "{1}".',
        debugType,
        configuration.wrong,
      ),
    );
  }
  const boards = services.boards();
  const wanted = configuration.board;
  const board =
    wanted === undefined ? boards[0] : boards.find(({ id, label }) => id === wanted || label === wanted);
  if (board === undefined || (wanted === undefined && boards.length > 1)) {
    throw new Refused(
      wanted === undefined
        ? vscode.l10n.t('The launch configuration has to name a "board" of the Tilescope sidebar.')
        : vscode.l10n.t(
            'There is no board "{0}" in the Tilescope sidebar. Add it, or name another one.',
            wanted,
          ),
    );
  }
  await board.link.connect(signal);
  const partitions = services.partitions(board);
  const used = partitions.filter(({ inUse }) => inUse);
  const info =
    configuration.partition === undefined
      ? (used[0] ?? partitions[0])
      : partitions.find(({ columns }) => columns.startCol === configuration.partition);
  if (info === undefined || (configuration.partition === undefined && used.length > 1)) {
    const columns = partitions.map((one) => one.columns.startCol).join(', ');
    throw new Refused(
      vscode.l10n.t(
        'The launch configuration has to name a "partition" of {0} by its first column: {1}.',
        board.label,
        columns === '' ? '-' : columns,
      ),
    );
  }
  return { configuration, board, info };
}

async function observe(
  { link }: DebugBoard,
  info: PartitionInfo,
  { programs: folders, order = 'place' }: Configuration,
  services: DebugServices,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<Observed> {
  const cores = new Cores(link, info, services);
  try {
    await cores.start(signal);
  } catch (error) {
    cores.dispose();
    throw error;
  }
  if (cores.all.length === 0) {
    cores.dispose();
    throw new Refused(vscode.l10n.t('This partition has no cores. Choose another one.'));
  }
  const builds = await foundPrograms(folders?.map((folder) => vscode.Uri.file(folder)));
  const array = link.state.kind === 'connected' ? link.state.board.info.array : undefined;
  const place = { startCol: info.columns.startCol, coreStart: array?.core.start ?? 1 };
  const programs = new ProgramFiles([...builds.values()].flat(), place, (path, fault) => {
    const { l10n } = vscode;
    const text = fault instanceof DebugFault ? debugFaultText(fault, l10n) : faultText(fault, l10n);
    say(l10n.t('{0}: {1}', path, text));
  });
  if (programs.count === 0) {
    say(
      vscode.l10n.t(
        'No programs of cores were found: threads show addresses. Name the folder of the build in "programs".',
      ),
    );
  }
  return {
    cores,
    programs,
    memory: new CoreMemory(link, info),
    halting: new Halting(link, info, cores, services),
    order,
  };
}

/** The path, if a file lies there. */
async function existing(path: string): Promise<string | undefined> {
  try {
    await vscode.workspace.fs.stat(vscode.Uri.file(path));
    return path;
  } catch {
    // Nothing is there, or it cannot be reached: the source is named, but not opened.
    return undefined;
  }
}
