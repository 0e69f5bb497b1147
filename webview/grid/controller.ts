/**
 * What a person does to the grid: keys, typing, clipboard. Every edit is one gesture handed to the host; whatever is
 * refused is said in words. Undo and redo are VS Code's own keys, which it takes from the page by itself: handling them
 * here as well would do them twice.
 */
import { byteFlags, type EditorState } from '../../src/editor/messages.ts';
import { type HostClient, RequestError, requestTimeout } from '../host.ts';
import type { Translate } from '../strings.ts';
import { copyLimit, copyText } from './copy.ts';
import { reasonText } from './describe.ts';
import { type Motion, move, moveTo, selectAll, selectedRange } from './selection.ts';
import type { ByteStore } from './store.ts';
import {
  characterBytes,
  digitValue,
  type Pasted,
  type PendingDigit,
  parseCharacters,
  parseHex,
  typeDigit,
} from './typing.ts';
import type { GridView } from './view.ts';

/** A short message to the person, shown and spoken. */
export interface Notice {
  readonly text: string;
  /** Offers to unlock. */
  readonly unlock?: boolean;
  /** An answer worth saying but not worth showing as trouble. */
  readonly quiet?: boolean;
}

/** What the controller works with. */
export interface ControllerParts {
  readonly view: GridView;
  readonly store: ByteStore;
  readonly host: HostClient;
  readonly t: Translate;
  /** The last state that the host sent. */
  readonly state: () => EditorState;
  /** Shows a notice; `undefined` takes the last one away. */
  readonly notify: (notice: Notice | undefined) => void;
}

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
  #pending: PendingDigit | undefined;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
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

  /** To be called whenever the cursor moves, by whatever means: a waiting digit belongs to its byte. */
  cursorMoved(): void {
    if (this.#pending !== undefined && this.#pending.offset !== this.#parts.view.selection.cursor) {
      this.#wait(undefined);
    }
  }

  #active(): boolean {
    return document.activeElement === this.#parts.view.element;
  }

  #wait(pending: PendingDigit | undefined): void {
    this.#pending = pending;
    this.#parts.view.pending = pending;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.isComposing || event.defaultPrevented) return;
    const { view } = this.#parts;
    if (view.layout.rowCount === 0) return;
    const big = event.ctrlKey || event.metaKey;
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

  /** Keys without Ctrl; true if the key was taken. */
  #onPlainKey(event: KeyboardEvent): boolean {
    const { view, notify } = this.#parts;
    const { selection } = view;
    switch (event.key) {
      case 'Tab': {
        // Out of the last column, and backwards out of the first, Tab leaves the grid: no trap.
        if (event.shiftKey !== (selection.pane === 'characters')) return false;
        view.select({ ...selection, pane: selection.pane === 'hex' ? 'characters' : 'hex' });
        return true;
      }
      case 'Escape':
        notify(undefined);
        if (this.#pending !== undefined) this.#wait(undefined);
        else view.select(moveTo(view.layout, selection, selection.cursor, false), false);
        return true;
      case 'Backspace':
        if (this.#pending !== undefined) this.#wait(undefined);
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
    const digit = digitValue(event.key);
    if (digit === undefined) return false;
    this.#digit(digit);
    return true;
  }

  /** Typing into a selection starts at its first byte: the memory's length is fixed, nothing can be replaced by less. */
  #toStart(): number {
    const { view } = this.#parts;
    const { offset, length } = selectedRange(view.selection);
    if (length > 1) view.select(moveTo(view.layout, view.selection, offset, false));
    return offset;
  }

  #digit(digit: number): void {
    const { view, t, notify } = this.#parts;
    const cursor = this.#toStart();
    if (!this.#mayEdit(cursor, 1)) return;
    const typed = typeDigit(this.#pending, cursor, digit);
    if (typed.kind === 'pending') {
      this.#wait(typed.pending);
      notify({ text: t('pendingDigit', digit.toString(16).toUpperCase()), quiet: true });
      return;
    }
    this.#wait(undefined);
    notify(undefined);
    this.#edit(t('editTyped'), [{ offset: cursor, bytes: Uint8Array.of(typed.value) }]);
    view.select(move(view.layout, view.selection, 'right', { extend: false, page: 1 }));
  }

  /** Overwrites at the cursor and moves behind. */
  #write(bytes: Uint8Array): void {
    const { view, t, notify } = this.#parts;
    const start = this.#toStart();
    if (!this.#fits(start, bytes.length) || !this.#mayEdit(start, bytes.length)) return;
    notify(undefined);
    this.#edit(t('editTyped'), [{ offset: start, bytes }]);
    view.select(moveTo(view.layout, view.selection, start + bytes.length, false));
  }

  #zero(): void {
    const { view, t, notify } = this.#parts;
    const { offset, length } = selectedRange(view.selection);
    if (length > copyLimit) {
      notify({ text: t('zeroTooLong', length, copyLimit) });
      return;
    }
    if (!this.#mayEdit(offset, length)) return;
    this.#wait(undefined);
    notify(undefined);
    this.#edit(t('editZeroed'), [{ offset, bytes: new Uint8Array(length) }]);
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

  /** Whether a run may be edited as far as the page knows; the host checks again. Says why not. */
  #mayEdit(offset: number, length: number): boolean {
    const { state, t, notify, store } = this.#parts;
    if (state().policy === 'locked') {
      this.#refuseLocked();
      return false;
    }
    const { flags } = store.read({ offset, length });
    for (const flag of flags) {
      if ((flag & byteFlags.unreadable) !== 0) {
        notify({ text: t('unreadableRefusal', reasonText(t, flag)) });
        return false;
      }
      if ((flag & (byteFlags.known | byteFlags.staged)) === 0) {
        notify({ text: t('unknownRefusal') });
        return false;
      }
    }
    return true;
  }

  #edit(label: string, edits: readonly { readonly offset: number; readonly bytes: Uint8Array }[]): void {
    const { store, host, t, notify } = this.#parts;
    for (const edit of edits) store.stage(edit.offset, edit.bytes);
    host.edit({ label, edits }).catch((error: unknown) => {
      notify({ text: t('editFailed', failureText(t, error)) });
      store.invalidate(edits.map((edit) => ({ offset: edit.offset, length: edit.bytes.length })));
    });
  }

  #onCopy(event: ClipboardEvent): void {
    const { view, store, t, notify } = this.#parts;
    if (!this.#active() || view.layout.rowCount === 0) return;
    event.preventDefault();
    const range = selectedRange(view.selection);
    if (range.length > copyLimit) {
      notify({ text: t('copyTooLong', range.length, copyLimit) });
      return;
    }
    const { pane } = view.selection;
    const { upperCase } = view;
    const said = () => notify({ text: t('copied', range.length), quiet: true });
    if (store.has(range)) {
      event.clipboardData?.setData(
        'text/plain',
        copyText(view.layout, pane, range.offset, store.read(range), upperCase),
      );
      said();
      return;
    }
    // Beyond what is held, the host has to be asked first: too late for the event's own clipboard.
    store
      .fetch(range)
      .then((shown) =>
        navigator.clipboard.writeText(copyText(view.layout, pane, range.offset, shown, upperCase)),
      )
      .then(said)
      .catch((error: unknown) => notify({ text: t('copyFailed', failureText(t, error)) }));
  }

  #onPaste(event: ClipboardEvent): void {
    const { view, store, t, notify } = this.#parts;
    if (!this.#active() || view.layout.rowCount === 0) return;
    event.preventDefault();
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (text === '') {
      notify({ text: t('pasteEmpty') });
      return;
    }
    const pasted = view.selection.pane === 'hex' ? parseHex(text) : parseCharacters(text);
    if (pasted === undefined) {
      notify({ text: t('pasteNotHex') });
      return;
    }
    const start = this.#toStart();
    const range = { offset: start, length: pasted.length };
    if (!this.#fits(start, pasted.length)) return;
    // Bytes that are not held: the host knows whether they can be edited, and refuses the whole paste if one cannot.
    this.#paste(start, pasted, store.has(range));
  }

  #paste(start: number, pasted: Pasted, check: boolean): void {
    const { view, t, notify, state } = this.#parts;
    if (!check && state().policy === 'locked') {
      this.#refuseLocked();
      return;
    }
    if (check && !pasted.runs.every((run) => this.#mayEdit(start + run.at, run.bytes.length))) return;
    this.#wait(undefined);
    const count = pasted.runs.reduce((sum, run) => sum + run.bytes.length, 0);
    notify({ text: t('pasted', count), quiet: true });
    this.#edit(
      t('editPasted'),
      pasted.runs.map((run) => ({ offset: start + run.at, bytes: run.bytes })),
    );
    view.select(moveTo(view.layout, view.selection, start + pasted.length, false));
  }
}
