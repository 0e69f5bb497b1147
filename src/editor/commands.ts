/** What the editor's commands do. Each says why when it cannot run. */
import * as vscode from 'vscode';
import { patience } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { actionNames } from '../model/action-names.ts';
import { type ByteRange, formatTile, locate, type Tile, totalBytes } from '../model/geometry.ts';
import type { LazyPart } from '../model/lazy-part.ts';
import { atStops, liveRates } from '../model/live-rate.ts';
import { hexNumber } from '../model/numbers.ts';
import { pickFrom, sayBriefly, sayError, sayInformation, sayWarning } from '../say/say.ts';
import type { BookmarkActions } from './bookmark-actions.ts';
import { changeBeside } from './changes-walk.ts';
import type { EditorCommand } from './command-face.ts';
import type { DockedView } from './docked-view.ts';
import type { ShownMemory, TileDocument } from './document.ts';
import type { FileActions } from './file-actions.ts';
import type { HostCommand } from './messages.ts';
import type { MarksOfTile } from './named-places.ts';
import type { HexPanel, Moment } from './panel.ts';
import type { Whereabouts } from './place-box.ts';
import { withProgress } from './progress.ts';
import type { HexEditorProvider } from './provider.ts';
import type { Recordings } from './record/recordings.ts';
import { applyProblem, sentenceOf } from './sentences.ts';
import type { WatchActions } from './watch-actions.ts';
import type { WrittenBytes } from './written-bytes.ts';

export class EditorCommands {
  readonly #provider: HexEditorProvider;
  readonly #writes: Pick<WrittenBytes, 'show'>;
  readonly #files: Pick<FileActions, 'load'>;
  readonly #watches: Pick<WatchActions, 'load'>;
  readonly #bookmarks: Pick<BookmarkActions, 'load'>;
  readonly #docked: Pick<DockedView, 'dock'>;
  readonly #recordings: Pick<LazyPart<Recordings>, 'load'>;
  readonly #actions: Record<EditorCommand, (document: TileDocument) => Promise<void>> = {
    apply: (document) => this.#apply(document),
    discard: (document) => this.#discard(document),
    refresh: (document) => this.#refresh(document),
    unlock: async (document) => void (await this.#provider.unlock(document)),
    lock: async (document) => document.session.setPolicy('locked'),
    immediate: async (document) => this.#provider.startImmediate(document, shownPanel(document)),
    stageEdits: async (document) => {
      for (const panel of document.panels) panel.setImmediate(false);
    },
    rebase: (document) => this.#rebase(document),
    keepMine: (document) => this.#keepMine(document),
    takeTheirs: (document) => this.#takeTheirs(document),
    readFast: (document) => this.#readFast(document),
    readRunning: (document) => this.#readRunning(document),
    goTo: (document) => this.#goTo(document),
    goToName: (document) => this.#goToName(document),
    parameters: async (document) => (await this.#files.load()).parameters.show(known(document)),
    stacks: async (document) => (await this.#files.load()).stacks.show(known(document)),
    find: async (document) => shownPanel(document).openFind(),
    replace: async (document) => shownPanel(document).openFind(true),
    findNext: async (document) => shownPanel(document).toHit(1),
    findPrevious: async (document) => shownPanel(document).toHit(-1),
    cells: (document) => this.#cells(document),
    live: (document) => this.#live(document),
    marks: (document) => this.#marks(document),
    freeze: async (document) => {
      const panel = shownPanel(document);
      panel.freeze(!panel.isFrozen);
    },
    scrollTogether: async (document) => this.#provider.setScrollsTogether(shownPanel(document), true),
    scrollApart: async (document) => this.#provider.setScrollsTogether(shownPanel(document), false),
    nextChange: async (document) => this.#toChange(document, 1),
    previousChange: async (document) => this.#toChange(document, -1),
    addWatch: async (document) => (await this.#watches.load()).add(known(document), shownPanel(document)),
    addBookmark: async (document) =>
      (await this.#bookmarks.load()).add(known(document), shownPanel(document)),
    nextBookmark: async (document) =>
      (await this.#bookmarks.load()).step(known(document), shownPanel(document), 1),
    previousBookmark: async (document) =>
      (await this.#bookmarks.load()).step(known(document), shownPanel(document), -1),
    layStructure: async (document) =>
      (await this.#bookmarks.load()).lay(known(document), shownPanel(document)),
    copy: async (document) => shownPanel(document).copyAs(),
    paste: async (document) => shownPanel(document).pasteText(await vscode.env.clipboard.readText()),
    dock: (document) => this.#docked.dock(known(document)),
    copyAs: async (document) =>
      (await import('./copy-and-fill.ts')).askCopyAs(document, shownPanel(document)),
    pasteAs: async (document) =>
      (await import('./paste-as.ts')).askPasteAs(known(document), shownPanel(document)),
    fill: async (document) =>
      (await import('./copy-and-fill.ts')).askFill(known(document), shownPanel(document)),
    record: async (document) => (await this.#recordings.load()).record(known(document)),
    endRecording: async (document) => (await this.#recordings.load()).end(document),
    exportRecording: async (document) => (await this.#recordings.load()).export(document),
    plot: async (document) => (await this.#files.load()).plots.plot(known(document)),
    selectTile: async (document) => shownPanel(document).selectTile(),
    nextTile: (document) => this.#toTile(document, 1),
    previousTile: (document) => this.#toTile(document, -1),
    copyAddress: (document) => this.#copyAddress(document),
    showWrites: async (document) => this.#writes.show(document),
    saveSnapshot: async (document) => (await this.#files.load()).snapshots.save(known(document)),
    import: async (document) => (await this.#files.load()).imports.import(known(document)),
    export: async (document) => (await this.#files.load()).exports.export(known(document)),
    compareFile: async (document) => (await this.#files.load()).comparisons.compareFile(known(document)),
    compareTile: async (document) => (await this.#files.load()).comparisons.compareTile(known(document)),
    nextMismatch: async (document) => (await this.#files.load()).comparisons.step(document, 1),
    previousMismatch: async (document) => (await this.#files.load()).comparisons.step(document, -1),
  };

  constructor(
    provider: HexEditorProvider,
    writes: Pick<WrittenBytes, 'show'>,
    files: Pick<FileActions, 'load'>,
    watches: Pick<WatchActions, 'load'>,
    bookmarks: Pick<BookmarkActions, 'load'>,
    docked: Pick<DockedView, 'dock'>,
    recordings: Pick<LazyPart<Recordings>, 'load'>,
  ) {
    this.#provider = provider;
    this.#writes = writes;
    this.#files = files;
    this.#watches = watches;
    this.#bookmarks = bookmarks;
    this.#docked = docked;
    this.#recordings = recordings;
  }

  /** Runs a command on a document; failures are shown. */
  async run(command: EditorCommand, document: TileDocument): Promise<void> {
    await this.#guarded(document, this.#actions[command]);
  }

  async #guarded(document: TileDocument, action: (document: TileDocument) => Promise<void>): Promise<void> {
    try {
      await action(document);
    } catch (error) {
      this.#show(error, document);
    }
  }

  /** Not awaited: a message stays until the person closes it. */
  #show(error: unknown, document: TileDocument): void {
    const { services } = this.#provider;
    const { code } = services.note(error);
    if (code === 'cancelled') return;
    if (code === 'epoch') {
      const rebase = actionNames(vscode.l10n).rebase;
      sayWarning(sentenceOf(error, services.errorText, vscode.l10n), rebase).then((chosen) => {
        if (chosen === rebase) void this.#guarded(document, this.#actions.rebase);
      });
      return;
    }
    const showLog = actionNames(vscode.l10n).showLog;
    sayError(sentenceOf(error, services.errorText, vscode.l10n), showLog).then((chosen) => {
      if (chosen === showLog) services.showLog();
    });
  }

  /** Runs what the page of a document asks for; failures are shown. */
  async runFromPage(command: HostCommand, document: TileDocument): Promise<void> {
    const { services } = this.#provider;
    const board = document.resource.board;
    const actions: Record<HostCommand, (document: TileDocument) => Promise<unknown>> = {
      apply: this.#actions.apply,
      discard: this.#actions.discard,
      copyAs: this.#actions.copyAs,
      record: this.#actions.record,
      endRecording: this.#actions.endRecording,
      pasteAs: this.#actions.pasteAs,
      refresh: this.#actions.refresh,
      rebase: this.#actions.rebase,
      unlock: this.#actions.unlock,
      lock: this.#actions.lock,
      stageEdits: this.#actions.stageEdits,
      keepMine: this.#actions.keepMine,
      takeTheirs: this.#actions.takeTheirs,
      readRunning: this.#actions.readRunning,
      enableClocks: async (one) => {
        if (await services.enableClocks(one.resource)) await this.#actions.refresh(one);
      },
      hold: (one) => services.hold(one.resource),
      releaseHold: (one) => services.releaseHold(one.resource),
      reachKernel: async (one) => {
        if (await services.reachKernel(one.resource)) await this.#actions.refresh(one);
      },
      turnOnSudo: async (one) => {
        if (await services.turnOnSudo(board)) await this.#actions.refresh(one);
      },
      undo: async () => vscode.commands.executeCommand('undo'),
      redo: async () => vscode.commands.executeCommand('redo'),
      connect: () => services.connect(board),
      allowDriver: async () => {
        if (await services.allowDriver(board)) await document.session.open(AbortSignal.timeout(patience));
      },
      showLog: async () => services.showLog(),
      openInEditor: (one) => this.#provider.openInEditor(one),
    };
    await this.#guarded(document, async (one) => {
      await actions[command](one);
    });
  }

  async #apply(document: TileDocument): Promise<void> {
    const provider = this.#provider;
    if (document.isOutside || document.shown === undefined) throw offline(document);
    const { session } = document;
    const { staged } = session.counts(document.shown.range);
    const writable = session.state.link.kind === 'connected' && session.state.policy === 'staged';
    if (staged === 0 && (!document.touched || !writable)) {
      await provider.markClean(document);
      nothingStaged();
      return;
    }
    // Also without a staged byte: edits that typed the present value count as written from now on.
    const report = await withProgress(vscode.l10n.t('Writing to the device'), (signal) =>
      provider.write(document, signal),
    );
    document.warned = false;
    await provider.markClean(document);
    const problem = applyProblem(report, vscode.l10n);
    if (problem !== undefined) {
      const { showEdits } = actionNames(vscode.l10n);
      sayWarning(problem, showEdits).then(async (chosen) => {
        if (chosen === showEdits) await vscode.commands.executeCommand('tilescope.showEdits');
      });
    } else if (report.applied === 0) nothingStaged();
    else {
      sayBriefly(
        report.applied === 1
          ? vscode.l10n.t('1 byte written and verified.')
          : vscode.l10n.t('{0} bytes written and verified.', report.applied),
        4000,
      );
    }
  }

  /** Not through VS Code's Revert: that acts on the editor that is in front when it runs. */
  async #discard(document: TileDocument): Promise<void> {
    await this.#provider.discard(document);
  }

  async #refresh(document: TileDocument): Promise<void> {
    if (document.session.state.link.kind !== 'connected') throw offline(document);
    if (document.isOutside) {
      await document.session.open(AbortSignal.timeout(patience));
      return;
    }
    // Another layout than before brings new pages, which show, and so read, what is theirs.
    await document.session.open(AbortSignal.timeout(patience));
    const ranges = [...document.panels].map((panel) => panel.visible).filter((range) => range !== undefined);
    await withProgress(vscode.l10n.t('Reading'), async (signal) => {
      for (const range of ranges) await document.session.refresh(range, signal);
    });
    this.#provider.refreshed(document);
  }

  /** Reads all of the document at once: applications cannot have the free partition meanwhile. */
  async #readFast(document: TileDocument): Promise<void> {
    const { session, shown } = document;
    if (session.state.link.kind !== 'connected' || document.isOutside || shown === undefined)
      throw offline(document);
    const isFree = session.state.partition?.inUse === false;
    if (isFree && !(await this.#provider.confirmFast())) return;
    await withProgress(vscode.l10n.t('Reading'), (signal) => session.refresh(shown.range, signal, true));
    this.#provider.refreshed(document);
  }

  async #readRunning(document: TileDocument): Promise<void> {
    if (document.session.state.link.kind !== 'connected') throw offline(document);
    const panels = [...document.panels].sort((a, b) => Number(b.view.active) - Number(a.view.active));
    const tile = panels.map((panel) => panel.runningTile).find((one) => one !== undefined);
    if (tile === undefined) {
      sayInformation(vscode.l10n.t('No program memory on screen is left out because its core is running.'));
      return;
    }
    if (await this.#provider.openRunningTile(document, tile)) await this.#refresh(document);
  }

  async #rebase(document: TileDocument): Promise<void> {
    await withProgress(vscode.l10n.t('Reading the bytes under the staged edits'), (signal) =>
      document.session.rebase(signal),
    );
    this.#provider.touchJournals(document.session);
    // The bytes around the edits are as old as those under them.
    this.#provider.refreshShown(document);
  }

  async #keepMine(document: TileDocument): Promise<void> {
    const range = conflictsOf(document);
    if (range === undefined) return;
    document.session.keepMine(range);
    this.#provider.touchJournals(document.session);
  }

  async #takeTheirs(document: TileDocument): Promise<void> {
    if (conflictsOf(document) !== undefined) await this.#provider.takeTheirs(document);
  }

  /** Since when the active tab marks changes. */
  async #marks(document: TileDocument): Promise<void> {
    const panel = shownPanel(document);
    const { session } = document;
    const label: Readonly<Record<Moment['kind'], string>> = {
      update: vscode.l10n.t('For a second each'),
      chosen: vscode.l10n.t('Since now'),
      stop: vscode.l10n.t('Since the last stop of a debug session'),
      snapshot: vscode.l10n.t('Since the snapshot of what an application left'),
    };
    const kinds: readonly Moment['kind'][] = [
      'update',
      'chosen',
      ...(session.stopTick === undefined ? [] : ['stop' as const]),
      ...(session.snapshotTick === undefined ? [] : ['snapshot' as const]),
    ];
    const items = kinds.map((kind) => ({
      label: label[kind],
      description: kind === panel.moment.kind ? vscode.l10n.t('now') : '',
      moment: kind,
    }));
    const chosen = await pickFrom(items, {
      title: vscode.l10n.t('Mark Changes'),
      placeHolder: vscode.l10n.t('Which bytes this tab marks as changed'),
    });
    if (chosen === undefined) return;
    const at = new Date().toLocaleTimeString(vscode.env.language);
    panel.moment =
      chosen.moment === 'chosen' ? { kind: 'chosen', tick: session.tick, at } : { kind: chosen.moment };
  }

  /** The cursor goes to the next or previous run of marked bytes. */
  #toChange(document: TileDocument, step: 1 | -1): void {
    const panel = shownPanel(document);
    const { session, shown } = document;
    if (shown === undefined) return;
    const cursor = panel.selection?.cursor ?? shown.range.offset;
    const run = changeBeside((range) => session.changes(range), shown.range, cursor, step, panel.markedSince);
    if (run === undefined) sayBriefly(vscode.l10n.t('No change is marked.'), 4000);
    else panel.reveal(run.offset, run.length);
  }

  /** How often the active tab follows the memory by itself. */
  async #live(document: TileDocument): Promise<void> {
    const panel = shownPanel(document);
    const label = (hertz: number): string => {
      if (hertz === 0) return vscode.l10n.t('Off: when I refresh');
      if (hertz === atStops) return vscode.l10n.t('When a debug session stops');
      return vscode.l10n.t('{0} times a second', hertz);
    };
    const items = [0, atStops, ...liveRates].map((hertz) => ({
      label: label(hertz),
      description: hertz === panel.liveHertz ? vscode.l10n.t('now') : '',
      hertz,
    }));
    const chosen = await pickFrom(items, {
      title: vscode.l10n.t('Live'),
      placeHolder: vscode.l10n.t(
        'How often this tab looks at the memory while an application uses the partition',
      ),
    });
    if (chosen !== undefined) panel.showLive(chosen.hertz);
  }

  /** The choice is in the page: the command takes the keys there. */
  async #cells(document: TileDocument): Promise<void> {
    shownPanel(document).chooseCells();
  }

  /** To the same offset in the tile before or after; the editor of one tile gives way to that of the other. */
  async #toTile(document: TileDocument, step: 1 | -1): Promise<void> {
    const { shown, cursor } = cursorOf(document);
    const { geometry } = shown;
    const place = cursor + step * geometry.bytesPerTile;
    if (place < 0 || place >= totalBytes(geometry)) {
      sayBriefly(
        step > 0
          ? vscode.l10n.t('This is the last tile of the memory.')
          : vscode.l10n.t('This is the first tile of the memory.'),
        4000,
      );
      return;
    }
    await this.#provider.openPlace(document, place);
  }

  /** The place of the first selected byte, as *Go to Offset...* reads it. */
  async #copyAddress(document: TileDocument): Promise<void> {
    const { shown, cursor, panel } = cursorOf(document);
    const { tile, offset } = locate(shown.geometry, cursor);
    const address = panel?.selection?.address ?? `${formatTile(tile)}+${hexNumber(offset)}`;
    await vscode.env.clipboard.writeText(address);
    sayBriefly(vscode.l10n.t('{0} is in the clipboard.', address), 4000);
  }

  async #goTo(document: TileDocument): Promise<void> {
    const from = this.#whereabouts(document);
    await (await import('./place-box.ts')).goToPlace(from, this.#provider.services);
  }

  async #goToName(document: TileDocument): Promise<void> {
    const from = this.#whereabouts(document);
    await (await import('./place-box.ts')).goToNamedPlace(from);
  }

  #whereabouts(document: TileDocument): Whereabouts {
    const { shown, cursor, panel } = cursorOf(document);
    const { board, memory } = document.resource;
    const { services } = this.#provider;
    const namesOf = (tile: Tile) => services.names(board, memory, tile);
    const kernelsOf = (tile: Tile) => services.kernels(board, tile);
    const marksOf: MarksOfTile = (tile, from, to) => services.bookmarks.in(memory, tile, from, to);
    return { geometry: shown.geometry, shown: shown.range, cursor, namesOf, marksOf, kernelsOf, panel };
  }
}

/** The document, once its layout is known. Throws BoardError when offline. */
function known(document: TileDocument): TileDocument {
  if (document.isOutside || document.shown === undefined) throw offline(document);
  return document;
}

/** The cursor of the editor in front of a document; where the page told of none, the first byte. Rejects when offline. */
function cursorOf(document: TileDocument): {
  readonly shown: ShownMemory;
  readonly cursor: number;
  readonly panel: HexPanel | undefined;
} {
  const shown = document.isOutside ? undefined : document.shown;
  if (shown === undefined) throw offline(document);
  const panel = [...document.panels].find(({ view }) => view.active);
  return { shown, cursor: panel?.selection?.cursor ?? shown.range.offset, panel };
}

/** The range that the editor shows, if it has a conflict; says that there is none. */
function conflictsOf(document: TileDocument): ByteRange | undefined {
  const range = document.isOutside ? undefined : document.shown?.range;
  if (range !== undefined && document.session.counts(range).conflicts > 0) return range;
  sayInformation(vscode.l10n.t('There is no conflict in this editor.'));
  return undefined;
}

function nothingStaged(): void {
  sayBriefly(vscode.l10n.t('Nothing is staged in this editor.'), 4000);
}

/** The panel of the document that a person sees; throws where it shows no bytes. */
function shownPanel(document: TileDocument): HexPanel {
  const panel = [...document.panels].sort((a, b) => Number(b.view.active) - Number(a.view.active))[0];
  if (panel === undefined || document.isOutside || document.shown === undefined) throw offline(document);
  return panel;
}

function offline(document: TileDocument): BoardError {
  const { link } = document.session.state;
  if (link.kind === 'offline') return link.error;
  return new BoardError('connection-lost', 'not connected', { host: document.resource.board });
}
