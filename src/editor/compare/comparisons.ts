/** What is compared in this window: asks what to compare with, and keeps one comparison for each memory. */
import * as vscode from 'vscode';
import type { CellChoice } from '../../model/cells/choices.ts';
import { elementType, exact, type Tolerance } from '../../model/compare/element.ts';
import { type ByteRange, formatTile, locate, type Tile, tileRange, tiles } from '../../model/geometry.ts';
import { intersectRanges } from '../../model/ranges.ts';
import { type MemoryResource, resourcePath, scheme } from '../../model/resource.ts';
import { askText, pickFrom, sayBriefly, sayError, sayInformation } from '../../say/say.ts';
import { type ComparedSide, Comparison, sideOf, sideOfBytes, sideOfShown } from '../../session/comparison.ts';
import type { MemorySession } from '../../session/memory-session.ts';
import type { SessionReference } from '../../session/pool.ts';
import type { TileDocument } from '../document.ts';
import type { RowCommand } from '../file-actions.ts';
import type { ByteSource } from '../frozen-bytes.ts';
import type { ExpectedBytes } from '../messages.ts';
import type { HexPanel } from '../panel.ts';
import { withProgress } from '../progress.ts';
import { type HexEditorProvider, viewType } from '../provider.ts';
import type { RowTree } from '../row-tree.ts';
import { sentenceOf, titleOf } from '../sentences.ts';
import { writeParts } from '../write-file.ts';
import { type ComparedMemory, type ComparisonRow, elementRange, mismatchLines } from './comparison-rows.ts';
import { countText, parseTolerance, toleranceInput } from './comparison-sentences.ts';
import { comparisonView } from './comparison-view.ts';
import { rawChoice } from './expected-places.ts';
import {
  askedFile,
  askForFile,
  askForType,
  type FileQuestions,
  frontPanel,
  shownInOneRun,
} from './file-questions.ts';
import {
  type BesideRanges,
  besideOffset,
  expectedMemory,
  expectedSnapshot,
  onlyTile,
} from './side-by-side.ts';

/** One comparison, with what has to be let go with it. */
interface OpenComparison extends ComparedMemory {
  readonly uri: vscode.Uri;
  readonly resource: MemoryResource;
  readonly session: MemorySession;
  readonly reference: SessionReference;
  /** The bytes of the same memory that it is compared with. */
  readonly other?: ByteRange;
}

/** The other side of a comparison in an editor of its own. */
interface BesideEditor {
  readonly uri: vscode.Uri;
  readonly ranges: BesideRanges;
  /** The entry that stands for bytes of a file. */
  readonly board?: string;
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
  readonly view: RowTree<ComparisonRow>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #beside = new Map<OpenComparison, BesideEditor>();
  readonly #scrolling: vscode.Disposable;
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
    this.view = comparisonView(() => this.#open);
    provider.markBy((...asked) => this.#expectedOf(...asked));
    this.#scrolling = provider.onDidScroll(({ panel, offset }) => this.#scrollWith(panel, offset));
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
      showBeside: () => this.#showBeside(of),
      exportMismatches: () => this.#export(of),
      closeComparison: async () => {
        this.#close(of);
        await this.#forgetBeside(of);
      },
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
    const shown = shownInOneRun(document, panel);
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
    const shown = shownInOneRun(document, panel);
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
    this.#scrolling.dispose();
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
    const reference = await services.acquire(resource);
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
      resource,
      session,
      reference,
      ...(other === undefined ? {} : { other }),
    };
    for (const old of this.#open) {
      if (old.session !== session) continue;
      release(old);
      await this.#forgetBeside(old);
    }
    this.#open = [of, ...this.#open.filter((old) => old.session !== session)];
    comparison.onDidChange(() => this.#tell(session));
    this.#tell(session);
    await this.view.show({ preserveFocus: true });
    const first = comparison.outcome.mismatches.next(0);
    if (first !== undefined) await this.#show(of, elementRange(of, first));
    sayBriefly(`${name}: ${countText(comparison.outcome, comparison.size, vscode.l10n)}`, 8000);
  }

  /** The comparison of a memory began, ended, or has another outcome. */
  #tell(session: MemorySession): void {
    this.view.changed();
    this.#changed.fire();
    const beside = [...this.#beside].flatMap(([of, { uri }]) => (of.session === session ? [`${uri}`] : []));
    for (const document of this.#provider.documents) {
      if (document.session !== session && !beside.includes(document.key)) continue;
      for (const panel of document.panels) panel.compared();
    }
  }

  /** The comparisons that a memory is a side of: where that begins, and what stands against it. */
  #sidesIn(session: MemorySession) {
    return this.#open.flatMap((of) => {
      const { actual, expected } = of.comparison;
      const beside = this.#beside.get(of);
      const own = { of, start: of.range.offset, against: expected };
      const other = { of, start: beside?.ranges.other ?? 0, against: actual };
      const isOther = beside !== undefined && this.#provider.document(beside.uri)?.session === session;
      return [...(of.session === session ? [own] : []), ...(isOther ? [other] : [])];
    });
  }

  /**
   * Which bytes of a range differ, and what is expected there.
   * @param frozen what the tab shows in place of the memory
   */
  #expectedOf(session: MemorySession, asked: ByteRange, frozen?: ByteSource): ExpectedBytes | undefined {
    const found = this.#sidesIn(session).find(({ of, start }) => {
      return intersectRanges(asked, { offset: start, length: of.comparison.length }) !== undefined;
    });
    if (found === undefined) return undefined;
    const { comparison } = found.of;
    const range = intersectRanges(asked, { offset: found.start, length: comparison.length });
    if (range === undefined) return undefined;
    const start = range.offset - found.start;
    const name = found.against === comparison.expected ? 'actual' : 'expected';
    const sides = frozen === undefined ? {} : { [name]: sideOfShown(frozen, found.start) };
    const wrong = comparison.wrongIn({ offset: start, length: range.length }, sides);
    const expected = new Uint8Array(found.against.bytes({ offset: start, length: range.length }).bytes);
    return { offset: range.offset, wrong, expected };
  }

  /** Opens the other side in an editor beside that of the memory. Both scroll together until the comparison ends. */
  async #showBeside(of: OpenComparison): Promise<void> {
    const { services } = this.#provider;
    try {
      await vscode.commands.executeCommand('vscode.openWith', of.uri, viewType);
      let beside = this.#beside.get(of);
      if (beside === undefined || this.#provider.document(beside.uri) === undefined) {
        await this.#forgetBeside(of);
        beside = await this.#makeBeside(of);
        this.#beside.set(of, beside);
      }
      const { uri } = beside;
      await vscode.commands.executeCommand('vscode.openWith', uri, viewType, {
        viewColumn: vscode.ViewColumn.Beside,
        preserveFocus: true,
      });
      const front = [...(this.#provider.document(of.uri)?.panels ?? [])].find(({ view }) => view.visible);
      const first = front?.visible;
      if (front !== undefined && first !== undefined) this.#scrollWith(front, first.offset);
      this.#tell(of.session);
    } catch (error) {
      services.note(error);
      sayError(sentenceOf(error, services.errorText, vscode.l10n));
    }
  }

  async #makeBeside(of: OpenComparison): Promise<BesideEditor> {
    const { geometry, resource, session, comparison, other } = of;
    const { services } = this.#provider;
    const own = { offset: of.range.offset, length: comparison.length };
    if (other !== undefined) {
      const { tile } = locate(geometry, other.offset);
      const path = resourcePath({ ...resource, tile });
      const uri = vscode.Uri.from({ scheme, authority: resource.board, path });
      return { uri, ranges: { own, other: other.offset } };
    }
    const { link } = session.state;
    const info = link.kind === 'connected' ? link.board.info : undefined;
    const side = comparison.expected.bytes({ offset: 0, length: own.length });
    const expected = expectedMemory(geometry, own, side);
    const snapshot = expectedSnapshot(expected, of.name, Date.now(), {
      partition: resource.partition,
      generation: info?.generation ?? 'unknown',
      array: info?.array,
      names: (tile) => services.names(resource.board, resource.memory, tile),
      tileName: (tile) => services.tileName(resource.board, tile),
    });
    const shown = await services.showKept(snapshot, expected.memory);
    const layout = expected.memory.geometry;
    const tile = onlyTile(layout, { offset: 0, length: expected.memory.bytes.length });
    const path = resourcePath(tile === undefined ? shown : { ...shown, tile });
    const uri = vscode.Uri.from({ scheme, authority: shown.board, path });
    return { uri, ranges: { own, other: expected.start }, board: shown.board };
  }

  /** Closes the other side of a comparison where only that shows it. */
  async #forgetBeside(of: OpenComparison): Promise<void> {
    const beside = this.#beside.get(of);
    this.#beside.delete(of);
    if (beside?.board === undefined) return;
    const isItsTab = ({ input }: vscode.Tab): boolean =>
      input instanceof vscode.TabInputCustom && input.uri.toString() === beside.uri.toString();
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter(isItsTab);
    if (tabs.length > 0) await vscode.window.tabGroups.close(tabs, true);
    await this.#provider.services.forgetKept(beside.board);
  }

  /** Has the editors of the other side show the same bytes as the one that was scrolled. */
  #scrollWith(panel: HexPanel, offset: number): void {
    for (const [of, { uri, ranges }] of this.#beside) {
      const isOther = panel.document.key === uri.toString();
      const from = panel.document.isOutside ? undefined : panel.document.shown?.range;
      const isOwn = panel.document.session === of.session && from && intersectRanges(from, ranges.own);
      if (!isOther && !isOwn) continue;
      for (const document of this.#provider.documents) {
        const isTarget = isOther ? document.session === of.session : document.key === uri.toString();
        const shown = document.isOutside || document === panel.document ? undefined : document.shown;
        if (!isTarget || shown === undefined) continue;
        const to = besideOffset(offset, ranges, !isOther, shown.range);
        for (const one of document.panels) if (one.view.visible) one.scrollTo(to);
      }
    }
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
