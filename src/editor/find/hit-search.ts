/**
 * The search of one tab: hits in what was read, kept up to date, and what they are replaced by. Knows patterns and bytes; not the
 * page, and not VS Code.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { BytesView } from '../../model/byte-state.ts';
import { Finder } from '../../model/find/finder.ts';
import { HitList } from '../../model/find/hit-list.ts';
import { type Pattern, patternOf } from '../../model/find/pattern.ts';
import { replaced, replacementOf } from '../../model/find/replacement.ts';
import type { ByteRange } from '../../model/geometry.ts';
import type { Localiser } from '../../model/localiser.ts';
import { endOf, intersectRanges } from '../../model/ranges.ts';
import type { ByteEdit } from '../../session/types.ts';
import type { AskedHits, FoundState } from '../messages.ts';
import { problemText, replacedText } from './find-sentences.ts';
import { indexOf } from './index-of.ts';

/** What a search asks of its tab. */
export interface SearchedTab {
  bytes(range: ByteRange): { readonly bytes: Uint8Array; readonly flags: Uint8Array };
  /** As `bytes`, as many as can be had without a copy. */
  view(range: ByteRange): BytesView;
  /** Reads what was not read yet of a range; undefined where nothing can be read now. */
  complete(
    range: ByteRange,
    signal: AbortSignal,
    onProgress: (bytes: number, of: number) => void,
  ): Promise<void> | undefined;
  /** Hits, or what `state` answers, became others. */
  changed(): void;
  /** Has the page show a hit. */
  show(hit: ByteRange): void;
  errorText(error: unknown): string;
}

/** What is selected: where a search goes on. */
interface Selected {
  readonly start: number;
  readonly length: number;
}

/** The extension host is not kept longer than this at a time, milliseconds. */
const slice = 8;
const stepBytes = 256 * 1024;
/** After a change the search is repeated at the earliest after this, and takes a tenth of the time at most. Milliseconds. */
const restMs = 500;
const restShare = 10;
/** So much is read without being asked for. */
const readAtOnce = 1024 * 1024;
/** More is not replaced at once. */
const mostReplaced = 1024 * 1024;

export class HitSearch {
  readonly #tab: SearchedTab;
  readonly #bytesPerTile: number;
  readonly #l10n: Localiser;
  #asked: AskedHits | undefined;
  #pattern: Pattern | undefined;
  #abort = new AbortController();
  #hits = new HitList();
  #isFull = false;
  #unseen = 0;
  /** Set while it searches or reads. */
  #percent: number | undefined;
  #said = '';
  #isWrong = false;
  /** The page asked for a hit before there was one. */
  #step: { readonly step: 1 | -1; readonly selected: Selected } | undefined;
  /** The hit that was gone to last: among cells whole cells are selected, so that a selection may be larger than its hit. */
  #shown: ByteRange | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #took = 0;

  constructor(tab: SearchedTab, bytesPerTile: number, l10n: Localiser) {
    this.#tab = tab;
    this.#bytesPerTile = bytesPerTile;
    this.#l10n = l10n;
  }

  get hits(): HitList {
    return this.#hits;
  }

  /** What the page says of it. */
  state(selected: Selected | undefined): FoundState {
    return {
      count: this.#hits.count,
      isFull: this.#isFull,
      at: selected === undefined ? 0 : this.#numberOf(selected) + 1,
      unseen: this.#unseen,
      ...(this.#percent === undefined ? {} : { percent: this.#percent }),
      said: this.#said,
      isWrong: this.#isWrong,
    };
  }

  /** Searches for something else; without `asked` for nothing. What was under way ends. */
  start(asked: AskedHits | undefined): void {
    this.#end();
    this.#asked = asked;
    this.#hits = new HitList();
    this.#pattern = undefined;
    const pattern = asked && patternOf(asked.query, indexOf);
    if (pattern?.kind === 'none') this.#say(problemText(pattern.problem, this.#l10n), true);
    else if (pattern !== undefined && asked !== undefined) {
      this.#pattern = pattern;
      void this.#run(pattern, asked, this.#abort.signal);
    }
    this.#tab.changed();
  }

  /** Bytes of these ranges became others: hits are looked for anew, soon. */
  bytesChanged(ranges: readonly ByteRange[]): void {
    const range = this.#asked?.range;
    const pattern = this.#pattern;
    if (range === undefined || pattern === undefined || this.#timer !== undefined) return;
    if (!ranges.some((one) => intersectRanges(one, range) !== undefined)) return;
    const { signal } = this.#abort;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#scan(pattern, range, signal, false).catch((error: unknown) => this.#fail(error, signal));
      },
      Math.max(restMs, restShare * this.#took),
    );
  }

  /** Goes to the hit after (`step` 1) or before (-1) what is selected; past the end to the other end. */
  toHit(step: 1 | -1, selected: Selected): void {
    const { count } = this.#hits;
    if (count === 0) {
      this.#step = this.#percent === undefined ? undefined : { step, selected };
      return;
    }
    const here = this.#numberOf(selected);
    const behind = this.#hits.firstFrom(selected.start);
    const next = here >= 0 ? here + step : step === 1 ? behind : behind - 1;
    const hit = this.#hits.at((next + count) % count);
    if (hit === undefined) return;
    this.#shown = hit;
    this.#tab.show(hit);
  }

  /**
   * The edits that replace the selected hit, or all of them; none where nothing is to be replaced, with the reason in
   * `state`. A hit that is not what was found any more, or has another length than the replacement, is left as it is.
   */
  replace(text: string, selected: Selected, all: boolean): readonly ByteEdit[] {
    const { query } = this.#asked ?? {};
    const pattern = this.#pattern;
    if (query === undefined || pattern === undefined) return [];
    const by = replacementOf(query, text);
    if ('kind' in by) {
      this.#say(problemText(by.problem, this.#l10n) || this.#l10n.t('Type what replaces the hits.'), true);
      return [];
    }
    const { length } = by.values;
    const here = this.#numberOf(selected);
    if (!all && here < 0) {
      this.toHit(1, selected);
      return [];
    }
    const [first, end] = all ? [0, this.#hits.count] : [here, here + 1];
    const edits: ByteEdit[] = [];
    let other = 0;
    for (let i = first; i < end; i++) {
      const hit = this.#hits.at(i);
      if (hit === undefined) continue;
      if (hit.length !== length) other = hit.length;
      else if (this.#isStillThere(pattern, hit))
        edits.push({ offset: hit.offset, bytes: replaced(this.#tab.bytes(hit).bytes, by) });
      if (edits.length * length > mostReplaced) {
        this.#say(this.#l10n.t('More than {0} bytes are not replaced at once.', mostReplaced), true);
        return [];
      }
    }
    if (edits.length === 0 && other > 0) {
      this.#say(
        this.#l10n.t('The replacement has {0} bytes, the hit {1}: a memory does not grow.', length, other),
        true,
      );
    } else if (edits.length === 0) this.#say(this.#l10n.t('There is nothing to replace.'), true);
    else this.#say(replacedText(edits.length, end - first - edits.length, this.#l10n), false);
    return edits;
  }

  /** Says why what was asked for was refused. */
  refuse(error: unknown): void {
    this.#say(this.#tab.errorText(error), true);
  }

  dispose(): void {
    this.#end();
    this.#asked = undefined;
    this.#pattern = undefined;
  }

  #end(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#percent = undefined;
    this.#step = undefined;
    this.#shown = undefined;
    this.#said = '';
    this.#isWrong = false;
    this.#isFull = false;
    this.#unseen = 0;
  }

  #say(text: string, isWrong: boolean): void {
    this.#said = text;
    this.#isWrong = isWrong && text !== '';
    this.#tab.changed();
  }

  /** The number of the hit that is selected, from 0; -1 for none. */
  #numberOf({ start, length }: Selected): number {
    const shown = this.#shown;
    const isShown = shown !== undefined && shown.offset >= start && endOf(shown) <= start + length;
    const wanted = isShown ? shown : { offset: start, length };
    const number = this.#hits.firstFrom(wanted.offset);
    const hit = this.#hits.at(number);
    return hit?.offset === wanted.offset && hit.length === wanted.length ? number : -1;
  }

  #isStillThere(pattern: Pattern, hit: ByteRange): boolean {
    const finder = new Finder(this.#tab, pattern, [hit], this.#bytesPerTile);
    while (!finder.isOver) finder.step(stepBytes);
    return finder.hits.at(0)?.length === hit.length;
  }

  /** Searches what is there, then reads the rest where that is wanted, and searches once more. */
  async #run(pattern: Pattern, asked: AskedHits, signal: AbortSignal): Promise<void> {
    try {
      await this.#scan(pattern, asked.range, signal, true);
      const wanted = asked.read === 'all' ? this.#unseen : asked.read === 'little' ? readAtOnce : 0;
      if (signal.aborted || this.#unseen === 0 || this.#unseen > wanted) return;
      const reading = this.#tab.complete(asked.range, signal, (bytes, of) => this.#progress(bytes, of));
      if (reading === undefined) return;
      this.#progress(0, 1);
      await reading;
      await this.#scan(pattern, asked.range, signal, false);
    } catch (error) {
      this.#fail(error, signal);
    }
  }

  #fail(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#percent = undefined;
    this.#say(this.#tab.errorText(error), true);
  }

  #progress(bytes: number, of: number): void {
    const percent = Math.floor((100 * bytes) / of);
    if (percent === this.#percent) return;
    this.#percent = percent;
    this.#tab.changed();
  }

  /** @param isNew its hits are shown as they come; else all at once, in place of those of the last time */
  async #scan(pattern: Pattern, range: ByteRange, signal: AbortSignal, isNew: boolean): Promise<void> {
    const finder = new Finder(this.#tab, pattern, [range], this.#bytesPerTile);
    if (isNew) this.#hits = finder.hits;
    let took = 0;
    while (!finder.isOver) {
      const start = performance.now();
      do finder.step(stepBytes);
      while (!finder.isOver && performance.now() < start + slice);
      took += performance.now() - start;
      if (finder.isOver) break;
      if (isNew) this.#progress(finder.done, finder.total);
      await turn();
      if (signal.aborted) return;
    }
    this.#took = took;
    this.#hits = finder.hits;
    this.#isFull = finder.isFull;
    this.#unseen = finder.unseen;
    this.#percent = undefined;
    const waiting = this.#step;
    this.#step = undefined;
    if (waiting !== undefined) this.toHit(waiting.step, waiting.selected);
    this.#tab.changed();
  }
}
