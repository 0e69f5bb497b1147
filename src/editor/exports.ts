/** Writes bytes of a memory into a file: a selection, a tile, all tiles. */
import * as vscode from 'vscode';
import { isUnreadable, stateBits } from '../model/byte-state.ts';
import { cellFormat } from '../model/cells/cell-format.ts';
import type { CellChoice } from '../model/cells/choices.ts';
import {
  fileParts,
  mayLeaveOut,
  type OutFormat,
  type OutPiece,
  outFormats,
} from '../model/files/bytes-out.ts';
import {
  type ByteRange,
  formatTile,
  locate,
  type MemoryGeometry,
  tileRange,
  totalBytes,
} from '../model/geometry.ts';
import { bytesIn, endOf, mergeRanges, pieceGap, RangeCollector } from '../model/ranges.ts';
import { agreesTo, pickFrom, sayBriefly } from '../say/say.ts';
import { SessionError } from '../session/errors.ts';
import { frontPanel, shownIn } from './compare/file-questions.ts';
import type { TileDocument } from './document.ts';
import type { ByteSource } from './frozen-bytes.ts';
import type { ShownBytes } from './messages.ts';
import type { HexPanel } from './panel.ts';
import { withProgress } from './progress.ts';
import { askSelectedRuns } from './selected-runs.ts';
import { writeParts } from './write-file.ts';

/** Bytes of a piece at most; a multiple of every size of cells but that of odd ones, of which fewer are taken. */
const pieceBytes = 48 * 1024;

/** What can be exported: buffer offsets. */
export interface ExportScope extends vscode.QuickPickItem {
  /** Ascending. */
  readonly ranges: readonly ByteRange[];
}

/** Where the bytes of a range are, as they are shown. */
type BytesOf = (range: ByteRange) => ShownBytes;

/** Whether a byte is there: it was read, or typed. */
function isThere(flags: number): boolean {
  if ((flags & stateBits.staged) !== 0) return true;
  return (flags & stateBits.known) !== 0 && !isUnreadable(flags);
}

/** Parts of a range that do not cross a tile's end, and hold whole cells as counted from the tile's begin. */
function* pieceRanges(geometry: MemoryGeometry, range: ByteRange, size: number): Generator<ByteRange> {
  const most = pieceBytes - (pieceBytes % size);
  const end = range.offset + range.length;
  for (let at = range.offset; at < end; ) {
    const tile = tileRange(geometry, locate(geometry, at).tile);
    const length = Math.min(most, end - at, tile.offset + tile.length - at);
    yield { offset: at, length };
    at += length;
  }
}

/** The pieces of ranges as they are shown, staged bytes included; bytes that are not there are left out, or zero. */
export function* exportPieces(
  geometry: MemoryGeometry,
  ranges: readonly ByteRange[],
  size: number,
  leavesOut: boolean,
  bytesOf: BytesOf,
): Generator<OutPiece> {
  const [first] = ranges;
  if (first === undefined) return;
  const own = tileRange(geometry, locate(geometry, first.offset).tile);
  const base = endOf(ranges.at(-1)) <= endOf(own) ? own.offset : 0;
  for (const part of ranges.flatMap((range) => [...pieceRanges(geometry, range, size)])) {
    const { bytes, flags } = bytesOf(part);
    const there = new RangeCollector();
    for (let at = 0; at < part.length; at += size) {
      const length = Math.min(size, part.length - at);
      if (flags.subarray(at, at + length).every(isThere)) there.addRun(at, length);
      else bytes.fill(0, at, at + length);
    }
    for (const { offset, length } of leavesOut ? there.ranges : [{ offset: 0, length: part.length }]) {
      const { tile, offset: tileOffset } = locate(geometry, part.offset + offset);
      const address = part.offset + offset - base;
      yield { tile, offset: tileOffset, address, bytes: bytes.subarray(offset, offset + length) };
    }
  }
}

export class Exports {
  /** How a person is asked what to export; tests answer in their place. */
  askScope: (scopes: readonly ExportScope[]) => Promise<ExportScope | undefined> = askForScope;

  /** How a person is asked where to; tests answer in their place. */
  askTarget: (name: string) => Promise<vscode.Uri | undefined> = askForTarget;

  /** How a person is asked whether bytes that could not be read become zeros; tests answer in their place. */
  confirmZeros: (bytes: number) => Promise<boolean> = confirmZerosInDialog;

  /**
   * Asks what and where to, reads what is missing, and writes the file; of a frozen tab what it showed when it was asked, and
   * nothing is read. Rejects with BoardError, SessionError, what files say.
   */
  async export(document: TileDocument): Promise<void> {
    const panel = frontPanel(document);
    const shown = shownIn(document, panel);
    if (panel === undefined || shown === undefined) return;
    const { geometry, cursor, selected } = shown;
    // A person may have the tab go on while the questions stand.
    const frozen = panel.isFrozen ? panel.source : undefined;
    const { tile } = locate(geometry, cursor);
    const whole = { offset: 0, length: totalBytes(geometry) };
    const scope = (label: string, ...ranges: readonly ByteRange[]): ExportScope => ({
      label,
      description:
        ranges.length === 1
          ? vscode.l10n.t('{0} bytes', bytesIn(ranges))
          : vscode.l10n.t('{0} bytes in {1} runs, one after the other', bytesIn(ranges), ranges.length),
      ranges,
    });
    const runs = selected === undefined && !isSeveral(panel) ? [] : await askSelectedRuns(panel);
    if (runs === undefined) return;
    const chosen = await this.askScope([
      ...(runs.length === 0 ? [] : [scope(vscode.l10n.t('The selection'), ...runs)]),
      ...(shown.named === undefined
        ? []
        : [scope(vscode.l10n.t('The bytes of {0}', shown.named.name), shown.named.range)]),
      scope(vscode.l10n.t('Tile {0}', formatTile(tile)), tileRange(geometry, tile)),
      // A frozen tab has no bytes of tiles that it does not show.
      ...(frozen !== undefined && shown.range.length < whole.length
        ? []
        : [scope(vscode.l10n.t('All tiles of the memory'), whole)]),
    ]);
    if (chosen === undefined) return;
    const uri = await this.askTarget(`${document.resource.memory}_${tile.col}_${tile.row}.bin`);
    if (uri === undefined) return;
    if (frozen === undefined) await this.#read(document, chosen.ranges);
    const source = frozen ?? document.session;
    const written = await this.#write(geometry, source, chosen.ranges, panel.cells, uri);
    if (written) sayBriefly(vscode.l10n.t('{0} bytes exported.', bytesIn(chosen.ranges)), 4000);
  }

  /** Reads what is missing. */
  async #read({ session }: TileDocument, ranges: readonly ByteRange[]): Promise<void> {
    const percent = (done: number, of: number): string => `${Math.floor((100 * done) / of)} %`;
    await withProgress(vscode.l10n.t('Reading what is exported'), async (signal, tell) => {
      const epoch = session.state.partition?.epoch;
      // Runs that stand close together are read in one go, with what is between them.
      const pieces = mergeRanges(ranges, pieceGap);
      let done = 0;
      for (const piece of pieces) {
        const onProgress = (bytes: number): void => tell(percent(done + bytes, bytesIn(pieces)));
        await session.complete(piece, signal, { onProgress });
        done += piece.length;
      }
      if (session.state.partition?.epoch !== epoch)
        throw new SessionError('bytes-changed-hands', 'a new epoch began during an export');
    });
  }

  async #write(
    geometry: MemoryGeometry,
    source: Pick<ByteSource, 'bytes'>,
    ranges: readonly ByteRange[],
    cells: CellChoice,
    uri: vscode.Uri,
  ): Promise<boolean> {
    const length = bytesIn(ranges);
    const format = formatOf(uri);
    const size = cellFormat(cells, true).bytes;
    const choice: CellChoice = ranges.every((range) => isWhole(geometry, range, size))
      ? cells
      : { name: 'hex8', order: 'little' };
    const leavesOut = mayLeaveOut(format);
    const bytesOf: BytesOf = (part) => source.bytes(part);
    if (!leavesOut) {
      const missing = ranges.reduce((sum, range) => sum + countMissing(geometry, range, bytesOf), 0);
      if (missing > 0 && !(await this.confirmZeros(missing))) return false;
    }
    const pieces = exportPieces(geometry, ranges, cellFormat(choice, true).bytes, leavesOut, bytesOf);
    await withProgress(vscode.l10n.t('Exporting'), (signal, tell) =>
      writeParts(uri, fileParts(format, pieces, choice, length), signal, (bytes) =>
        tell(vscode.l10n.t('{0} bytes', bytes)),
      ),
    );
    return true;
  }
}

/** Whether more is selected than the run at the cursor. */
function isSeveral({ selection }: HexPanel): boolean {
  return selection !== undefined && selection.selected > selection.length;
}

/** Whether a range holds whole cells of every tile, so that it can be written as values. */
function isWhole(geometry: MemoryGeometry, { offset, length }: ByteRange, size: number): boolean {
  const inTile = offset % geometry.bytesPerTile;
  const isOneTile = inTile + length <= geometry.bytesPerTile;
  return length % size === 0 && (isOneTile || (inTile % size === 0 && geometry.bytesPerTile % size === 0));
}

function countMissing(geometry: MemoryGeometry, range: ByteRange, bytesOf: BytesOf): number {
  let missing = 0;
  for (const part of pieceRanges(geometry, range, 1)) {
    for (const flags of bytesOf(part).flags) if (!isThere(flags)) missing++;
  }
  return missing;
}

/** The format by the ending of the file; bytes as they are for any other one. */
function formatOf(uri: vscode.Uri): OutFormat {
  const ending = /\.(\w+)$/.exec(uri.path)?.[1]?.toLowerCase();
  return outFormats.find((format) => format === ending || (format === 'hex' && ending === 'ihex')) ?? 'bin';
}

function askForScope(scopes: readonly ExportScope[]): Promise<ExportScope | undefined> {
  const title = vscode.l10n.t('Export');
  return Promise.resolve(pickFrom(scopes, { title, placeHolder: vscode.l10n.t('What to export') }));
}

function askForTarget(name: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return Promise.resolve(
    vscode.window.showSaveDialog({
      title: vscode.l10n.t('Export'),
      ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
      filters: {
        [vscode.l10n.t('Bytes')]: ['bin'],
        'Intel HEX': ['hex'],
        NumPy: ['npy'],
        CSV: ['csv'],
        JSON: ['json'],
      },
    }),
  );
}

function confirmZerosInDialog(bytes: number): Promise<boolean> {
  return agreesTo({
    title: vscode.l10n.t('{0} bytes could not be read. Write zeros in their place?', bytes),
    detail: vscode.l10n.t('Files of this kind have no places. Intel HEX, CSV and JSON leave such bytes out.'),
    agree: vscode.l10n.t('Write Zeros'),
  });
}
