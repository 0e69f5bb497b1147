/**
 * The custom editor of `aie:` resources. Keeps VS Code's idea of a document (edits, dirty, save, revert, backup) and the
 * session's (staged edits) in step, and lets nothing but Apply, or a question answered with yes, write to a device.
 */
import * as vscode from 'vscode';
import { patience } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { actionNames } from '../model/action-names.ts';
import type { FindQuery } from '../model/find/query.ts';
import { type ByteRange, containsTile, locate, type Tile, tileStart } from '../model/geometry.ts';
import { Soon } from '../model/later.ts';
import { endOf } from '../model/ranges.ts';
import { type MemoryResource, parseResource, resourcePath, scheme } from '../model/resource.ts';
import { agreesTo, sayError, sayWarning, shownError } from '../say/say.ts';
import type { ImmediateGesture } from '../session/immediate-gesture.ts';
import type { MemorySession } from '../session/memory-session.ts';
import { type LongGesture, stageInPieces } from '../session/stage-in-pieces.ts';
import type { ApplyReport, ByteEdit, Gesture } from '../session/types.ts';
import { TileDocument } from './document.ts';
import type { ByteSource } from './frozen-bytes.ts';
import type { JournalStore } from './journal-store.ts';
import type { ExpectedBytes, HostCommand, PagePlace } from './messages.ts';
import type { HexPanel, PanelHost, Selection } from './panel.ts';
import { SaveGuard } from './save-guard.ts';
import {
  applyProblem,
  besideQuestion,
  immediateQuestion,
  runningQuestion,
  sentenceOf,
  titleOf,
} from './sentences.ts';
import type { EditorServices } from './services.ts';

/** The editor's id in the manifest. */
export const viewType = 'tilescope.hex';

const languageId = 'aie-memory';

/** So many places of closed tabs are remembered. */
const mostPlaces = 200;

/** Who follows the panels waits for a tab that is opened no longer than this, milliseconds. */
const mostOpening = 500;

/** Runs a command of the page; commands live in `commands.ts`. */
export type RunHostCommand = (command: HostCommand, document: TileDocument) => void;

/** What bytes of a memory are compared with; comparisons are in `compare/`. */
type ExpectedOf = (
  session: MemorySession,
  range: ByteRange,
  frozen?: ByteSource,
) => ExpectedBytes | undefined;

export class HexEditorProvider
  implements vscode.CustomEditorProvider<TileDocument>, PanelHost, vscode.Disposable
{
  readonly services: EditorServices;
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly #journal: JournalStore;
  readonly #guard = new SaveGuard();
  readonly #documents = new Map<string, TileDocument>();
  readonly #settling = new WeakMap<MemorySession, { readonly dispose: () => void; users: number }>();
  readonly #edited = new vscode.EventEmitter<
    vscode.CustomDocumentEditEvent<TileDocument> | vscode.CustomDocumentContentChangeEvent<TileDocument>
  >();
  readonly #panelChanged = new vscode.EventEmitter<HexPanel>();
  /** Those that changed and were not told yet. */
  readonly #changedPanels = new Set<HexPanel>();
  /**
   * Runs while a tab is opened. What follows the panels changes menus and lists of the window, and VS Code draws those and the
   * pages by one thread: all of it waits until the new page has begun.
   */
  readonly #opening = new Soon(() => this.#tellChanged());
  readonly #scrolled = new vscode.EventEmitter<{ readonly panel: HexPanel; readonly offset: number }>();
  readonly #refreshed = new vscode.EventEmitter<TileDocument>();
  readonly #hits = new vscode.EventEmitter<void>();
  readonly #memoriesAsked = new vscode.EventEmitter<{ readonly board: string; readonly query: FindQuery }>();
  /** Where tabs were when they were closed, by document; the one that was closed last is the last one. */
  readonly #places = new Map<string, PagePlace>();
  #closing = false;
  #run: RunHostCommand = () => undefined;
  #expectedOf: ExpectedOf = () => undefined;

  /** How a person is asked when VS Code saves and auto-save cannot be the caller; tests answer in their place. */
  confirmWrite: (board: string, bytes: number) => Promise<boolean> = confirmInDialog;

  /** How a person is asked before program memory of a running core is read; tests answer in their place. */
  confirmRunning: (title: string, detail: string) => Promise<boolean> = confirmRunningInDialog;

  /** How a person is asked before a free partition is read without pauses; tests answer in their place. */
  confirmFast: () => Promise<boolean> = confirmFastInDialog;

  /** How a person is asked before editing beside an owner is unlocked; tests answer in their place. */
  confirmBeside: (title: string, detail: string) => Promise<boolean> = confirmBesideInDialog;

  /** How a person is asked before edits are written at once; tests answer in their place. */
  confirmImmediate: (title: string, detail: string) => Promise<boolean> = confirmImmediateInDialog;

  /** How a person is asked before *Discard* drops what was staged in other tabs; tests answer in their place. */
  confirmDiscard: (title: string, detail: string) => Promise<boolean> = confirmDiscardInDialog;

  readonly onDidChangeCustomDocument = this.#edited.event;
  /** Fires when a panel's selection, state or activity changed. */
  readonly onDidChangePanel = this.#panelChanged.event;
  /** Fires when another byte is the first one on a panel's screen, and not because of `scrollTo`. */
  readonly onDidScroll = this.#scrolled.event;
  /** Fires when a person has had a document's memory read again. */
  readonly onDidRefresh = this.#refreshed.event;

  constructor(
    services: EditorServices,
    journal: JournalStore,
    extensionUri: vscode.Uri,
    log: vscode.LogOutputChannel,
  ) {
    this.services = services;
    this.#journal = journal;
    this.extensionUri = extensionUri;
    this.log = log;
  }

  /** The open documents. */
  get documents(): readonly TileDocument[] {
    return [...this.#documents.values()];
  }

  /** A debug session stopped, or all go on: what is followed is looked at once, or at its rate again. */
  setStopped(isStopped: boolean): void {
    for (const session of new Set(this.documents.map(({ session }) => session))) {
      session.setStopped(isStopped);
    }
  }

  document(uri: vscode.Uri): TileDocument | undefined {
    return this.#documents.get(uri.toString());
  }

  /** The panel that has the focus among editors, if it is ours. */
  get activePanel(): HexPanel | undefined {
    for (const document of this.#documents.values()) {
      for (const panel of document.panels) if (panel.view.active) return panel;
    }
    return undefined;
  }

  /** Says who knows what memories are compared with. */
  markBy(expectedOf: ExpectedOf): void {
    this.#expectedOf = expectedOf;
  }

  expected(document: TileDocument, range: ByteRange, frozen?: ByteSource): ExpectedBytes | undefined {
    return this.#expectedOf(document.session, range, frozen);
  }

  /** Says who runs the page's commands. */
  runCommandsBy(run: RunHostCommand): void {
    this.#run = run;
  }

  /** The window closes: journals are written, and documents that are disposed from now on keep theirs. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#journal.close();
  }

  dispose(): void {
    this.#opening.cancel();
    this.#edited.dispose();
    this.#panelChanged.dispose();
    this.#scrolled.dispose();
    this.#refreshed.dispose();
    this.#hits.dispose();
    this.#memoriesAsked.dispose();
  }

  /** Says that a person has had the document's memory read again. */
  refreshed(document: TileDocument): void {
    this.#refreshed.fire(document);
  }

  async openCustomDocument(
    uri: vscode.Uri,
    context: vscode.CustomDocumentOpenContext,
  ): Promise<TileDocument> {
    this.#opening.postpone(mostOpening);
    const resource =
      uri.scheme === scheme ? parseResource(uri.authority, uri.path) : await this.#snapshotAt(uri);
    if (resource === undefined) {
      throw shownError(vscode.l10n.t('{0} does not name tile memory of a board.', uri.toString()));
    }
    const reference = await this.services.acquire(resource);
    if (reference === undefined) {
      throw shownError(
        vscode.l10n.t(
          'The board "{0}" is not in the sidebar. Add it with this name, then open the tile again.',
          resource.board,
        ),
      );
    }
    const document = new TileDocument(uri, resource, reference, (gone) => this.#forget(gone));
    document.kept = await this.#keptEdits(document, context.backupId);
    document.touched = context.backupId !== undefined;
    this.#documents.set(document.key, document);
    this.#followSettling(document.session);
    return document;
  }

  /** The memory that a snapshot's file shows first. */
  async #snapshotAt(uri: vscode.Uri): Promise<MemoryResource | undefined> {
    if (uri.scheme !== 'file') return undefined;
    try {
      return await this.services.openSnapshot(uri.fsPath);
    } catch (error) {
      this.services.note(error);
      throw shownError(sentenceOf(error, this.services.errorText, vscode.l10n));
    }
  }

  async resolveCustomEditor(document: TileDocument, view: vscode.WebviewPanel): Promise<void> {
    this.#opening.postpone(mostOpening);
    this.learn(document, 'look');
    const [{ HexPanel: Panel }] = await Promise.all([import('./panel.ts'), this.#restore(document)]);
    new Panel(document, view, this);
  }

  async saveCustomDocument(document: TileDocument, token: vscode.CancellationToken): Promise<void> {
    // A dirty tab that nobody has looked at since the window opened.
    await this.#restore(document);
    const decision = this.#guard.decide(
      document.key,
      document.session.isDirty(document.key),
      autoSaveOf(document),
    );
    switch (decision) {
      case 'clean':
        document.touched = false;
        this.touchJournals(document.session);
        return;
      case 'raced':
        throw new vscode.CancellationError();
      case 'warn':
        this.#warn(document);
        throw new vscode.CancellationError();
      case 'ask':
        await this.#askAndWrite(document, token);
    }
  }

  saveCustomDocumentAs(): Promise<void> {
    return Promise.reject(
      shownError(vscode.l10n.t('Tile memory has no place to be saved as. Copy the bytes instead.')),
    );
  }

  async revertCustomDocument(document: TileDocument): Promise<void> {
    this.#dropEdits(document, () => document.session.revert(document.key));
    document.touched = false;
    await this.#journal.flush();
    this.refreshShown(document);
  }

  /**
   * Drops the staged edits on the bytes that the document shows, in one step that undo brings back; then its tab is clean.
   * A person is asked if some were staged in other tabs. Works on this document whatever editor has the focus.
   *
   * @param only these bytes of the memory, instead of all that the document shows
   */
  async discard(document: TileDocument, only?: ByteRange): Promise<void> {
    await this.#restore(document);
    if (!(await this.#mayDiscard(document, only))) return;
    const { session } = document;
    this.#dropEdits(document, () => {
      const shown = document.isOutside ? undefined : document.shown;
      const range = only ?? shown?.range;
      if (range === undefined) {
        session.revert(document.key);
        return;
      }
      const gesture = session.discard(document.key, actionNames(vscode.l10n).discard, range);
      if (gesture !== undefined) this.#announce(document, gesture);
    });
    await this.#journal.flush();
    await this.markClean(document);
    this.refreshShown(document);
  }

  async backupCustomDocument(
    document: TileDocument,
    context: vscode.CustomDocumentBackupContext,
  ): Promise<vscode.CustomDocumentBackup> {
    const { kept, restored, session } = document;
    await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(context.destination, '..'));
    await this.#journal.backUp(document.key, context.destination.fsPath, () =>
      restored ? session.journal(document.key, true) : { kind: 'whole', data: kept?.edits, records: [] },
    );
    return {
      id: context.destination.toString(),
      delete: () => {
        // A backup that is already gone is as deleted as it can be.
        vscode.workspace.fs.delete(context.destination).then(undefined, () => undefined);
      },
    };
  }

  edit(document: TileDocument, label: string, edits: readonly ByteEdit[], immediateIn?: HexPanel): void {
    const { session } = document;
    if (immediateIn === undefined) {
      this.#announce(document, session.stage(document.key, label, edits));
    } else {
      const gesture = session.stageImmediate(document.key, label, edits);
      const period = immediateIn.immediatePeriod;
      const mayWrite = (): boolean => period !== undefined && immediateIn.immediatePeriod === period;
      const write = (): void => void this.#writeAtOnce(document, gesture, immediateIn, mayWrite);
      this.#announce(document, gesture, () => {
        // Undo in an editor that stages is staged, wherever it was typed.
        if ([...document.panels].every(({ view, isImmediate }) => !view.active || isImmediate)) write();
      });
      write();
    }
    this.touchJournals(session);
  }

  /**
   * As `edit`, of very many edits that do not overlap: one gesture, staged in parts. Rejects with what the session refuses, or
   * where the signal ends it; nothing is staged then.
   * @param pause as `stageInPieces` asks for it
   */
  async editInPieces(
    document: TileDocument,
    label: string,
    edits: readonly ByteEdit[],
    pause: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { session, key } = document;
    const stage = (part: readonly ByteEdit[]): Gesture => session.stage(key, label, part);
    try {
      this.#announce(document, await stageInPieces(edits, { document: key, label }, stage, pause, signal));
    } finally {
      this.touchJournals(session);
    }
  }

  /** Has each gesture of an editor written at once, once a person has agreed. */
  async startImmediate(document: TileDocument, panel: HexPanel): Promise<void> {
    const { session } = document;
    const { occupant } = session;
    const board = this.services.boardLabel(document.resource.board);
    const { title, detail } = immediateQuestion(board, vscode.l10n);
    if (!(await this.confirmImmediate(title, detail))) return;
    // The question may have outlived the editor, or whose memory it was.
    if (document.panels.has(panel) && session.occupant === occupant) panel.setImmediate(true);
  }

  /**
   * Writes a gesture, or its undo, of an editor that writes at once. Its first failure ends that.
   * @param mayWrite whether what was going on when it was typed still is
   */
  async #writeAtOnce(
    document: TileDocument,
    gesture: ImmediateGesture,
    panel: HexPanel,
    mayWrite: () => boolean,
  ): Promise<void> {
    await panel.writesAtOnce.run(async () => {
      if (!mayWrite()) return;
      try {
        const report = await gesture.write(AbortSignal.timeout(patience), mayWrite);
        // Conflicts are marked in place, and the banner has the ways out.
        if (report.spans.some(({ outcome }) => outcome === 'refused' || outcome === 'unreadable')) {
          const problem = applyProblem(report, vscode.l10n);
          if (problem !== undefined) sayWarning(problem);
        }
      } catch (error) {
        this.services.note(error);
        if (!mayWrite()) return;
        panel.setImmediate(false);
        sayError(
          vscode.l10n.t(
            '{0} The edit stays staged, and so do those that follow: nothing is written at once any more.',
            sentenceOf(error, this.services.errorText, vscode.l10n),
          ),
        );
      } finally {
        this.touchJournals(document.session);
      }
    });
  }

  run(command: HostCommand, document: TileDocument): void {
    this.#run(command, document);
  }

  /**
   * Learns the layout of the memory; for a person (`look`) connects, or waits for that, if need be. The banner shows
   * failures.
   */
  learn(document: TileDocument, asking: 'look' | 'nobody'): void {
    const { session } = document;
    const { link } = session;
    const learn = async (): Promise<void> => {
      // Whoever hears first that the board is there learns for all.
      if (asking === 'look') document.opening++;
      try {
        const { kind } = link.state;
        if (asking === 'look' && (kind === 'disconnected' || kind === 'connecting')) await link.connect();
        if (link.state.kind !== 'connected') return;
        // Once per connection: a layout that could not be learnt is tried again when a person asks.
        if (document.learnedFrom === link.state.board) return;
        document.learnedFrom = link.state.board;
        await session.open(AbortSignal.timeout(120_000), document.opening > 0 ? 'look' : 'nobody');
      } finally {
        if (asking === 'look') document.opening--;
      }
    };
    learn().catch((error: unknown) => this.services.note(error));
  }

  changed(panel: HexPanel): void {
    this.#changedPanels.add(panel);
    if (!this.#opening.isAsked) this.#tellChanged();
  }

  begun(panel: HexPanel): void {
    this.#opening.cancel();
    this.changed(panel);
  }

  #tellChanged(): void {
    const panels = [...this.#changedPanels];
    this.#changedPanels.clear();
    for (const one of panels) this.#panelChanged.fire(one);
  }

  /** Shows the offset of the cursor in another tile of the document's memory. */
  async openTile(document: TileDocument, tile: Tile): Promise<void> {
    const { geometry } = document.isOutside ? {} : (document.shown ?? {});
    if (geometry === undefined || !containsTile(geometry, tile)) return;
    const cursor = [...document.panels].find(({ view }) => view.active)?.selection?.cursor ?? 0;
    await this.openPlace(document, tileStart(geometry, tile) + (cursor % geometry.bytesPerTile));
  }

  /**
   * A tile was selected elsewhere, perhaps by nobody: open tabs of whole memories of its partition show it. A tab of one tile stays, none is
   * opened, and no focus moves.
   */
  follow({ board, partition, tile }: Required<Omit<MemoryResource, 'memory'>>): void {
    for (const { resource, panels } of this.documents) {
      if (resource.board !== board || resource.partition !== partition) continue;
      for (const panel of panels) panel.showTile(tile);
    }
  }

  keptPlace({ key }: TileDocument): PagePlace | undefined {
    return this.#places.get(key);
  }

  keepPlace({ key }: TileDocument, place: PagePlace): void {
    this.#places.delete(key);
    this.#places.set(key, place);
    const [oldest] = this.#places.keys();
    if (oldest !== undefined && this.#places.size > mostPlaces) this.#places.delete(oldest);
  }

  /** Fires when something else is found in a tab, or nothing any more. */
  readonly onDidChangeHits = (listener: () => void): vscode.Disposable => this.#hits.event(listener);

  hitsChanged(): void {
    this.#hits.fire();
  }

  /** Fires when a page has all memories of its board searched. */
  readonly onDidAskMemories = this.#memoriesAsked.event;

  searchMemories(board: string, query: FindQuery): void {
    this.#memoriesAsked.fire({ board, query });
  }

  async keepTab({ document: { uri }, view: { viewColumn } }: HexPanel): Promise<void> {
    const isPreview = vscode.window.tabGroups.all.some(
      (group) =>
        group.viewColumn === viewColumn &&
        group.tabs.some(
          ({ isPreview, input }) =>
            isPreview && input instanceof vscode.TabInputCustom && input.uri.toString() === uri.toString(),
        ),
    );
    if (viewColumn === undefined || !isPreview) return;
    const options = { viewColumn, preserveFocus: true, preview: false };
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType, options);
  }

  /** Opens what a docked view shows in an editor, at the same place. */
  async openInEditor({ uri, panels }: TileDocument): Promise<void> {
    const [place] = [...panels].map((panel) => panel.place);
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType, { preview: false });
    if (place === undefined) return;
    for (const panel of this.document(uri)?.panels ?? []) {
      if (!panel.view.active) continue;
      panel.scrollTo(place.top);
      panel.reveal(place.cursor, 1);
    }
  }

  async openWhole({ resource }: TileDocument): Promise<TileDocument> {
    const { tile: _, ...memory } = resource;
    const uri = vscode.Uri.from({ scheme, authority: resource.board, path: resourcePath(memory) });
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType, { preview: false });
    const document = this.document(uri);
    if (document === undefined) throw new BoardError('cancelled', 'the memory was not opened');
    return document;
  }

  toHitBeyond(panel: HexPanel, step: 1 | -1, selection: Selection): boolean {
    const { session } = panel.document;
    const panels = this.documents.flatMap((document) => [...document.panels]);
    const searching = panels.find((one) => one.searchesBeyond && one.document.session === session);
    searching?.toHitFrom(step, selection);
    return searching !== undefined;
  }

  async openPlace(document: TileDocument, offset: number, length = 1): Promise<void> {
    const shown = document.isOutside ? undefined : document.shown;
    if (shown === undefined) return;
    if (offset >= shown.range.offset && offset < endOf(shown.range)) {
      for (const panel of document.panels) if (panel.view.active) panel.reveal(offset, length);
      return;
    }
    const { tile } = locate(shown.geometry, offset);
    const path = resourcePath({ ...document.resource, tile });
    const uri = vscode.Uri.from({ scheme, authority: document.resource.board, path });
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType, { preview: true });
    for (const panel of this.document(uri)?.panels ?? []) if (panel.view.active) panel.reveal(offset, length);
  }

  scrolled(panel: HexPanel, offset: number): void {
    const { document } = panel;
    if (document.scrollsTogether) {
      for (const other of document.panels) if (other !== panel && other.view.visible) other.scrollTo(offset);
    }
    this.#scrolled.fire({ panel, offset });
  }

  /** Has the editors of a document scroll together, beginning where one of them is, or each for itself again. */
  setScrollsTogether(panel: HexPanel, isTogether: boolean): void {
    const { document } = panel;
    document.scrollsTogether = isTogether && document.panels.size > 1;
    const { place } = panel;
    if (document.scrollsTogether && place !== undefined) this.scrolled(panel, place.top);
    for (const one of document.panels) this.changed(one);
  }

  /**
   * Writes the staged edits of the document's part of the memory to the device. Tabs whose edits are all written become
   * clean. Rejects with what board or session throw.
   */
  async write(document: TileDocument, signal: AbortSignal): Promise<ApplyReport> {
    const shown = document.shown;
    if (shown === undefined) throw new RangeError('the layout is not known');
    try {
      return await document.session.apply(shown.range, signal);
    } finally {
      this.touchJournals(document.session);
    }
  }

  /** Makes the tab clean if nothing of the document is staged. Never writes to the device. */
  async markClean(document: TileDocument): Promise<void> {
    if (!document.touched || document.settlingByEditor || document.session.isDirty(document.key)) return;
    try {
      await this.#guard.markClean(document.key, async () => {
        const saved = await vscode.workspace.save(document.uri);
        // Theia's `save` finds text editors only: there the editor in front is saved, if it is this one.
        if (
          saved === undefined &&
          document.touched &&
          [...document.panels].some((panel) => panel.view.active)
        ) {
          await vscode.commands.executeCommand('workbench.action.files.save');
        }
      });
    } catch (error) {
      this.services.note(error);
    }
    // What was staged while VS Code was saving must not count as saved.
    if (document.session.isDirty(document.key)) this.#edited.fire({ document });
  }

  /**
   * Lets the program memory of one tile be touched although its core is running, once a person has agreed; ends when the
   * document is closed, and with the epoch. True if it may be touched now.
   */
  async openRunningTile(document: TileDocument, tile: Tile): Promise<boolean> {
    const board = this.services.boardLabel(document.resource.board);
    const asked = document.session.state.partition?.epoch;
    const { title, detail } = runningQuestion(board, tile, vscode.l10n);
    if (!(await this.confirmRunning(title, detail))) return false;
    // The question may have outlived the editor, or the application whose core it was.
    const geometry = document.session.geometry;
    if (this.#documents.get(document.key) !== document || geometry === undefined) return false;
    if (document.session.state.partition?.epoch !== asked) return false;
    const index = tileStart(geometry, tile) / geometry.bytesPerTile;
    document.openTiles.add(index);
    document.session.setTileOpen(index, true);
    return true;
  }

  /**
   * Unlocks editing. Beside an owner a person is asked first, once per partition and owner. True if it is unlocked.
   * Throws what the session refuses.
   */
  async unlock(document: TileDocument): Promise<boolean> {
    const { session } = document;
    const { partition, inUse, agreedBeside, lockedBecause } = session.state;
    if (!inUse || partition === undefined) {
      session.setPolicy('staged');
      return true;
    }
    if (lockedBecause?.code === 'locked') throw lockedBecause;
    const { occupant } = session;
    if (!agreedBeside) {
      const { title, detail } = besideQuestion(partition, vscode.l10n);
      if (!(await this.confirmBeside(title, detail))) return false;
      // The question may have outlived the editor.
      if (this.#documents.get(document.key) !== document) return false;
    }
    session.agreeBeside(occupant);
    return true;
  }

  /** Reads what the document's editors show; a failure is told by the banner. */
  refreshShown(document: TileDocument): void {
    if (document.session.state.link.kind !== 'connected' || document.isOutside) return;
    const ranges = [...document.panels].map((panel) => panel.visible).filter((range) => range !== undefined);
    for (const range of ranges) {
      document.session
        .refresh(range, new AbortController().signal)
        .catch((error: unknown) => this.services.note(error));
    }
  }

  /** Brings the kept edits of every document of a session up to date. */
  touchJournals(session: MemorySession): void {
    for (const document of this.#documents.values()) {
      if (document.session !== session || !document.restored || document.leaveJournal) continue;
      this.#journal.put(document.key, (whole) => session.journal(document.key, whole));
    }
  }

  /** As `discard`, of the staged bytes that are in conflict; nobody is asked. */
  async takeTheirs(document: TileDocument, only?: ByteRange): Promise<void> {
    const shown = document.isOutside ? undefined : document.shown;
    if (shown === undefined) return;
    const label = vscode.l10n.t("Take the Board's Bytes");
    this.#dropEdits(document, () => {
      const gesture = document.session.takeTheirs(document.key, label, only ?? shown.range);
      if (gesture !== undefined) this.#announce(document, gesture);
    });
    await this.markClean(document);
  }

  /** Asks if *Discard* would drop what was staged in other tabs. */
  async #mayDiscard(document: TileDocument, only?: ByteRange): Promise<boolean> {
    const shown = document.isOutside ? undefined : document.shown;
    if (shown === undefined) return true;
    const others = [...document.session.unwritten(only ?? shown.range)].filter(
      ([key]) => key !== document.key,
    );
    if (others.length === 0) return true;
    const tabs = others.map(([key, bytes]) => {
      const other = this.#documents.get(key);
      return vscode.l10n.t('{0} bytes in "{1}"', bytes, other === undefined ? key : this.#titleOf(other));
    });
    const agreed = await this.confirmDiscard(
      vscode.l10n.t('Discard what was staged in other tabs too?'),
      vscode.l10n.t(
        'Of these bytes, other tabs staged {0}. Undo in "{1}" brings all of it back.',
        tabs.join(', '),
        this.#titleOf(document),
      ),
    );
    // The question may have outlived the editor.
    return agreed && this.#documents.get(document.key) === document;
  }

  #titleOf({ resource, columns }: TileDocument): string {
    return titleOf(resource, columns, this.services, vscode.l10n);
  }

  #dropEdits(document: TileDocument, drop: () => void): void {
    document.settlingByEditor = true;
    document.restored = true;
    document.kept = undefined;
    try {
      drop();
    } finally {
      document.settlingByEditor = false;
    }
    document.warned = false;
    this.touchJournals(document.session);
  }

  /** @param stepped called after each undo and redo */
  #announce(
    document: TileDocument,
    gesture: Gesture | LongGesture,
    stepped: () => void = () => undefined,
  ): void {
    const over = (): void => {
      document.touched = true;
      this.touchJournals(document.session);
      // The undo of an edit that was discarded changes nothing, yet VS Code counts it.
      void this.markClean(document);
    };
    const step = (act: () => void | Promise<void>) => (): void | Promise<void> => {
      try {
        const going = act();
        if (going !== undefined)
          return going
            .then(stepped)
            .catch((error: unknown) => this.services.note(error))
            .then(over);
        stepped();
      } catch (error) {
        this.services.note(error);
      }
      over();
    };
    document.touched = true;
    this.#edited.fire({
      document,
      label: gesture.label,
      undo: step(() => gesture.undo()),
      redo: step(() => gesture.redo()),
    });
  }

  /** The journal before VS Code's backup: that is made a while after an edit, and lacks what was typed last. */
  async #keptEdits(document: TileDocument, backupId: string | undefined): Promise<TileDocument['kept']> {
    try {
      await this.#journal.takeOver(document.key);
    } catch (error) {
      this.services.note(error);
    }
    const paths = [this.#journal.path(document.key)];
    if (backupId !== undefined) paths.push(vscode.Uri.parse(backupId, true).fsPath);
    for (const path of paths) {
      try {
        const edits = await this.#journal.read(path, document.key);
        if (edits !== undefined) return { edits, path };
      } catch (error) {
        await this.#setAside(document, path, error);
      }
    }
    return undefined;
  }

  /** Names kept edits that cannot be used, and moves them to where nothing writes over them. */
  async #setAside(document: TileDocument, path: string, problem: unknown): Promise<void> {
    this.services.note(problem);
    const sentence = sentenceOf(problem, this.services.errorText, vscode.l10n);
    const { leaveJournal } = document;
    document.leaveJournal = true;
    try {
      const place = await this.#journal.setAside(path, Date.now());
      document.leaveJournal = leaveJournal;
      sayError(vscode.l10n.t('{0} They are kept in {1}.', sentence, place));
    } catch (failure) {
      this.services.note(failure);
      sayError(
        vscode.l10n.t(
          '{0} They stay in {1}, which could not be renamed, so new edits are not kept there. Move that file away, then reload the window.',
          sentence,
          path,
        ),
      );
    }
  }

  /** Stages kept edits again, as edits that VS Code can undo; once per document. */
  async #restore(document: TileDocument): Promise<void> {
    if (document.restored) return;
    document.restored = true;
    const { kept } = document;
    document.kept = undefined;
    if (kept === undefined) return;
    try {
      for (const gesture of document.session.replay(document.key, kept.edits))
        this.#announce(document, gesture);
    } catch (error) {
      await this.#setAside(document, kept.path, error);
    }
    this.touchJournals(document.session);
  }

  /** Makes tabs clean whose staged edits are all gone, whichever tab caused it. */
  #followSettling(session: MemorySession): void {
    const known = this.#settling.get(session);
    if (known !== undefined) {
      known.users++;
      return;
    }
    const settled = session.onDidSettle((keys) => {
      for (const key of keys) {
        const document = this.#documents.get(key);
        if (document !== undefined) void this.markClean(document);
      }
      this.touchJournals(session);
    });
    // Later in the same turn: an edit is staged first, and then told to VS Code.
    const changed = session.onBytes(() => queueMicrotask(() => this.#keepDirty(session)));
    const dispose = (): void => {
      settled.dispose();
      changed.dispose();
    };
    this.#settling.set(session, { dispose, users: 1 });
  }

  /**
   * An edit that made no difference does not keep its tab dirty. Once the board's byte changes under it, it does: the
   * tab must not be closed without a question.
   */
  #keepDirty(session: MemorySession): void {
    for (const document of this.#documents.values()) {
      if (document.session !== session || !document.restored) continue;
      if (document.touched || document.settlingByEditor || !session.isDirty(document.key)) continue;
      document.touched = true;
      this.#edited.fire({ document });
    }
  }

  #forget(document: TileDocument): void {
    this.#documents.delete(document.key);
    for (const index of document.openTiles) {
      const others = this.documents.filter((other) => other.session === document.session);
      if (!others.some((other) => other.openTiles.has(index))) document.session.setTileOpen(index, false);
    }
    if (!this.#closing) {
      // Closed on purpose, by "Don't Save" if it was dirty: its edits go. Edits that VS Code never knew of stay on disk.
      if ((document.restored || document.touched) && !document.leaveJournal) {
        this.#journal.put(document.key, () => ({ kind: 'empty' }));
      }
      document.session.closeDocument(document.key);
      this.touchJournals(document.session);
    }
    const following = this.#settling.get(document.session);
    if (following === undefined) return;
    following.users--;
    if (following.users > 0) return;
    following.dispose();
    this.#settling.delete(document.session);
  }

  async #askAndWrite(document: TileDocument, token: vscode.CancellationToken): Promise<void> {
    const shown = document.shown;
    const staged = shown === undefined ? 0 : document.session.counts(shown.range).staged;
    const board = this.services.boardLabel(document.resource.board);
    const agreed = await this.confirmWrite(board, staged);
    if (!agreed || token.isCancellationRequested) throw new vscode.CancellationError();
    document.settlingByEditor = true;
    try {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      const report = await this.write(document, abort.signal);
      const problem = applyProblem(report, vscode.l10n);
      if (problem !== undefined) throw shownError(problem);
      if (document.session.isDirty(document.key)) throw new vscode.CancellationError();
      document.touched = false;
    } catch (error) {
      if (error instanceof vscode.CancellationError) throw error;
      this.services.note(error);
      throw shownError(
        error instanceof Error && error.name === 'Error'
          ? error.message
          : sentenceOf(error, this.services.errorText, vscode.l10n),
      );
    } finally {
      document.settlingByEditor = false;
    }
  }

  /** Shows one warning that needs no answer; not repeated while it stands. */
  #warn(document: TileDocument): void {
    if (document.warned) return;
    document.warned = true;
    const { apply, discard } = actionNames(vscode.l10n);
    sayWarning(
      vscode.l10n.t(
        'Saving does not write to a device. The staged edits of {0} stay here; Apply writes them.',
        this.#titleOf(document),
      ),
      apply,
      discard,
    ).then((chosen) => {
      if (chosen === undefined) return;
      document.warned = false;
      if (this.#documents.get(document.key) !== document) return;
      this.#run(chosen === apply ? 'apply' : 'discard', document);
    });
  }
}

function confirmInDialog(board: string, bytes: number): Promise<boolean> {
  return agreesTo({
    title:
      bytes === 1
        ? vscode.l10n.t('Write the staged byte to {0}?', board)
        : vscode.l10n.t('Write {0} staged bytes to {1}?', bytes, board),
    detail: vscode.l10n.t('Saving a tile memory changes the memory of a running device.'),
    agree: vscode.l10n.t('Write to Device'),
  });
}

function confirmBesideInDialog(title: string, detail: string): Promise<boolean> {
  return agreesTo({ title, detail, agree: vscode.l10n.t('Unlock Editing') });
}

function confirmImmediateInDialog(title: string, detail: string): Promise<boolean> {
  return agreesTo({ title, detail, agree: vscode.l10n.t('Write at Once') });
}

function confirmDiscardInDialog(title: string, detail: string): Promise<boolean> {
  return agreesTo({ title, detail, agree: vscode.l10n.t('Discard All') });
}

function confirmRunningInDialog(title: string, detail: string): Promise<boolean> {
  return agreesTo({ title, detail, agree: vscode.l10n.t('Read Anyway') });
}

function confirmFastInDialog(): Promise<boolean> {
  return agreesTo({
    title: vscode.l10n.t('Read fast, and keep the partition meanwhile?'),
    detail: vscode.l10n.t(
      'An application that asks for this partition during the read is refused. Most ask only once, so it would have to be started again. Without Read Fast, Tilescope has the partition for a tenth of the time at most.',
    ),
    agree: vscode.l10n.t('Read Fast'),
  });
}

/** The values of `files.autoSave` that VS Code may go by for the document. */
function autoSaveOf(document: TileDocument): unknown[] {
  return [
    vscode.workspace.getConfiguration('files', { uri: document.uri, languageId }).get('autoSave'),
    vscode.workspace.getConfiguration('files').get('autoSave'),
  ];
}
