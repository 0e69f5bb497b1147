/** Keeps memory of a board in a file: a tile, a memory type, all of a partition. Knows no format (`board/snapshot`). */
import * as vscode from 'vscode';
import { patience } from '../board/board.ts';
import {
  type MissingRun,
  type SavedMemory,
  type SavedSnapshot,
  type SnapshotOrigin,
  snapshotParts,
} from '../board/snapshot/snapshot-file.ts';
import { isUnreadable, reasonOf, stateBits } from '../model/byte-state.ts';
import {
  type ByteRange,
  formatTile,
  locate,
  type MemoryGeometry,
  type Tile,
  tileRange,
  tiles,
  totalBytes,
} from '../model/geometry.ts';
import type { MemoryResource } from '../model/resource.ts';
import { pickFrom, sayBriefly } from '../say/say.ts';
import { SessionError } from '../session/errors.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { SessionReference } from '../session/pool.ts';
import { frontPanel, shownIn } from './compare/file-questions.ts';
import type { TileDocument } from './document.ts';
import { withProgress } from './progress.ts';
import type { HexEditorProvider } from './provider.ts';
import { writeParts } from './write-file.ts';

/** What a snapshot can hold. */
export interface SnapshotScope extends vscode.QuickPickItem {
  readonly scope: 'tile' | 'memory' | 'partition';
}

/** A part of a memory that a snapshot holds, as a layout of its own. */
interface Part {
  readonly session: MemorySession;
  readonly range: ByteRange;
  readonly geometry: MemoryGeometry;
}

/** A memory of which something is kept. */
type Place = Pick<TileDocument, 'session' | 'resource'>;

/** The layout of one tile of a memory. */
function ofTile(geometry: MemoryGeometry, tile: Tile): MemoryGeometry {
  return { ...geometry, startCol: tile.col, numCols: 1, startRow: tile.row, numRows: 1 };
}

/** What a part holds, as it was last read; staged edits are not part of it. */
function savedMemory({ session, range, geometry }: Part): SavedMemory {
  const { base, flags } = session.bytes(range);
  const missing: MissingRun[] = [];
  for (let at = 0; at < flags.length; ) {
    const state = flags[at] ?? 0;
    const reason = reasonOf(state);
    const isThere = (state & stateBits.known) !== 0 && !isUnreadable(state);
    let end = at + 1;
    while (end < flags.length && isAlike(flags[end] ?? 0, state)) end++;
    if (!isThere) {
      base.fill(0, at, end);
      missing.push({ offset: at, length: end - at, ...(reason === undefined ? {} : { reason }) });
    }
    at = end;
  }
  return { geometry, bytes: base, missing };
}

/** Whether both bytes are there, or are missing for the same reason. */
function isAlike(a: number, b: number): boolean {
  return reasonOf(a) === reasonOf(b) && (a & stateBits.known) === (b & stateBits.known);
}

export class Snapshots {
  readonly #provider: HexEditorProvider;

  /** How a person is asked what to keep; tests answer in their place. */
  askScope: (scopes: readonly SnapshotScope[]) => Promise<SnapshotScope | undefined> = askForScope;

  /** How a person is asked where to; tests answer in their place. */
  askTarget: (name: string) => Promise<vscode.Uri | undefined> = askForTarget;

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
  }

  /** Asks what to keep and where, reads what is missing, and writes the file. Rejects with BoardError, SessionError, FileError. */
  async save(document: TileDocument): Promise<void> {
    const shown = shownIn(document, frontPanel(document));
    if (shown === undefined) return;
    const { tile } = locate(shown.geometry, shown.cursor);
    const { services } = this.#provider;
    const chosen = await this.askScope([
      {
        scope: 'tile',
        label: vscode.l10n.t('Tile {0}', formatTile(tile)),
        description: services.memoryName(document.resource),
      },
      {
        scope: 'memory',
        label: vscode.l10n.t('All tiles of the memory'),
        description: services.memoryName(document.resource),
      },
      { scope: 'partition', label: vscode.l10n.t('All memory of the partition') },
    ]);
    if (chosen === undefined) return;
    const day = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
    const label = services.boardLabel(document.resource.board);
    const uri = await this.askTarget(`${label.replace(/[^\w.-]+/g, '_')}-${day}.aiesnap`);
    if (uri === undefined) return;
    const references: SessionReference[] = [];
    try {
      const parts = await withProgress(vscode.l10n.t('Reading the snapshot'), async (signal, tell) => {
        const found = await this.#parts(document, chosen.scope, references, signal);
        const epoch = document.session.state.partition?.epoch;
        for (const { session, range, geometry } of found) {
          const name = geometry.type;
          const onProgress = (bytes: number, of: number): void =>
            tell(`${name} ${Math.floor((100 * bytes) / of)} %`);
          await session.complete(range, signal, { onProgress });
        }
        if (document.session.state.partition?.epoch !== epoch) {
          throw new SessionError('bytes-changed-hands', 'a new epoch began during a snapshot');
        }
        return found;
      });
      const snapshot = this.#snapshot(document, parts);
      await withProgress(vscode.l10n.t('Writing the snapshot'), (signal, tell) =>
        writeParts(uri, snapshotParts(snapshot), signal, (bytes) => tell(vscode.l10n.t('{0} bytes', bytes))),
      );
    } finally {
      for (const reference of references) reference.dispose();
    }
    sayBriefly(vscode.l10n.t('The snapshot is in {0}.', uri.path.split('/').at(-1) ?? ''), 4000);
  }

  /**
   * Reads a tile's memory again although nobody asked, and writes it to a file without a question; of a free partition what
   * was read before. Rejects as `save`, also once `epoch` is over.
   */
  async keepTile(place: Place, tile: Tile, epoch: string, uri: vscode.Uri): Promise<void> {
    const { session } = place;
    const signal = AbortSignal.timeout(patience);
    const geometry = await session.open(signal, 'nobody');
    await session.refreshUnasked(tileRange(geometry, tile), epoch, signal);
    await this.keepKnown(place, tile, uri, signal);
  }

  /**
   * Writes what the session knows of a tile, or of all of its memory, to a file without a question; reads nothing. Rejects with
   * FileError, and with the signal's reason.
   */
  async keepKnown(place: Place, tile: Tile | undefined, uri: vscode.Uri, signal: AbortSignal): Promise<void> {
    const { session } = place;
    const { geometry } = session;
    if (geometry === undefined) return;
    const part =
      tile === undefined
        ? { session, range: { offset: 0, length: totalBytes(geometry) }, geometry }
        : { session, range: tileRange(geometry, tile), geometry: ofTile(geometry, tile) };
    await writeParts(uri, snapshotParts(this.#snapshot(place, [part])), signal, () => undefined);
  }

  /** The memories of a scope; sessions that are joined for it are added to `references`. */
  async #parts(
    document: TileDocument,
    scope: SnapshotScope['scope'],
    references: SessionReference[],
    signal: AbortSignal,
  ): Promise<readonly Part[]> {
    const { session, resource } = document;
    const shown = shownIn(document, frontPanel(document));
    const { geometry } = session;
    if (geometry === undefined || shown === undefined) return [];
    if (scope === 'tile') {
      const { tile } = locate(geometry, shown.cursor);
      return [{ session, range: tileRange(geometry, tile), geometry: ofTile(geometry, tile) }];
    }
    const whole = (of: MemorySession, layout: MemoryGeometry): Part => {
      return { session: of, range: { offset: 0, length: totalBytes(layout) }, geometry: layout };
    };
    if (scope === 'memory') return [whole(session, geometry)];
    const types = await this.#types(document, signal);
    const parts: Part[] = [];
    for (const memory of types) {
      const other: MemoryResource = { board: resource.board, partition: resource.partition, memory };
      const reference = await this.#provider.services.acquire(other);
      if (reference === undefined) continue;
      references.push(reference);
      parts.push(whole(reference.session, await reference.session.open(signal)));
    }
    return parts;
  }

  /** The memory types of the document's partition; its own one alone without a board. */
  async #types(
    { session, resource }: TileDocument,
    signal: AbortSignal,
  ): Promise<readonly MemoryResource['memory'][]> {
    const { link } = session.state;
    if (link.kind !== 'connected') return [resource.memory];
    const partition = await link.board.open(resource.partition, { asking: 'person' }, signal);
    return partition.memories.map(({ geometry }) => geometry.type);
  }

  #snapshot(place: Place, parts: readonly Part[]): SavedSnapshot {
    const names = this.#names(place.resource.board, parts);
    return { ...this.#origin(place, parts), memories: parts.map(savedMemory), ...names };
  }

  /** What a build calls the places of the parts. */
  #names(board: string, parts: readonly Part[]): Pick<SavedSnapshot, 'names' | 'kernels'> {
    const { services } = this.#provider;
    const places = parts.flatMap(({ geometry }) =>
      tiles(geometry).map((tile) => ({ tile, memory: geometry.type })),
    );
    const byTile = new Map(places.map(({ tile }) => [formatTile(tile), tile]));
    return {
      names: places.flatMap(({ tile, memory }) => services.names(board, memory, tile)),
      kernels: [...byTile.values()].flatMap((tile) => {
        const name = services.tileName(board, tile);
        return name === '' ? [] : [{ tile, name }];
      }),
    };
  }

  #origin({ session, resource }: Place, parts: readonly Part[]): SnapshotOrigin {
    const { link, partition } = session.state;
    const info = link.kind === 'connected' ? link.board.info : undefined;
    const read = parts.map((part) => part.session.readAt(part.range)).filter((at) => at !== undefined);
    const first = parts[0]?.geometry;
    const rows = partition ?? { startRow: 0, numRows: (first?.startRow ?? 0) + (first?.numRows ?? 1) };
    const columns = partition?.columns ?? { startCol: first?.startCol ?? 0, numCols: first?.numCols ?? 1 };
    return {
      at: read.length === 0 ? Date.now() : Math.min(...read),
      label: this.#provider.services.boardLabel(resource.board),
      board: {
        device: info?.device ?? '',
        family: info?.family ?? 'unknown',
        generation: info?.generation ?? 'unknown',
        hostName: info?.hostName ?? '',
        kernel: info?.kernel ?? '',
        machine: info?.machine ?? '',
        ...(info?.array === undefined ? {} : { array: info.array }),
      },
      partition: { key: resource.partition, columns, startRow: rows.startRow, numRows: rows.numRows },
      epoch: partition?.epoch ?? '',
      owner: partition?.owner?.command ?? '',
    };
  }
}

function askForScope(scopes: readonly SnapshotScope[]): Promise<SnapshotScope | undefined> {
  const title = vscode.l10n.t('Save Snapshot');
  return Promise.resolve(pickFrom(scopes, { title, placeHolder: vscode.l10n.t('What the snapshot holds') }));
}

function askForTarget(name: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return Promise.resolve(
    vscode.window.showSaveDialog({
      title: vscode.l10n.t('Save Snapshot'),
      ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
      filters: { [vscode.l10n.t('Snapshot')]: ['aiesnap'] },
    }),
  );
}
