/**
 * What a person does to the grid: keys, typing, clipboard. Every edit is one gesture handed to the host; whatever is
 * refused is said in words. Undo and redo are VS Code's own keys, which it takes from the page by itself: handling them
 * here as well would do them twice.
 */
import type { AskedSelection, EditorState, PageEdit, ShownBytes } from '../../src/editor/messages.ts';
import { isUnreadable, stateBits } from '../../src/model/byte-state.ts';
import type { CellFormat } from '../../src/model/cells/format.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { type CopyForm, copyAs } from '../../src/model/gestures/copy-as.ts';
import { type Fill, fillRuns } from '../../src/model/gestures/fill.ts';
import { characterBytes, type Pasted, parseCells, parseCharacters } from '../../src/model/gestures/pasted.ts';
import { hexPairs } from '../../src/model/numbers.ts';
import { bytesIn, mergeRanges, pieceGap } from '../../src/model/ranges.ts';
import type { Box } from '../box.ts';
import { type HostClient, RequestError, requestTimeout } from '../host.ts';
import type { Translate } from '../strings.ts';
import { cellName, reasonText, refusalText } from './cell-texts.ts';
import { copyLimit, copyText, cutAtTiles, hexText, together } from './copy.ts';
import {
  countBytes,
  countWithout,
  flagsUnder,
  inSharedBuffers,
  isBaseUnread,
  isUnread,
  piecesOf,
  type Run,
  shownIn,
  withoutRanges,
  withSeen,
} from './edits.ts';
import { CellField, type FieldPreview } from './field.ts';
import {
  addBeside,
  isExtended,
  type Motion,
  move,
  moveTo,
  reselect,
  selectAll,
  selectedBytes,
  selectedRange,
  selectedRanges,
} from './selection.ts';
import type { ByteStore } from './store.ts';
import { dropDigit, isDigit, type PendingDigits, typeDigit } from './typing.ts';
import type { GridView } from './view.ts';

/** A short message to the person, shown and spoken. */
export interface Notice {
  readonly text: string;
  /** Offers to unlock. */
  readonly unlock?: boolean;
  /** An answer worth saying but not worth showing as trouble. */
  readonly quiet?: boolean;
  /** Offers to end what the message is about. */
  readonly cancel?: () => void;
}

/** A gesture that is put off until its bytes were read. */
interface Postponed {
  readonly abort: AbortController;
  /** What was typed meanwhile: it came later, so it stays on top. */
  readonly typed: ByteRange[];
}

/** What is typed in the field. */
interface FieldTarget {
  /** First byte of the value. */
  readonly offset: number;
  readonly format: CellFormat;
  /** What its format is called. */
  readonly name: string;
  /** Where the field goes, and the keys when it closes. */
  readonly element: HTMLElement;
  box(): Box;
  /** What was on screen there: the field hides what became of that since. */
  readonly covered: ShownBytes;
  /** Behind a cell comes the next one. */
  readonly isCell: boolean;
}

/** What the controller works with. */
export interface ControllerParts {
  /** Where the field for typed values goes: around the grid. */
  readonly around: HTMLElement;
  readonly view: GridView;
  readonly store: ByteStore;
  readonly host: HostClient;
  readonly t: Translate;
  /** The last state that the host sent. */
  readonly state: () => EditorState;
  /** Shows a notice; `undefined` takes the last one away. */
  readonly notify: (notice: Notice | undefined) => void;
  /** Shows what is under way, whatever else is said; `undefined` when it is over. */
  readonly wait: (notice: Notice | undefined) => void;
}

/** A read that is over before this is not shown: it would only flicker. Milliseconds. */
const patience = 300;

const motions: Readonly<Record<string, Motion>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  PageUp: 'page-up',
  PageDown: 'page-down',
  Home: 'row-start',
  End: 'row-end',
};

/** With Ctrl or Cmd. Page keys are missing: they change tabs. */
const bigMotions: Readonly<Record<string, Motion>> = {
  ArrowLeft: 'word-left',
  ArrowRight: 'word-right',
  ArrowUp: 'start',
  ArrowDown: 'end',
  Home: 'start',
  End: 'end',
};

/** A failure in words. */
export function failureText(t: Translate, error: unknown): string {
  if (!(error instanceof RequestError)) return error instanceof Error ? error.message : String(error);
  if (error.kind === 'refused') return error.message;
  if (error.kind === 'timed-out') return t('timedOut', requestTimeout / 1000);
  return t(error.kind === 'cancelled' ? 'cancelled' : 'badAnswer');
}

/** Connects a person to one grid. */
export class GridController {
  readonly #parts: ControllerParts;
  readonly #field: CellField;
  #target: FieldTarget | undefined;
  #pending: PendingDigits | undefined;
  #postponed: Postponed | undefined;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#field = new CellField(parts.around, parts.t, {
      preview: (text) => this.#preview(text),
      onEnter: (text) => this.#onEnter(text),
      onLeave: () => this.#closeField(),
    });
    const { element } = parts.view;
    element.addEventListener('keydown', (event) => this.#onKey(event));
    // Without these two Chromium does not offer copy and paste to a page that has no native selection.
    for (const name of ['beforecopy', 'beforepaste']) {
      document.addEventListener(name, (event) => {
        if (this.#active()) event.preventDefault();
      });
    }
    // VS Code answers Ctrl+A with a native "select all", which would mark the texts around the grid.
    document.addEventListener('selectstart', (event) => {
      if (this.#active()) event.preventDefault();
    });
    document.addEventListener('copy', (event) => this.#onCopy(event));
    document.addEventListener('paste', (event) => this.#onPaste(event));
  }

  /** To be called at each move of the cursor: typed digits belong to its cell. */
  cursorMoved(): void {
    const { cursor } = this.#parts.view.selection;
    if (this.#pending !== undefined && this.#pending.offset !== cursor) this.#wait(undefined);
    if (this.#field.offset !== undefined && this.#field.offset !== cursor) this.#closeField();
  }

  /** To be called before other cells are shown: what was typed was meant for the old ones. */
  leaveCell(): void {
    this.#wait(undefined);
    this.#closeField();
  }

  /** To be called after each draw. */
  drawn(): void {
    if (this.#target !== undefined) this.#field.place(this.#target.box());
  }

  #active(): boolean {
    return document.activeElement === this.#parts.view.element;
  }

  #wait(pending: PendingDigits | undefined): void {
    this.#pending = pending;
    this.#parts.view.pending = pending;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing || event.defaultPrevented) return;
    const { view } = this.#parts;
    if (view.layout.rowCount === 0) return;
    const big = event.ctrlKey || event.metaKey;
    if (event.altKey) {
      if (this.#onAltKey(event.key, event.shiftKey, big)) event.preventDefault();
      return;
    }
    const motion = (big ? bigMotions : motions)[event.key];
    if (motion !== undefined) {
      event.preventDefault();
      this.#parts.notify(undefined);
      view.select(move(view.layout, view.selection, motion, { extend: event.shiftKey, page: view.pageRows }));
      return;
    }
    if (big) {
      if (event.key.toLowerCase() !== 'a' || event.shiftKey) return;
      event.preventDefault();
      view.select(selectAll(view.layout, view.selection), false);
      return;
    }
    if (this.#onPlainKey(event)) event.preventDefault();
  }

  /** Keys with Alt: columns, and further runs; true if the key was taken. */
  #onAltKey(key: string, shift: boolean, big: boolean): boolean {
    const { view, notify } = this.#parts;
    const { layout, selection } = view;
    const motion = motions[key];
    if (shift && !big && motion !== undefined) {
      notify(undefined);
      view.select(move(layout, selection, motion, { extend: 'column', page: view.pageRows }));
      return true;
    }
    if (!big || shift || (motion !== 'up' && motion !== 'down')) return false;
    notify(undefined);
    view.select(addBeside(layout, selection, motion === 'up' ? -1 : 1));
    return true;
  }

  /** Keys without Ctrl; true if the key was taken. */
  #onPlainKey(event: KeyboardEvent): boolean {
    const { view, notify } = this.#parts;
    const { selection } = view;
    switch (event.key) {
      case 'Tab': {
        // Out of the last column, and backwards out of the first, Tab leaves the grid: no trap.
        if (event.shiftKey !== (selection.pane === 'characters')) return false;
        view.select(
          reselect(view.layout, view.layout, selection, selection.pane === 'cells' ? 'characters' : 'cells'),
        );
        return true;
      }
      case 'Escape':
        notify(undefined);
        if (this.#pending !== undefined) this.#wait(undefined);
        else if (this.#postponed !== undefined) this.#cancel();
        else view.select(moveTo(view.layout, selection, selection.cursor, false), false);
        return true;
      case 'Enter':
        if (selection.pane === 'characters') return false;
        this.#openField();
        return true;
      case 'Backspace':
        if (this.#pending !== undefined) this.#wait(dropDigit(this.#pending));
        else view.select(move(view.layout, selection, 'left', { extend: false, page: 1 }));
        return true;
      case 'Delete':
        this.#zero();
        return true;
    }
    if ([...event.key].length !== 1) return false;
    if (selection.pane === 'characters') {
      this.#write(characterBytes(event.key));
      return true;
    }
    const { radix } = view.notation.format;
    if (radix === undefined) {
      if (!/^[-+.0-9a-z]$/i.test(event.key)) return false;
      this.#openField(event.key);
      return true;
    }
    if (!isDigit(event.key, radix)) return false;
    this.#digit(event.key);
    return true;
  }

  /** Typing into a selection starts at its first byte: the memory's length is fixed, nothing can be replaced by less. */
  #toStart(): number {
    const { view } = this.#parts;
    const { offset } = selectedRange(view.layout, view.selection);
    if (isExtended(view.selection)) view.select(moveTo(view.layout, view.selection, offset, false));
    return offset;
  }

  #digit(digit: string): void {
    const { view, t, notify } = this.#parts;
    const { choice, format, upperCase } = view.notation;
    const cursor = this.#toStart();
    if (!this.#mayEditCell(cursor)) return;
    const typed = typeDigit(format, this.#pending, cursor, digit);
    if (typed.kind === 'pending') {
      this.#wait(typed.pending);
      const { digits } = typed.pending;
      const shown = upperCase ? digits.toUpperCase() : digits.toLowerCase();
      const text =
        format.characters === 2
          ? t('pendingDigit', digit.toUpperCase())
          : t('pendingDigits', shown, format.characters - digits.length);
      notify({ text, quiet: true });
      return;
    }
    this.#wait(undefined);
    if (!(typed.parsed instanceof Uint8Array)) {
      notify({ text: refusalText(t, choice.name, typed.parsed) });
      return;
    }
    notify(undefined);
    this.#type([{ offset: cursor, bytes: typed.parsed }]);
    view.select(move(view.layout, view.selection, 'right', { extend: false, page: 1 }));
  }

  /** Opens the field on the cell at the cursor: with its value, or with the first character of another. */
  #openField(first?: string): void {
    const { view } = this.#parts;
    const cursor = this.#toStart();
    if (!this.#mayEditCell(cursor)) return;
    const { choice, format } = view.notation;
    this.#open(
      {
        offset: cursor,
        format,
        name: choice.name,
        element: view.element,
        box: () => view.cellBox(cursor),
        isCell: true,
      },
      first,
    );
  }

  /** Opens the field over an element that shows the value at the cursor in a format of its own. */
  editValue(name: string, format: CellFormat, element: HTMLElement): void {
    const { view } = this.#parts;
    const { cursor } = view.selection;
    if (!this.#fits(cursor, format.bytes) || !this.#mayEdit(cursor, format.bytes)) return;
    const box = () => element.getBoundingClientRect();
    this.#open({ offset: cursor, format, name, element, box, isCell: false });
  }

  #open(target: Omit<FieldTarget, 'covered'>, first?: string): void {
    const { view, store, notify } = this.#parts;
    const { offset, format } = target;
    notify(undefined);
    this.#wait(undefined);
    const covered = store.seen({ offset, length: format.bytes });
    this.#target = { ...target, covered };
    // Its cell comes into view.
    if (target.isCell) view.select(view.selection);
    this.#field.open(offset, first ?? format.format(covered.bytes, 0), first === undefined);
    this.drawn();
  }

  /** What a typed text becomes: the value that it is rounded to, and its bytes as they will be in memory. */
  #preview(text: string): FieldPreview {
    const { view, t } = this.#parts;
    if (this.#target === undefined) return { text: '', isRefused: false };
    const { format, name } = this.#target;
    const parsed = format.parse(text);
    if (!(parsed instanceof Uint8Array)) return { text: refusalText(t, name, parsed), isRefused: true };
    const bytes = hexPairs(parsed, view.notation.upperCase);
    const becomes = this.#isImmediate ? 'fieldWrites' : 'fieldBecomes';
    return { text: t(becomes, format.format(parsed, 0), bytes), isRefused: false };
  }

  #onEnter(text: string): void {
    const { view, t, notify } = this.#parts;
    if (this.#target === undefined) return;
    const { offset, format, name, covered, isCell } = this.#target;
    const parsed = format.parse(text);
    if (!(parsed instanceof Uint8Array)) {
      notify({ text: refusalText(t, name, parsed), quiet: true });
      return;
    }
    this.#closeField();
    if (!this.#mayEdit(offset, format.bytes)) return;
    notify(undefined);
    this.#type([{ offset, bytes: parsed }], covered);
    if (isCell) view.select(move(view.layout, view.selection, 'right', { extend: false, page: 1 }));
  }

  #closeField(): void {
    const target = this.#target;
    if (target === undefined) return;
    this.#target = undefined;
    if (this.#field.close()) target.element.focus({ preventScroll: true });
  }

  /** Overwrites at the cursor and moves behind. */
  #write(bytes: Uint8Array): void {
    const { view, notify } = this.#parts;
    const start = this.#toStart();
    if (!this.#fits(start, bytes.length) || !this.#mayEdit(start, bytes.length)) return;
    notify(undefined);
    this.#type([{ offset: start, bytes }]);
    view.select(moveTo(view.layout, view.selection, start + bytes.length, false));
  }

  #zero(): void {
    const { view, t, notify } = this.#parts;
    const ranges = selectedRanges(view.layout, view.selection);
    const length = bytesIn(ranges);
    if (length > copyLimit) {
      notify({ text: t('zeroTooLong', length, copyLimit) });
      return;
    }
    const runs = ranges.map((range) => ({ offset: range.offset, bytes: new Uint8Array(range.length) }));
    void this.#change(t('editZeroed'), runs);
  }

  #fits(start: number, length: number): boolean {
    const { view, t, notify } = this.#parts;
    const { range } = view.layout;
    const left = range.offset + range.length - start;
    if (length <= left) return true;
    notify({ text: t('pasteTooLong', length, left) });
    return false;
  }

  #refuseLocked(): void {
    const { state, t, notify } = this.#parts;
    const { lockedFor } = state();
    notify({ text: lockedFor ?? t('lockedRefusal'), unlock: lockedFor === undefined });
  }

  /** Whether a run may be typed over as far as the page knows; the host checks again. Says why not. */
  #mayEdit(offset: number, length: number): boolean {
    if (this.#parts.state().policy === 'locked') {
      this.#refuseLocked();
      return false;
    }
    const { flags } = this.#parts.store.seen({ offset, length });
    return !this.#refuseUnreadable(flags) && !this.#refuseUnread(flags);
  }

  /** As `#mayEdit`, of the cell that begins at a byte: it is edited as a whole. */
  #mayEditCell(offset: number): boolean {
    const { view, t, notify } = this.#parts;
    const { length } = view.layout.cell(offset);
    if (length === view.layout.bytesPerCell) return this.#mayEdit(offset, length);
    notify({ text: t('cellCutRefusal') });
    return false;
  }

  /** Whether some bytes cannot be read, and therefore not be edited; says so. */
  #refuseUnreadable(flags: Uint8Array): boolean {
    const bad = flags.filter((flag) => isUnreadable(flag));
    const [first] = bad;
    if (first === undefined) return false;
    const { t, notify } = this.#parts;
    const reason = reasonText(t, first);
    notify({
      text:
        flags.length === 1
          ? t('unreadableRefusal', reason)
          : t('unreadableManyRefusal', bad.length, flags.length, reason),
    });
    return true;
  }

  #refuseUnread(flags: Uint8Array): boolean {
    if (!flags.some(isUnread)) return false;
    this.#parts.notify({ text: this.#parts.t('unknownRefusal') });
    return true;
  }

  /** What was typed is one gesture on bytes that are on screen, or were when the typing began. */
  #type(runs: readonly Run[], seen?: ShownBytes): void {
    const { store, t } = this.#parts;
    for (const { offset, bytes } of runs) this.#postponed?.typed.push({ offset, length: bytes.length });
    this.#edit(
      t('editTyped'),
      runs.map((run) => withSeen(run, seen ?? store.seen({ offset: run.offset, length: run.bytes.length }))),
      this.#isImmediate,
    );
  }

  /**
   * One gesture on bytes that need not be on screen: those that were not read yet are read first, and what may not be
   * edited is refused as a whole. True if it was handed over.
   */
  async #change(label: string, runs: readonly Run[]): Promise<boolean> {
    const { store, state, t, notify } = this.#parts;
    const locked = () => {
      if (state().policy !== 'locked') return false;
      this.#refuseLocked();
      return true;
    };
    if (locked() || this.#isBusy()) return false;
    const wasImmediate = this.#isImmediate;
    this.#wait(undefined);
    notify(undefined);
    const pieces = piecesOf(runs);
    let shown = pieces.map((piece) => store.seen(piece));
    let left = runs;
    if (flagsUnder(runs, shown).some(isBaseUnread)) {
      const read = await this.#readFirst(pieces, t('readingBeforeEdit', countBytes(runs)), 'editFailed');
      if (read === undefined || locked()) return false;
      shown = read.shown;
      left = withoutRanges(runs, read.typed);
    }
    const flags = flagsUnder(runs, shown);
    if (this.#refuseUnreadable(flags) || this.#refuseUnread(flags)) return false;
    if (left.length > 0) {
      this.#edit(
        label,
        left.map((run) => withSeen(run, shownIn(shown, { offset: run.offset, length: run.bytes.length }))),
        wasImmediate,
      );
    }
    return true;
  }

  /** Ends the read that a gesture waits for; the keys go back to the grid. */
  readonly #cancel = () => {
    this.#postponed?.abort.abort();
    this.#parts.view.element.focus();
  };

  /** Whether another gesture is still put off: it goes first, so that none is lost. Says so. */
  #isBusy(): boolean {
    if (this.#postponed === undefined) return false;
    this.#parts.notify({ text: this.#parts.t('stillReading'), cancel: this.#cancel });
    return true;
  }

  /**
   * The bytes of ranges once all of them were read, and what was typed meanwhile; `undefined` if they cannot be had, which
   * is said with the sentence `failed`.
   */
  async #readFirst(
    pieces: readonly ByteRange[],
    doing: string,
    failed: 'editFailed' | 'copyFailed',
  ): Promise<{ readonly shown: ShownBytes[]; readonly typed: readonly ByteRange[] } | undefined> {
    const { host, t, notify, wait } = this.#parts;
    const abort = new AbortController();
    const postponed: Postponed = { abort, typed: [] };
    this.#postponed = postponed;
    let percent = 0;
    let patient = true;
    const say = () => {
      if (!patient) wait({ text: t('doingPercent', doing, percent), cancel: this.#cancel });
    };
    const timer = setTimeout(() => {
      patient = false;
      notify({ text: doing, quiet: true });
      say();
    }, patience);
    try {
      let done = 0;
      const all = bytesIn(pieces);
      let shown: ShownBytes[] = [];
      for (const piece of pieces) {
        const read = await host.read(piece, {
          signal: abort.signal,
          onProgress: (now) => {
            percent = Math.floor((100 * done + now * piece.length) / all);
            say();
          },
        });
        shown.push(read);
        done += piece.length;
      }
      // Of several, what the host holds at one moment: where the memory changed hands since, a part is outdated.
      if (pieces.length > 1) {
        shown = await Promise.all(pieces.map((piece) => host.read(piece, { signal: abort.signal })));
      }
      const outdated = shown.map(({ flags }) => flags.some((flag) => (flag & stateBits.stale) !== 0));
      if (new Set(outdated).size > 1) throw new Error(t('changedHands'));
      return { shown, typed: postponed.typed };
    } catch (error) {
      notify({ text: t(failed, failureText(t, error)) });
      return undefined;
    } finally {
      clearTimeout(timer);
      this.#postponed = undefined;
      wait(undefined);
    }
  }

  /** Whether the page says that an edit is written at once. */
  get #isImmediate(): boolean {
    return this.#parts.state().policy === 'immediate';
  }

  /** @param immediate what the page said of that when the gesture began */
  #edit(label: string, edits: readonly PageEdit[], immediate: boolean): void {
    const { store, host, t, notify } = this.#parts;
    const sent = inSharedBuffers(edits);
    const { id, answer } = host.edit({ label, edits: sent, immediate });
    store.type(id, sent);
    answer.catch((error: unknown) => {
      notify({ text: t('editFailed', failureText(t, error)) });
      store.untype(id);
    });
  }

  #onCopy(event: ClipboardEvent): void {
    const { view, store, t, notify } = this.#parts;
    if (!this.#active() || view.layout.rowCount === 0) return;
    event.preventDefault();
    const ranges = selectedRanges(view.layout, view.selection);
    const length = bytesIn(ranges);
    if (length > copyLimit) {
      notify({ text: t('copyTooLong', length, copyLimit) });
      return;
    }
    const shown = ranges.map((range) => store.read(range));
    if (shown.some(({ flags }) => flags.some(isUnread))) {
      if (!this.#isBusy()) void this.#copyLater(ranges);
      return;
    }
    const { pane } = view.selection;
    event.clipboardData?.setData('text/plain', copyText(view.layout, pane, view.notation.format, shown));
    this.#sayCopied(shown, true);
  }

  /**
   * Copies what is selected, staged bytes as they are shown, through the host: in a form, without one as the column of the
   * cursor shows it.
   */
  async copyAs(asked?: CopyForm): Promise<void> {
    const { view, store, host, t, notify } = this.#parts;
    const { layout, notation } = view;
    const form = asked ?? (view.selection.pane === 'characters' ? 'text' : 'values');
    if (layout.rowCount === 0 || this.#isBusy()) return;
    const isOfBytes = form === 'hex' || form === 'text';
    const selection = isOfBytes ? view.selection : reselect(layout, layout, view.selection, 'cells');
    const ranges = selectedRanges(layout, selection);
    const length = bytesIn(ranges);
    if (length > copyLimit) {
      notify({ text: t('copyTooLong', length, copyLimit) });
      return;
    }
    const held = ranges.map((range) => store.read(range));
    const isUnreadIn = held.some(({ flags }) => flags.some(isUnread));
    const shown = isUnreadIn ? await this.#readRanges(ranges) : held;
    if (shown === undefined) return;
    const without = shown.reduce((sum, { flags }) => sum + countWithout(flags), 0);
    let text: string;
    if (form === 'hex' || form === 'text' || form === 'values') {
      const pane = form === 'text' ? 'characters' : 'cells';
      text = form === 'hex' ? hexText(shown) : copyText(layout, pane, notation.format, shown);
    } else if (without > 0) {
      notify({ text: t('copyAsWithout', without) });
      return;
    } else {
      const { bytes: size } = notation.format;
      const areCells = cutAtTiles(layout.geometry.bytesPerTile, ranges).every(
        (piece) => piece.length % size === 0,
      );
      const choice = areCells ? notation.choice : ({ name: 'uint8', order: 'little' } as const);
      text = copyAs(form, together(shown), choice);
    }
    try {
      await host.copy(text);
    } catch (error) {
      notify({ text: t('copyFailed', failureText(t, error)) });
      return;
    }
    this.#sayCopied(shown, true);
  }

  /**
   * Fills what is selected, in one gesture, if all is as it was when a person was asked; what it becomes is computed in
   * slices.
   */
  async fill(fill: Fill, asked: AskedSelection): Promise<void> {
    const { view, t, notify } = this.#parts;
    const { layout, notation } = view;
    if (layout.rowCount === 0) return;
    if (!this.#isAsAsked(asked)) {
      notify({ text: t('changedElsewhere') });
      return;
    }
    const isOfBytes = fill.kind === 'byte' || fill.kind === 'pattern' || fill.kind === 'random';
    const selection = isOfBytes ? view.selection : reselect(layout, layout, view.selection, 'cells');
    const ranges = selectedRanges(layout, selection);
    const length = bytesIn(ranges);
    if (length > copyLimit) {
      notify({ text: t('fillTooLong', length, copyLimit) });
      return;
    }
    const steps = fillRuns(fill, notation.choice, layout.geometry, ranges);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) await new Promise<void>((next) => setTimeout(next, 0));
    const runs = step.value;
    if (runs === undefined || runs.length === 0) {
      notify({ text: t('fillRefused') });
      return;
    }
    // The values may have taken a while: whether they are written at once must not have changed.
    if (this.#isImmediate !== asked.immediate) {
      notify({ text: t('changedElsewhere') });
      return;
    }
    if (!(await this.#change(t('editFilled'), runs))) return;
    const text = t(this.#isImmediate ? 'pastedNow' : 'pasted', countBytes(runs));
    notify({ text: fill.kind === 'random' ? `${text} ${t('fillSeed', fill.text)}` : text, quiet: true });
  }

  /** Pastes bytes at places that a person saw before, in one gesture, if all is as it was then. */
  async pasteRuns(runs: readonly Run[], asked: AskedSelection): Promise<void> {
    const { view, t, notify } = this.#parts;
    if (view.layout.rowCount === 0 || runs.length === 0) return;
    if (!this.#isAsAsked(asked)) {
      notify({ text: t('changedElsewhere') });
      return;
    }
    if (!(await this.#change(t('editPasted'), runs))) return;
    notify({ text: t(this.#isImmediate ? 'pastedNow' : 'pasted', countBytes(runs)), quiet: true });
  }

  /** Whether selection, cells and policy are those that a person was asked about. */
  #isAsAsked({ cursor, start, selected, cells, immediate }: AskedSelection): boolean {
    const { layout, selection, notation } = this.#parts.view;
    return (
      selection.cursor === cursor &&
      selectedRange(layout, selection).offset === start &&
      selectedBytes(layout, selection) === selected &&
      notation.choice.name === cells.name &&
      notation.choice.order === cells.order &&
      this.#isImmediate === immediate
    );
  }

  /** Copies bytes that have to be read first: too late for the event's own clipboard. */
  async #copyLater(ranges: readonly ByteRange[]): Promise<void> {
    const { view, t, notify } = this.#parts;
    const { pane } = view.selection;
    const { layout, notation } = view;
    const shown = await this.#readRanges(ranges);
    if (shown === undefined) return;
    const text = copyText(layout, pane, notation.format, shown);
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A page may use the clipboard only while it has the focus. What was read stays with the host.
      notify({ text: t('clipboardRefused') });
      return;
    }
    this.#sayCopied(shown, false);
  }

  /** The bytes of ranges once all of them were read; `undefined` if they cannot be had, which is said. */
  async #readRanges(ranges: readonly ByteRange[]): Promise<readonly ShownBytes[] | undefined> {
    const pieces = mergeRanges(ranges, pieceGap);
    const doing = this.#parts.t('readingBeforeCopy', bytesIn(ranges));
    const read = await this.#readFirst(pieces, doing, 'copyFailed');
    return read && ranges.map((range) => shownIn(read.shown, range));
  }

  /** Says how many bytes the clipboard holds, and how many of the selected ones it does not. */
  #sayCopied(shown: readonly ShownBytes[], quiet: boolean): void {
    const { t, notify } = this.#parts;
    const length = shown.reduce((sum, { flags }) => sum + flags.length, 0);
    const without = shown.reduce((sum, { flags }) => sum + countWithout(flags), 0);
    if (without > 0) notify({ text: t('copiedBut', length - without, length, without) });
    else notify({ text: t('copied', length), quiet });
  }

  #onPaste(event: ClipboardEvent): void {
    if (!this.#active() || this.#parts.view.layout.rowCount === 0) return;
    event.preventDefault();
    this.pasteText(event.clipboardData?.getData('text/plain') ?? '');
  }

  /** Pastes a text at the selection, as values of the cells or as characters, after the column of the cursor. */
  pasteText(text: string): void {
    const { view, t, notify } = this.#parts;
    if (view.layout.rowCount === 0) return;
    if (text === '') {
      notify({ text: t('pasteEmpty') });
      return;
    }
    const { choice, format } = view.notation;
    const pasted = view.selection.pane === 'cells' ? parseCells(format, text) : parseCharacters(text);
    if (pasted === undefined) {
      notify({
        text: choice.name === 'hex8' ? t('pasteNotHex') : t('pasteNotCells', cellName(t, choice, 1)),
      });
      return;
    }
    const start = this.#toStart();
    if (this.#fits(start, pasted.length)) void this.#paste(start, pasted);
  }

  async #paste(start: number, pasted: Pasted): Promise<void> {
    const { view, t, notify } = this.#parts;
    const runs = pasted.runs.map(({ at, bytes }) => ({ offset: start + at, bytes }));
    if (!(await this.#change(t('editPasted'), runs))) return;
    notify({ text: t(this.#isImmediate ? 'pastedNow' : 'pasted', countBytes(runs)), quiet: true });
    // If the cursor moved while the bytes were read, it stays there.
    if (view.selection.cursor !== start || isExtended(view.selection)) return;
    view.select(moveTo(view.layout, view.selection, start + pasted.length, false));
  }
}
