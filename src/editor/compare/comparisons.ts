/** What is compared in this window: asks what to compare with, and keeps one comparison for each memory. */
import * as vscode from 'vscode';
import type { CellChoice } from '../../model/cells/choices.ts';
import { elementType, exact, type Tolerance } from '../../model/compare/element.ts';
import { type ByteRange, formatTile, locate, type Tile, tileRange, tiles } from '../../model/geometry.ts';
import { intersectRanges } from '../../model/ranges.ts';
import { askText, pickFrom, sayBriefly, sayError, sayInformation } from '../../say/say.ts';
import { type ComparedSide, Comparison, sideOf, sideOfBytes } from '../../session/comparison.ts';
import type { MemorySession } from '../../session/memory-session.ts';
import type { SessionReference } from '../../session/pool.ts';
import type { TileDocument } from '../document.ts';
import type { RowCommand } from '../file-actions.ts';
import type { ExpectedBytes } from '../messages.ts';
import type { HexPanel } from '../panel.ts';
import { withProgress } from '../progress.ts';
import { type HexEditorProvider, viewType } from '../provider.ts';
import { sentenceOf, titleOf } from '../sentences.ts';
import { writeParts } from '../write-file.ts';
import { type ComparedMemory, type ComparisonRow, elementRange, mismatchLines } from './comparison-rows.ts';
import { countText, parseTolerance, toleranceInput } from './comparison-sentences.ts';
import { ComparisonView } from './comparison-view.ts';
import { rawChoice } from './expected-places.ts';
import {
  askedFile,
  askForFile,
  askForType,
  type FileQuestions,
  frontPanel,
  shownIn,
} from './file-questions.ts';

/** One comparison, with what has to be let go with it. */
interface OpenComparison extends ComparedMemory {
  readonly uri: vscode.Uri;
  readonly session: MemorySession;
  readonly reference: SessionReference;
}

/** What is to be compared. Ranges are buffer offsets. */
export interface AskedComparison {
  readonly name: string;
  readonly range: ByteRange;
  /** Bytes of the same memory that the side is made of. */
  readonly other?: ByteRange;
  readonly side: ComparedSide;
  readonly choice: CellChoice;
  readonly notes: readonly string[];
}

/** A tile to choose. */
interface TileItem extends vscode.QuickPickItem {
  readonly tile: Tile;
}

export class Comparisons implements FileQuestions, vscode.Disposable {
  readonly #provider: HexEditorProvider;
  readonly view: ComparisonView;
  readonly #changed = new vscode.EventEmitter<void>();
  #open: readonly OpenComparison[] = [];
  #count = 0;

  /** Fires when a comparison begins, ends, or has another outcome. */
  readonly onDidChange = this.#changed.event;

  askFile = askForFile;
  askType = askForType;

  /** How a person is asked for another tile of the memory; tests answer in their place. */
  askTile: (items: readonly TileItem[]) => Promise<TileItem | undefined> = askForTile;

  /** How a person is asked where to export to; tests answer in their place. */
  askTarget: (name: string) => Promise<vscode.Uri | undefined> = askForTarget;

  /** How a person is asked for a tolerance; tests answer in their place. */
  askTolerance: (present: Tolerance) => Promise<Tolerance | undefined> = askForTolerance;

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
    this.view = new ComparisonView(() => this.#open);
    provider.markBy((session, range) => this.#expectedOf(session, range));
  }

  /** Runs a command of the view on a row; without one, on the newest comparison. */
  async run(command: RowCommand, row: ComparisonRow | undefined): Promise<void> {
    const of = row === undefined ? this.#open[0] : this.#open.find(({ id }) => id === row.of.id);
    if (of === undefined) {
      sayInformation(vscode.l10n.t('Nothing is compared now.'));
      return;
    }
    const actions: Record<RowCommand, () => unknown> = {
      setTolerance: async () => {
        const tolerance = await this.askTolerance(of.comparison.measure.tolerance);
        if (tolerance !== undefined) of.comparison.tolerate(tolerance);
      },
      exportMismatches: () => this.#export(of),
      closeComparison: () => this.#close(of),
      showMismatch: () => row?.place && this.#show(of, row.place),
    };
    await actions[command]();
  }

  /** Whether anything is compared. */
  get isComparing(): boolean {
    return this.#open.length > 0;
  }

  /** The comparison of a memory. */
  of(session: MemorySession): ComparedMemory | undefined {
    return this.#open.find((one) => one.session === session);
  }

  /** Asks for a file, reads what is missing of the memory, and compares. Rejects with FileError, BoardError, SessionError. */
  async compareFile(document: TileDocument): Promise<void> {
    const panel = frontPanel(document);
    const shown = shownIn(document, panel);
    if (panel === undefined || shown === undefined) return;
    const file = await askedFile(shown, panel.cells, vscode.l10n.t('Compare with File'), this);
    if (file === undefined) return;
    const { name, range, choice, left } = file;
    const notes =
      left === 0 ? [] : [vscode.l10n.t('{0} bytes of the file lie beyond the compared range', left)];
    await this.begin(document, { name, range, side: sideOfBytes(file.side), choice, notes });
  }

  /** Asks for a tile, and compares the selection, or the tile at the cursor, with the same bytes of that tile. */
  async compareTile(document: TileDocument): Promise<void> {
    const panel = frontPanel(document);
    const shown = shownIn(document, panel);
    if (panel === undefined || shown === undefined) return;
    const { geometry, cursor, selected } = shown;
    const own = tileRange(geometry, locate(geometry, cursor).tile);
    const range = selected === undefined ? own : intersectRanges(selected, own);
    if (range === undefined || (selected !== undefined && range.length < selected.length)) {
      sayInformation(
        vscode.l10n.t('Select bytes of one tile: they are compared with the same bytes of another one.'),
      );
      return;
    }
    const { resource, session } = document;
    const { services } = this.#provider;
    const items = tiles(geometry)
      .filter((tile) => tileRange(geometry, tile).offset !== own.offset)
      .map((tile) => ({
        label: formatTile(tile),
        description: services.tileName(resource.board, tile),
        tile,
      }));
    const chosen = await this.askTile(items);
    if (chosen === undefined) return;
    const other = {
      offset: tileRange(geometry, chosen.tile).offset + range.offset - own.offset,
      length: range.length,
    };
    await this.begin(document, {
      name: chosen.label,
      range,
      other,
      side: sideOf(session, other),
      choice: rawChoice(panel.cells, range.length),
      notes: [],
    });
  }

  /** Moves to the next mismatch after the cursor, or before it; from the last one to the first. */
  async step(document: TileDocument, by: 1 | -1): Promise<void> {
    const of = this.#open.find(({ session }) => session === document.session);
    const mismatches = of?.comparison.outcome.mismatches;
    if (of === undefined || mismatches === undefined || mismatches.count === 0) {
      sayBriefly(
        of === undefined
          ? vscode.l10n.t('This memory is not compared with anything.')
          : vscode.l10n.t('There is no mismatch.'),
        4000,
      );
      return;
    }
    const panel = [...document.panels].find(({ view }) => view.active);
    const cursor = panel?.selection?.cursor ?? of.range.offset;
    const at = Math.floor((cursor - of.range.offset) / of.comparison.measure.type.bytes);
    const next =
      by > 0
        ? (mismatches.next(at + 1) ?? mismatches.next(0))
        : (mismatches.previous(at - 1) ?? mismatches.previous(mismatches.size));
    if (next === undefined) return;
    await this.#show(of, elementRange(of, next));
    sayBriefly(vscode.l10n.t('Mismatch {0} of {1}', mismatches.countIn(0, next) + 1, mismatches.count), 4000);
  }

  dispose(): void {
    for (const of of this.#open) release(of);
    this.#open = [];
    this.view.dispose();
    this.#changed.dispose();
  }

  /** Compares a range of a document's memory with a side, in place of what it was compared with before. */
  async begin(document: TileDocument, asked: AskedComparison): Promise<void> {
    const { name, range, other, side, choice, notes } = asked;
    const { session, resource, uri } = document;
    const { services } = this.#provider;
    await withProgress(vscode.l10n.t('Reading what is compared'), async (signal, tell) => {
      const onProgress = (bytes: number, of: number): void => tell(`${Math.floor((100 * bytes) / of)} %`);
      await session.complete(range, signal, { onProgress });
      if (other !== undefined) await session.complete(other, signal, { onProgress });
    });
    const { geometry } = session;
    const reference = services.acquire(resource);
    if (geometry === undefined || reference === undefined) return;
    const measure = { type: elementType(choice), tolerance: exact };
    const comparison = new Comparison(sideOf(session, range), side, range.length, measure);
    const title = titleOf(resource, geometry, services, vscode.l10n);
    const id = `comparison${++this.#count}`;
    const of: OpenComparison = {
      id,
      name,
      title,
      geometry,
      range,
      comparison,
      notes,
      uri,
      session,
      reference,
    };
    for (const old of this.#open) if (old.session === session) release(old);
    this.#open = [of, ...this.#open.filter((old) => old.session !== session)];
    comparison.onDidChange(() => this.#tell(session));
    this.#tell(session);
    await this.view.show();
    const first = comparison.outcome.mismatches.next(0);
    if (first !== undefined) await this.#show(of, elementRange(of, first));
    sayBriefly(`${name}: ${countText(comparison.outcome, comparison.size, vscode.l10n)}`, 8000);
  }

  /** The comparison of a memory began, ended, or has another outcome. */
  #tell(session: MemorySession): void {
    this.view.changed();
    this.#changed.fire();
    for (const document of this.#provider.documents) {
      if (document.session !== session) continue;
      for (const panel of document.panels) panel.compared();
    }
  }

  /** Which bytes of a range differ, and what is expected there. */
  #expectedOf(session: MemorySession, asked: ByteRange): ExpectedBytes | undefined {
    const of = this.#open.find((one) => one.session === session);
    const range = of && intersectRanges(asked, { offset: of.range.offset, length: of.comparison.length });
    if (of === undefined || range === undefined) return undefined;
    const { comparison } = of;
    const start = range.offset - of.range.offset;
    const wrong = new Uint8Array(range.length);
    const { mismatches } = comparison.outcome;
    const size = comparison.measure.type.bytes;
    for (
      let at = mismatches.next(Math.floor(start / size));
      at !== undefined && at * size < start + range.length;
      at = mismatches.next(at + 1)
    ) {
      wrong.fill(1, Math.max(0, at * size - start), (at + 1) * size - start);
    }
    const expected = comparison.expected.bytes({ offset: start, length: range.length }).bytes.slice();
    return { offset: range.offset, wrong, expected };
  }

  /** Writes all mismatches as CSV. */
  async #export(of: OpenComparison): Promise<void> {
    const { count } = of.comparison.outcome.mismatches;
    const uri = await this.askTarget(`${of.name.replace(/[^\w.-]+/g, '_')}.mismatches.csv`);
    if (uri === undefined) return;
    try {
      await withProgress(vscode.l10n.t('Exporting mismatches'), (signal, tell) =>
        writeParts(uri, mismatchLines(of), signal, (bytes) => tell(vscode.l10n.t('{0} bytes', bytes))),
      );
      sayBriefly(vscode.l10n.t('{0} mismatches exported.', count), 4000);
    } catch (error) {
      const { services } = this.#provider;
      if (services.note(error).code === 'cancelled') return;
      sayError(sentenceOf(error, services.errorText, vscode.l10n));
    }
  }

  #close(of: OpenComparison): void {
    release(of);
    this.#open = this.#open.filter((one) => one !== of);
    this.#tell(of.session);
  }

  /** Moves the cursor to bytes, without a selection that the next comparison would be of: in the editor in front if it shows them, else in the one that they were compared in. */
  async #show(of: OpenComparison, range: ByteRange): Promise<void> {
    const active = this.#provider.activePanel;
    const shows = (panel: HexPanel): boolean => {
      const { document } = panel;
      const shown = document.isOutside ? undefined : document.shown?.range;
      return (
        document.session === of.session &&
        shown !== undefined &&
        intersectRanges(shown, range)?.length === range.length
      );
    };
    if (active !== undefined && shows(active)) {
      active.reveal(range.offset, 1);
      return;
    }
    await vscode.commands.executeCommand('vscode.openWith', of.uri, viewType);
    for (const panel of this.#provider.document(of.uri)?.panels ?? []) {
      if (panel.view.active && shows(panel)) panel.reveal(range.offset, 1);
    }
  }
}

function release({ comparison, reference }: OpenComparison): void {
  comparison.dispose();
  reference.dispose();
}

function askForTile(items: readonly TileItem[]): Promise<TileItem | undefined> {
  return Promise.resolve(
    pickFrom(items, {
      title: vscode.l10n.t('Compare with Tile'),
      placeHolder: vscode.l10n.t('The tile that should hold the same bytes'),
    }),
  );
}

function askForTarget(name: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return Promise.resolve(
    vscode.window.showSaveDialog({
      title: vscode.l10n.t('Export Mismatches'),
      ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
    }),
  );
}

async function askForTolerance(present: Tolerance): Promise<Tolerance | undefined> {
  const typed = await askText({
    title: vscode.l10n.t('Set Tolerance'),
    prompt: vscode.l10n.t(
      'How far a value may be off: a number such as 0.5, a part of the expected value such as 0.1 %, or both as 0.5 + 0.1 %',
    ),
    value: toleranceInput(present),
    refuse: (text) =>
      parseTolerance(text) === undefined
        ? vscode.l10n.t('Type a number such as 0.5, or a part such as 0.1 %.')
        : undefined,
  });
  return typed === undefined ? undefined : parseTolerance(typed);
}
