/**
 * The whole contract between the extension host and the hex editor's webview. Unions are named by direction. Requests
 * carry their answer's type; a request can fail, be cancelled and time out. Bytes travel as `Uint8Array` only: other
 * typed arrays do not survive every host's message channel.
 */
import type { AddressKind } from '../model/address-kinds.ts';
import type { CellChoice, CellName } from '../model/cells/choices.ts';
import type { FindQuery } from '../model/find/query.ts';
import type { ArrayShape, ByteRange, Generation, MemoryGeometry } from '../model/geometry.ts';
import type { CopyForm } from '../model/gestures/copy-as.ts';
import type { Fill } from '../model/gestures/fill.ts';
import type { PlacedRun } from '../model/gestures/paste-as.ts';
import type { BookmarkColour, PlacedMark } from '../model/placed-mark.ts';
import type { PlacedName } from '../model/program/build.ts';
import type { CoreMarkKind } from '../model/program/core-marks.ts';
import type { webviewStrings } from './webview-strings.ts';

/** Bytes as they are to be painted: base with staged edits laid over. All arrays have the same length. */
export interface ShownBytes {
  /** Buffer offset of the first byte. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly flags: Uint8Array;
  /** The base under the staged edits (what the device held when it was last read). */
  readonly base: Uint8Array;
}

/** Bytes that are compared with others, and what these are. Both arrays have the same length. */
export interface ExpectedBytes {
  /** Buffer offset of the first byte. */
  readonly offset: number;
  /** 1 for each byte of a value that differs. */
  readonly wrong: Uint8Array;
  readonly expected: Uint8Array;
}

/** Bytes that have a name or a bookmark, or that a core's register points to. Text is localised. */
export interface PageName {
  readonly kind: PlacedName['kind'] | PlacedMark['kind'] | CoreMarkKind;
  readonly text: string;
  /** What more is known: size and type; when a register was read. */
  readonly detail: string;
  /** Buffer offset of the first byte. */
  readonly offset: number;
  /** 0 where nobody says it. */
  readonly length: number;
  /** Of a bookmark. */
  readonly colour?: BookmarkColour;
}

/** What has a name around the visible rows. */
export interface PageNames {
  readonly names: readonly PageName[];
  /** Something in the memory has a name: there is a column for it, whatever is on screen. */
  readonly isNamed: boolean;
}

/**
 * What the write policy and the link allow right now. `immediate`: each gesture of this editor is written at once, until the
 * editor, its occupant or its connection ends.
 */
export type WritePolicy = 'locked' | 'staged' | 'immediate';

/** A line above the grid. At most one is shown; the host chooses. Text is localised. */
export interface Banner {
  readonly kind: 'info' | 'warning' | 'error';
  readonly text: string;
  /** Buttons: command ids of `HostCommand` with their localised labels. */
  readonly actions: readonly { readonly command: HostCommand; readonly label: string }[];
}

/** Everything around the bytes. Sent whole when any of it became different, while the page can be seen. */
export interface EditorState {
  /** Board label, partition, memory, in words; for the header line and the grid's accessible name. */
  readonly title: string;
  readonly policy: WritePolicy;
  /** Localised: why a person cannot unlock at present. Without it, `locked` is theirs to change. */
  readonly lockedFor?: string;
  /** Localised: the tab shows the memory as it was then, and nothing is read for it. */
  readonly frozen?: string;
  /** Localised: it shows the memory as a recording has it at this moment of the past; it is frozen then, too. */
  readonly past?: string;
  /** Localised: beside whom a person agreed to write. */
  readonly beside?: string;
  /** The page is the view in the panel: it edits nothing. */
  readonly isDocked?: boolean;
  readonly connected: boolean;
  /** The board, or the application, is gone: the screen shows what was last read of it. */
  readonly lastKnown: boolean;
  /** The array's shape, once the board told: rows are also shown counted from the first compute row. */
  readonly array?: ArrayShape;
  /** The board's generation, once the board told: addresses depend on it. */
  readonly generation?: Generation;
  /** An application uses the partition: bytes may change while they are read. */
  readonly moving: boolean;
  /** A read is under way; percent if it is long. */
  readonly reading?: { readonly percent?: number };
  /** Localised: when the shown bytes were read, or that they were not. */
  readonly readAt: string;
  /** Bytes that changed after this tick are marked, and that in words; without it, those of the last second. */
  readonly marks?: { readonly since: number; readonly text: string };
  /** The tab follows the memory by itself, so many times a second; or would, but for a reason (localised). */
  readonly live?: { readonly hertz: number; readonly paused?: string };
  readonly stagedBytes: number;
  readonly conflictBytes: number;
  readonly banner?: Banner;
}

/** What a recording has, and which moment of it the tab shows. Times in milliseconds since it began; texts are localised. */
export interface TimelineState {
  readonly kind: 'idle' | 'arming' | 'recording' | 'away' | 'ended';
  /** What is recorded, how often it is looked at, what fell out, why it ended. */
  readonly about: string;
  /** The oldest moment that is kept, and the last look. */
  readonly from: number;
  readonly to: number;
  /** How much changed in each of equal parts of that time, 0 to 255. */
  readonly marks: Uint8Array;
  /** The moment that is shown; absent: now. */
  readonly at?: number;
  readonly moment: string;
  readonly isPlaying: boolean;
  readonly canStep: { readonly back: boolean; readonly on: boolean };
  /** When the byte at the cursor last changed, and to what. */
  readonly here?: string;
}

/** What a person does with the timeline: to a time, to the change before or after, to the last change of the byte at the cursor. */
export type TimelineAct =
  | { readonly kind: 'to'; readonly at: number }
  | { readonly kind: 'step'; readonly step: 1 | -1 }
  | { readonly kind: 'here' | 'play' | 'now' };

/** What is searched for, and where. */
export interface AskedHits {
  readonly query: FindQuery;
  readonly range: ByteRange;
  /** All tiles of the memory are meant, though the tab shows one: `range` is all of them. */
  readonly beyond: boolean;
  /** What is read of the bytes that were not read yet: all, all if it is little, nothing. */
  readonly read: 'all' | 'little' | 'nothing';
}

/** What became of a search. */
export interface FoundState {
  readonly count: number;
  /** There may be more. */
  readonly isFull: boolean;
  /** The number of the hit that is selected, from 1; 0 for none. */
  readonly at: number;
  /** Bytes that were not read, or cannot be: they cannot be part of a hit. */
  readonly unseen: number;
  /** The board's side can search those that were not read, so that only hits come from there. */
  readonly searchesThere?: boolean;
  /** It is under way. */
  readonly percent?: number;
  /** How much was searched when it ended before its end, percent: it was cancelled, or given up. */
  readonly searched?: number;
  /** Localised: what is wrong, or what a replacement did; empty for nothing. */
  readonly said: string;
  readonly isWrong: boolean;
}

/** Which bytes are part of hits. */
export interface HitBytes {
  /** Buffer offset of the first byte. */
  readonly offset: number;
  /** 1 for each byte of a hit. */
  readonly marks: Uint8Array;
}

/** What the grid shows: fixed for the life of the page, sent once before any bytes. Another layout gets another page. */
export interface EditorDocument {
  readonly geometry: MemoryGeometry;
  /** The part of the memory that this editor shows. */
  readonly range: ByteRange;
}

/** What is in a tile, on the page's map: bits of one byte for each. */
export const tileMarks = {
  staged: 1,
  conflict: 2,
  changed: 4,
  unreadable: 8,
  hit: 16,
  bookmark: 32,
} as const;

/** Where another tab of the same bytes is. Buffer offsets. */
export interface PagePlace {
  readonly cursor: number;
  /** First byte of its first visible row. */
  readonly top: number;
}

/** How a tab shows its bytes: what the page's view line chooses. */
export interface ViewChoice {
  readonly cells: CellChoice;
  /** Bytes per row: 8, 16, 32 or 64; 0: as many whole cells as there is room for. A row has at least one cell. */
  readonly bytesPerRow: number;
  /** Cells have the colour of the class of their value. */
  readonly colours: boolean;
  /** What stands before the rows and in the line at the bottom. */
  readonly addresses: AddressKind;
  /** Addresses are decimal. */
  readonly decimal: boolean;
  /** The inspector is open. */
  readonly inspector: boolean;
}

/** Settings that shape the grid, with the view of a tab for which none was chosen. */
export interface EditorSettings extends ViewChoice {
  /** Upper-case hexadecimal digits. */
  readonly upperCase: boolean;
  /** How many times a second a tab for which nothing was chosen follows the memory by itself; 0: it does not, `atStops`. */
  readonly liveHertz: number;
  /** Font of the grid, as CSS takes it; empty: that of VS Code's editors. */
  readonly fontFamily: string;
  /** Pixels, 8 to 40; 0: as in VS Code's editors. */
  readonly fontSize: number;
  /** How high the rows are for their font. */
  readonly density: 'comfortable' | 'compact';
}

/** Localised strings that the webview shows: the host sends `webviewStrings(vscode.l10n)`. */
export type WebviewStrings = Readonly<ReturnType<typeof webviewStrings>>;

/** Commands that the webview asks the host to run on its editor. */
export type HostCommand =
  | 'refresh'
  | 'apply'
  | 'discard'
  | 'rebase'
  | 'undo'
  | 'redo'
  | 'connect'
  | 'unlock'
  | 'lock'
  | 'stageEdits'
  | 'allowDriver'
  | 'keepMine'
  | 'takeTheirs'
  | 'readRunning'
  | 'enableClocks'
  | 'hold'
  | 'releaseHold'
  | 'reachKernel'
  | 'turnOnSudo'
  | 'showLog'
  | 'copyAs'
  | 'pasteAs'
  | 'openInEditor'
  | 'record'
  | 'endRecording';

/**
 * Commands with a button in the page's title line. That is their one place in the page: a banner that offers one makes this
 * button stand out.
 */
export const titleLineCommands = [
  'unlock',
  'lock',
  'stageEdits',
  'refresh',
  'discard',
  'apply',
  'openInEditor',
] as const satisfies readonly HostCommand[];

/** Whether the title line has a button for the command. */
export function isInTitleLine(command: HostCommand): command is (typeof titleLineCommands)[number] {
  return titleLineCommands.some((one) => one === command);
}

/** One run of a gesture. All arrays have the same length. */
export interface PageEdit {
  /** Buffer offset of the first byte. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** What was on screen there: base, and base with staged edits. A base that was not known is given as its cell. */
  readonly seen: { readonly base: Uint8Array; readonly shown: Uint8Array };
}

/** Which bytes a page wants to be kept up to date; whole pages of memory (`pageBytes`), in buffer offsets. */
export interface PageWindow {
  /** Counted from 1 since the page began. */
  readonly number: number;
  readonly wanted: readonly ByteRange[];
  /** Those of `wanted` that the page has nothing of: they are sent whole. */
  readonly missing: readonly ByteRange[];
  /** The page begins, or lost what it was told: deltas are counted from 1 again. */
  readonly anew: boolean;
}

/** Requests of the webview: name to parameters and answer. */
export interface WebviewRequests {
  /**
   * The bytes of a range after those that were not read yet have been: what a gesture on them needs (copy, paste, set to
   * zero). Takes as long as the board does; `progress` says that somebody is at it. Cancelling ends the read.
   */
  readonly read: { readonly params: ByteRange; readonly result: ShownBytes };
  /**
   * One gesture: typed digits, a paste, a deletion to zero. Becomes one undo step. It carries what was on screen, so that
   * a byte that the board changed, and the page did not show yet, is a conflict. `immediate`: the page said, when the
   * gesture began, that it would be written at once; only then it may be.
   */
  readonly edit: {
    readonly params: {
      readonly label: string;
      readonly edits: readonly PageEdit[];
      readonly immediate: boolean;
    };
    readonly result: null;
  };
  /** Copied text: the host has the clipboard, whatever has the focus. */
  readonly copy: { readonly params: { readonly text: string }; readonly result: null };
}
export type WebviewRequestName = keyof WebviewRequests;

/** Webview to host. */
export type FromWebview =
  /** `isOpen`: what `init` says stood in the page's own text. */
  | { readonly type: 'ready'; readonly isOpen?: boolean }
  | {
      readonly [K in WebviewRequestName]: {
        readonly type: 'request';
        readonly id: number;
        readonly name: K;
        readonly params: WebviewRequests[K]['params'];
      };
    }[WebviewRequestName]
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'command'; readonly command: HostCommand }
  /** Selected bytes (buffer offsets), for the status bar; `cursor` is the active byte, around which they are. */
  | {
      readonly type: 'selection';
      readonly cursor: number;
      readonly start: number;
      readonly length: number;
      /** How many bytes are selected, with those that are elsewhere. */
      readonly selected: number;
      /** The place of the first selected byte as it is shown, to be copied. */
      readonly address: string;
    }
  | { readonly type: 'window'; readonly window: PageWindow }
  /** The delta with this number was drawn, and all before it. */
  | { readonly type: 'drawn'; readonly number: number }
  /** A short page is there, and asks for its parts. */
  | { readonly type: 'begin' }
  /** The visible rows, so that the host reads what a person looks at. */
  | { readonly type: 'visible'; readonly range: ByteRange }
  /** Where the rows of this page begin (pixels from its top), and how long they are: the next page begins like that. */
  | { readonly type: 'rowsPlace'; readonly top: number; readonly bytesPerRow: number }
  /** The first byte on screen is another one, and not because of `scroll`. */
  | { readonly type: 'scrolled'; readonly offset: number }
  /** A person chose how this tab shows its bytes; or the type of what they went to did (`ofName`), which only this tab keeps. */
  | { readonly type: 'view'; readonly view: ViewChoice; readonly ofName?: boolean }
  /** How many times a second this tab follows the memory by itself from now on; 0: not at all, `atStops`. */
  | { readonly type: 'live'; readonly hertz: number }
  /** A person chose another tile on the map, which the page does not show: a buffer offset in it. */
  | { readonly type: 'openPlace'; readonly offset: number }
  /** What is searched for from now on; nothing once the box was closed. */
  | { readonly type: 'find'; readonly asked?: AskedHits }
  /** All memories of the board are searched. */
  | { readonly type: 'findInMemories'; readonly query: FindQuery }
  /** The search, or the read for it, ends; what was found stays. */
  | { readonly type: 'cancelFind' }
  /** To the hit after or before what is selected. */
  | { readonly type: 'toHit'; readonly step: 1 | -1 }
  /** The hit that is selected, or all, become what was typed; staged, never written. */
  | { readonly type: 'replaceHits'; readonly text: string; readonly all: boolean }
  /** All that is selected, ascending: the answer to `tellRuns` of that number. No `runs` where `count` is more than `mostRuns`. */
  | {
      readonly type: 'runs';
      readonly number: number;
      readonly count: number;
      readonly runs: readonly ByteRange[];
    }
  | { readonly type: 'timeline'; readonly act: TimelineAct }
  /** A tab that is frozen goes on. */
  | { readonly type: 'unfreeze' }
  /** Something went wrong inside the webview; for the log. */
  | { readonly type: 'failure'; readonly message: string };

/** Runs that a page tells at most; many columns together may have more. */
export const mostRuns = 1 << 20;

/** What a person was asked to fill or to paste over: what was selected then, how it was shown, whether an edit was written at once. */
export interface AskedSelection {
  readonly cursor: number;
  readonly start: number;
  readonly selected: number;
  readonly cells: CellChoice;
  readonly immediate: boolean;
}

/** Host to a short page (`webview/sight.ts`): what makes it a whole one. */
export interface PageParts {
  readonly type: 'parts';
  readonly style: string;
  readonly script: string;
  /** What the page shows first (`opening.ts`), as text; none where it is to ask. */
  readonly opening?: string;
}

/** Host to webview. */
export type ToWebview =
  | {
      readonly type: 'init';
      readonly document: EditorDocument;
      readonly settings: EditorSettings;
      readonly strings: WebviewStrings;
      readonly state: EditorState;
      /** A page that kept no place of its own begins there: its editor was split. */
      readonly place?: PagePlace;
    }
  | { readonly type: 'state'; readonly state: EditorState }
  | { readonly type: 'settings'; readonly settings: EditorSettings }
  /** The keys go to the choice of cells. */
  | { readonly type: 'chooseCells' }
  /** All of the tile that the cursor is in is selected. */
  | { readonly type: 'selectTile' }
  /**
   * The selected bytes are copied in a form, without one as the column of the cursor shows them: read first where they were
   * not, answered with the request `copy`.
   */
  | { readonly type: 'copyAs'; readonly form?: CopyForm }
  /** A text is pasted at the selection, as if it came with the keys of pasting. */
  | { readonly type: 'pasteText'; readonly text: string }
  /** The selected bytes are filled, in one gesture, if they are still those that a person was asked about. */
  | { readonly type: 'fill'; readonly fill: Fill; readonly asked: AskedSelection }
  /** Bytes are pasted, in one gesture, if what a person was asked about is still so. */
  | { readonly type: 'paste'; readonly runs: readonly PlacedRun[]; readonly asked: AskedSelection }
  /** The host wants to know all that is selected. */
  | { readonly type: 'tellRuns'; readonly number: number }
  /** How often this tab follows the memory from now on: a person chose it. */
  | { readonly type: 'live'; readonly hertz: number }
  /**
   * What became different of the bytes of the page's window (`packDelta`). At most two are under way: what changes before
   * the page has drawn one of them goes into the next. Sent only while the page can be seen.
   */
  | { readonly type: 'delta'; readonly packed: Uint8Array }
  /** The bytes of the window cannot be had, in words; the next `window` tries again. */
  | { readonly type: 'unavailable'; readonly message: string }
  /** What is compared around the visible rows, instead of what was told before; empty arrays for nothing. */
  | { readonly type: 'expected'; readonly expected: ExpectedBytes }
  /** What has a name around the visible rows, instead of what was told before. */
  | { readonly type: 'names'; readonly told: PageNames }
  /** The keys go to the box in which a person types what to search for. */
  | { readonly type: 'openFind'; readonly withReplace: boolean }
  | { readonly type: 'found'; readonly found: FoundState }
  /** Which bytes around the visible rows are part of hits, instead of what was told before; empty for none. */
  | { readonly type: 'hits'; readonly hits: HitBytes }
  /** The row of this byte becomes the first one on screen. */
  | { readonly type: 'scroll'; readonly offset: number }
  /** What is in the tiles of the memory: a byte of `tileMarks` for each, in buffer order. */
  | { readonly type: 'map'; readonly marks: Uint8Array }
  /** The tab shows a moment of a recording from now on: what the bytes held that changed at it. Without them: what is now. */
  | { readonly type: 'past'; readonly old?: readonly PlacedRun[] }
  /** What the timeline shows; nothing without a recording. */
  | { readonly type: 'timeline'; readonly timeline?: TimelineState }
  /** Shows a place until the person decides: the cursor comes back with the next `peek` without one, or stays with `reveal`. */
  | { readonly type: 'peek'; readonly offset?: number }
  /** Moves cursor and view; the cells show what is there, where a build says its type. */
  | { readonly type: 'reveal'; readonly offset: number; readonly length: number; readonly cells?: CellName }
  /** A `read` is under way; sent every few seconds at least. */
  | { readonly type: 'progress'; readonly id: number; readonly percent: number }
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };
