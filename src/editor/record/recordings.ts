/** Recordings in VS Code: what a person records, and the timeline of each tab of that memory. Loaded with the first command. */
import * as v from 'valibot';
import * as vscode from 'vscode';
import { patience, type RecordingHandle } from '../../board/board.ts';
import { BoardError } from '../../board/errors.ts';
import { recordingLimits, watchPeriods } from '../../board/protocol/core-client.ts';
import { actionNames } from '../../model/action-names.ts';
import { cellFormat } from '../../model/cells/cell-format.ts';
import { recordingCsv, recordingFormats, recordingNpy } from '../../model/files/recording-out.ts';
import { type ByteRange, formatTile, locate, tileRange, wordBytes } from '../../model/geometry.ts';
import { after } from '../../model/later.ts';
import { bytesIn, endOf, mergeRanges } from '../../model/ranges.ts';
import { type MemoryResource, parseResource } from '../../model/resource.ts';
import { fitting, whole } from '../../model/shapes.ts';
import { pickFrom, sayBriefly, sayInformation } from '../../say/say.ts';
import type { BoardLink } from '../../session/link.ts';
import type { MemorySession } from '../../session/memory-session.ts';
import { Recorder } from '../../session/recorder.ts';
import { machineServices } from '../../session/services.ts';
import { frontPanel, shownIn } from '../compare/file-questions.ts';
import type { TileDocument } from '../document.ts';
import type { HexPanel } from '../panel.ts';
import type { HexEditorProvider } from '../provider.ts';
import { askSelectedRuns } from '../selected-runs.ts';
import { sentenceOf } from '../sentences.ts';
import { writeParts } from '../write-file.ts';
import { type RecordingStore, recordingsKey } from './kept.ts';
import { askAboutLeft } from './left.ts';
import { Timeline } from './timeline.ts';

/** Size of the ring, MiB. */
const sizeShape = whole(1, recordingLimits.mostRing / 2 ** 20);
const usualSize = 4;

const wordCount = whole(0, 2 ** 30);

/** What can be recorded. */
export interface RecordScope extends vscode.QuickPickItem {
  /** Whole words, ascending. */
  readonly ranges: readonly ByteRange[];
}

interface Recorded {
  readonly link: BoardLink;
  readonly recorder: Recorder;
  readonly timelines: Map<HexPanel, Timeline>;
}

const keyShape = v.pipe(v.string(), v.parseJson(), v.tuple([v.string(), v.string(), v.string()]));

const keptShape = v.array(
  v.object({
    /** `keyOf` the memory. */
    memory: v.string(),
    name: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,64}$/)),
    ranges: v.pipe(
      v.array(v.object({ offset: wordCount, length: wordCount })),
      v.check((ranges) => isRecordable(ranges)),
    ),
    ringBytes: whole(recordingLimits.leastRing, recordingLimits.mostRing),
  }),
);
type Kept = v.InferOutput<typeof keptShape>[number];

export class Recordings implements vscode.Disposable {
  /** How a person is asked what to record; tests answer in their place. */
  askScope: (scopes: readonly RecordScope[], drops: boolean) => Promise<RecordScope | undefined> =
    askForScope;

  /** How a person is asked where to export to; tests answer in their place. */
  askTarget: (name: string) => Promise<vscode.Uri | undefined> = askForTarget;

  readonly #provider: HexEditorProvider;
  /** By board, partition and memory: what was recorded stays when the last tab is closed. */
  readonly #all = new Map<string, Recorded>();
  readonly #following: vscode.Disposable;
  readonly #store: RecordingStore;
  /** Of an earlier window: what no tab asked for yet. */
  #left: readonly Kept[];
  #stored: string;
  readonly #ending = new AbortController();

  constructor(provider: HexEditorProvider, store: RecordingStore) {
    this.#provider = provider;
    this.#store = store;
    this.#left = fitting(keptShape, store.get(recordingsKey)) ?? [];
    this.#stored = JSON.stringify(this.#left);
    this.#following = provider.onDidChangePanel((panel) => this.#follow(panel));
    for (const { panels } of provider.documents) for (const panel of panels) this.#follow(panel);
    for (const kept of this.#left) {
      this.#askAbout(kept).catch((error: unknown) => {
        if (!this.#ending.signal.aborted) provider.services.note(error);
      });
    }
  }

  /** The recorder of a document's memory, if anything of it was recorded. */
  of({ session }: TileDocument): Recorder | undefined {
    return this.#known(session)?.recorder;
  }

  /** Asks what to record, and begins. Rejects with BoardError. */
  async record(document: TileDocument): Promise<void> {
    const panel = frontPanel(document);
    if (panel === undefined || shownIn(document, panel) === undefined) return;
    const { session } = document;
    if (session.state.link.kind === 'connected' && !session.state.inUse) {
      throw new BoardError('not-asked', 'nobody uses the partition');
    }
    const known = this.of(document);
    const scopes = await this.#scopes(document, panel);
    if (scopes === undefined) return;
    const scope = await this.askScope(scopes, known?.recording !== undefined);
    if (scope === undefined) return;
    const { recorder } = this.#recorded(session);
    const size = fitting(sizeShape, vscode.workspace.getConfiguration('tilescope').get('recordingSize'));
    await recorder.arm(scope.ranges, (size ?? usualSize) * 2 ** 20);
  }

  async end(document: TileDocument): Promise<void> {
    const recorder = this.of(document);
    if (recorder?.isArmed === true) await recorder.end();
    else sayInformation(vscode.l10n.t('Nothing of this memory is being recorded.'));
  }

  /** Asks where to, and writes what was recorded: CSV of all changes, or the cell at the cursor over time. Rejects with FileError. */
  async export(document: TileDocument): Promise<void> {
    const recording = this.of(document)?.recording;
    const panel = frontPanel(document);
    const shown = shownIn(document, panel);
    if (recording?.hasBegun !== true || panel === undefined || shown === undefined) {
      sayInformation(vscode.l10n.t('Nothing of this memory was recorded.'));
      return;
    }
    const uri = await this.askTarget('recording.csv');
    if (uri === undefined) return;
    const { cells } = panel;
    const { bytes: length } = cellFormat(cells, true);
    const offset = shown.cursor - (shown.cursor % length);
    const parts = uri.path.endsWith('.npy')
      ? recordingNpy(recording, { offset, length }, cells)
      : recordingCsv(recording, shown.geometry);
    await writeParts(uri, parts, AbortSignal.timeout(patience), () => undefined);
    sayBriefly(vscode.l10n.t('The recording was exported.'), 4000);
  }

  /** The window goes; what is recorded on the board's side goes on, and is kept for the next one. */
  dispose(): void {
    this.#following.dispose();
    this.#ending.abort(new BoardError('cancelled', 'the window goes'));
    for (const { recorder, timelines } of this.#all.values()) {
      for (const timeline of timelines.values()) timeline.dispose();
      recorder.dispose();
    }
    this.#all.clear();
  }

  /** What is selected, what has a name at the cursor, the rows on screen, the tile: what is not too much. */
  async #scopes(document: TileDocument, panel: HexPanel): Promise<readonly RecordScope[] | undefined> {
    const shown = shownIn(document, panel);
    if (shown === undefined) return [];
    const { geometry, cursor, selected, named } = shown;
    const isSeveral = panel.selection !== undefined && panel.selection.selected !== panel.selection.length;
    const runs = selected === undefined && !isSeveral ? [] : await askSelectedRuns(panel);
    if (runs === undefined) return undefined;
    const { tile } = locate(geometry, cursor);
    const scope = (label: string, asked: readonly ByteRange[]): RecordScope[] => {
      const ranges = wholeWords(asked);
      const bytes = bytesIn(ranges);
      if (bytes === 0 || bytes > recordingLimits.memoryBytes) return [];
      const share = document.session.link.budget.share;
      const period = Math.max(watchPeriods.shortest, Math.ceil((bytes / wordBytes / share) * 1000));
      return [{ label, description: vscode.l10n.t('{0} bytes, a look every {1} ms', bytes, period), ranges }];
    };
    const { visible } = panel;
    return [
      ...scope(vscode.l10n.t('The selection'), runs),
      ...(named === undefined ? [] : scope(vscode.l10n.t('The bytes of {0}', named.name), [named.range])),
      ...(visible === undefined ? [] : scope(vscode.l10n.t('The rows on screen'), [visible])),
      ...scope(vscode.l10n.t('Tile {0}', formatTile(tile)), [tileRange(geometry, tile)]),
    ];
  }

  /** What is known of a memory. A board that was removed and added again has another link: what was recorded over the old one is over. */
  #known(session: MemorySession): Recorded | undefined {
    const known = this.#all.get(keyOf(session));
    if (known === undefined || known.link === session.link) return known;
    if (!session.link.isDisposed) this.#drop(known);
    return undefined;
  }

  #drop(recorded: Recorded): void {
    for (const [key, one] of this.#all) if (one === recorded) this.#all.delete(key);
    for (const timeline of recorded.timelines.values()) timeline.dispose();
    recorded.recorder.dispose();
    this.#keep();
  }

  #recorded(session: MemorySession): Recorded {
    const key = keyOf(session);
    const known = this.#known(session);
    if (known !== undefined) return known;
    const { link } = session;
    const recorder = new Recorder(link, session.key, machineServices(this.#provider.log));
    const recorded: Recorded = { link, recorder, timelines: new Map() };
    this.#all.set(key, recorded);
    recorder.onDidChange(() => {
      this.#keep();
      for (const document of this.#provider.documents) {
        if (keyOf(document.session) === key) for (const panel of document.panels) this.#follow(panel);
      }
    });
    return recorded;
  }

  /** Has the workspace keep what goes on without this window. */
  #keep(): void {
    if (this.#ending.signal.aborted) return;
    const kept = [...this.#all].flatMap(([memory, { recorder }]) =>
      recorder.kept === undefined ? [] : [{ memory, ...recorder.kept }],
    );
    const now = [...kept, ...this.#left];
    const stored = JSON.stringify(now);
    if (stored === this.#stored) return;
    this.#stored = stored;
    this.#store.update(recordingsKey, now).then(undefined, (error: unknown) => {
      this.#provider.services.note(error);
    });
  }

  /** A person hears of what no tab shows. */
  async #askAbout(kept: Kept): Promise<void> {
    const { signal } = this.#ending;
    const resource = resourceOf(kept.memory);
    const end = async (handle: RecordingHandle) => {
      const shown = this.#all.get(kept.memory)?.recorder;
      await (shown === undefined ? handle.end(true, signal) : shown.end());
    };
    const answer =
      resource === undefined
        ? 'gone'
        : await askAboutLeft(kept, resource, this.#provider.services, end, signal);
    if (answer !== 'gone' && answer !== 'end') return;
    this.#left = this.#left.filter((one) => one !== kept);
    this.#keep();
  }

  /** What an earlier window had recorded of this memory goes on. */
  #resumed(session: MemorySession): Recorded | undefined {
    const key = keyOf(session);
    const kept = this.#left.find(({ memory }) => memory === key);
    if (kept === undefined) return undefined;
    this.#left = this.#left.filter((one) => one !== kept);
    const recorded = this.#recorded(session);
    recorded.recorder.resume(kept);
    return recorded;
  }

  /** A tab is new, its cursor is elsewhere, more was recorded, or it was closed. */
  #follow(panel: HexPanel): void {
    const { document } = panel;
    const { session } = document;
    const isOpen = document.panels.has(panel);
    const recorded = this.#known(session) ?? (isOpen ? this.#resumed(session) : undefined);
    if (recorded === undefined) return;
    const { recorder, timelines } = recorded;
    const known = timelines.get(panel);
    if (!isOpen) {
      timelines.delete(panel);
      known?.dispose();
      this.#endUnseen(recorded, document);
      return;
    }
    if (known !== undefined) {
      known.update();
      return;
    }
    const { errorText } = this.#provider.services;
    const tab = {
      get geometry() {
        return document.isOutside ? undefined : document.shown?.geometry;
      },
      get cursor() {
        return panel.selection?.cursor;
      },
      showPast: (past: Parameters<HexPanel['showPast']>[0]) => panel.showPast(past),
      showTimeline: (state: Parameters<HexPanel['showTimeline']>[0]) => panel.showTimeline(state),
    };
    const timeline = new Timeline(
      recorder,
      tab,
      { l10n: vscode.l10n, clock, errorText: (error) => sentenceOf(error, errorText, vscode.l10n) },
      after,
    );
    panel.onTimeline = (act) => timeline.act(act);
    timelines.set(panel, timeline);
  }

  /** Nothing is read for what no tab shows: with the last tab of its memory a recording ends, and is kept. */
  #endUnseen({ recorder }: Recorded, closed: TileDocument): void {
    const isShown = this.#provider.documents.some(
      ({ session, panels }) => session === closed.session && panels.size > 0,
    );
    if (isShown || !recorder.isArmed) return;
    recorder.end().catch((error: unknown) => this.#provider.services.note(error));
  }
}

function keyOf({ link, key }: MemorySession): string {
  return JSON.stringify([link.id, key.partition, key.memory]);
}

/** The memory of a key; undefined where it is none. */
function resourceOf(key: string): MemoryResource | undefined {
  const [board, partition, memory] = fitting(keyShape, key) ?? [];
  return board === undefined ? undefined : parseResource(board, `/${partition}/${memory}.aiemem`);
}

/** Whether these can be the ranges of a recording. */
function isRecordable(ranges: readonly ByteRange[]): boolean {
  const isWhole = ranges.every(({ offset, length }, i) => {
    const before = ranges[i - 1];
    const isBehind = before === undefined || endOf(before) <= offset;
    return isBehind && length > 0 && offset % wordBytes === 0 && length % wordBytes === 0;
  });
  return isWhole && ranges.length > 0 && bytesIn(ranges) <= recordingLimits.memoryBytes;
}

/** The words in which the bytes of ranges lie. */
function wholeWords(ranges: readonly ByteRange[]): ByteRange[] {
  return mergeRanges(
    ranges.map((range) => {
      const offset = range.offset - (range.offset % wordBytes);
      return { offset, length: Math.ceil((endOf(range) - offset) / wordBytes) * wordBytes };
    }),
  );
}

/** A time of day with milliseconds, as this window shows times. */
function clock(at: number): string {
  return new Date(at).toLocaleTimeString(vscode.env.language, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hour12: false,
  });
}

function askForScope(scopes: readonly RecordScope[], drops: boolean): Promise<RecordScope | undefined> {
  const placeHolder = drops
    ? vscode.l10n.t('What to record. What was recorded of this memory before is dropped.')
    : vscode.l10n.t(
        'What to record; select bytes first to record those. Every look may stall the core for a moment.',
      );
  return Promise.resolve(pickFrom(scopes, { title: actionNames(vscode.l10n).record, placeHolder }));
}

function askForTarget(name: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const [csv, npy] = recordingFormats;
  return Promise.resolve(
    vscode.window.showSaveDialog({
      title: vscode.l10n.t('Export Recording'),
      ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
      filters: {
        [vscode.l10n.t('All changes as CSV')]: [csv],
        [vscode.l10n.t('The cell at the cursor for NumPy')]: [npy],
      },
    }),
  );
}
