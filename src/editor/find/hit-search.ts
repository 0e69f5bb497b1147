/**
 * The search of one tab: hits in what was read, kept up to date, and what they are replaced by. Knows patterns and bytes; not the
 * page, and not VS Code.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { FindOptions, FindResult } from '../../board/board.ts';
import { BoardError } from '../../board/errors.ts';
import { type BytesView, stateBits } from '../../model/byte-state.ts';
import { type BoardPattern, boardPatternOf, couldBeHit, lengthOf } from '../../model/find/board-pattern.ts';
import type { MaskedBytes } from '../../model/find/byte-matcher.ts';
import { Finder } from '../../model/find/finder.ts';
import { HitList } from '../../model/find/hit-list.ts';
import { type Pattern, patternOf } from '../../model/find/pattern.ts';
import type { FindQuery } from '../../model/find/query.ts';
import { replaced, replacementOf } from '../../model/find/replacement.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { Soon } from '../../model/later.ts';
import type { Localiser } from '../../model/localiser.ts';
import { bytesIn, endOf, intersectRanges, without } from '../../model/ranges.ts';
import { SessionError } from '../../session/errors.ts';
import type { ByteEdit } from '../../session/types.ts';
import type { AskedHits, FoundState, ShownBytes } from '../messages.ts';
import { problemText, replacedText } from './find-sentences.ts';
import { aroundGaps, dependsOnBefore, type HitsThere, rangesThere, searchedIn } from './hits-there.ts';
import { indexOf } from './index-of.ts';

/** What a search asks of its tab. */
export interface SearchedTab {
  bytes(range: ByteRange): Pick<ShownBytes, 'bytes' | 'base' | 'flags'>;
  /** As `bytes`, as many as can be had without a copy. */
  view(range: ByteRange): BytesView;
  /** Reads what was not read yet of a range; undefined where nothing can be read now. */
  complete(
    range: ByteRange,
    signal: AbortSignal,
    onProgress: (bytes: number, of: number) => void,
  ): Promise<void> | undefined;
  /** Runs of a range that were not read yet. */
  gaps(range: ByteRange): readonly ByteRange[];
  /** Runs of staged bytes in a range. */
  staged(range: ByteRange): readonly ByteRange[];
  /** Has the board search, for hits that stand beside those in what was read of `beside`; undefined where nothing can be read now. */
  findThere(
    ranges: readonly ByteRange[],
    pattern: BoardPattern,
    beside: ByteRange,
    options: FindOptions,
    signal: AbortSignal,
  ): Promise<FindResult> | undefined;
  /** Reads what was not read yet of these ranges. */
  read(ranges: readonly ByteRange[], signal: AbortSignal): Promise<void>;
  /** The epoch of the memory; undefined where nobody tells. */
  epoch(): string | undefined;
  /** Whether a person sees it: one that is hidden is not searched anew. */
  isShown(): boolean;
  /** Stages what replaces hits, as one gesture, a part at a time. Rejects with what is refused. */
  replace(edits: readonly ByteEdit[], pause: () => Promise<void>, signal: AbortSignal): Promise<void>;
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
/** Work between two readings of the clock, in units of a `Budget`: some tenths of a millisecond. */
const stepWork = 64 * 1024;
/** After a change the search is repeated at the earliest after this, and takes a tenth of the time at most. Milliseconds. */
const restMs = 500;
const restShare = 10;
/** Hits that a board tells are joined with the others at the earliest after this, and for a tenth of the time at most. Milliseconds. */
const joinMs = 250;
/** Hits that are taken over between two looks at the clock. */
const hitsAtOnce = 16_384;
/** So much is read without being asked for. */
const readAtOnce = 1024 * 1024;
/** More bytes, and more hits, are not replaced at once. */
const mostReplaced = 1024 * 1024;
const mostHitsReplaced = 65_536;

export class HitSearch {
  readonly #tab: SearchedTab;
  readonly #bytesPerTile: number;
  readonly #l10n: Localiser;
  #asked: AskedHits | undefined;
  #pattern: Pattern | undefined;
  /** The same for the board's side, where that can search for it. */
  #boardPattern: BoardPattern | undefined;
  /** What the board found in bytes that were not read, and in which epoch; of these bytes so many were searched by it. */
  #there: (HitsThere & { readonly epoch: string | undefined }) | undefined;
  #seenThere = 0;
  /** Where the board has to begin, as `Finder` says it. */
  #openFrom: number | undefined;
  /** What was not read when the last search of what was read began. */
  #gaps: readonly ByteRange[] = [];
  #abort = new AbortController();
  #hits = new HitList();
  #isFull = false;
  #unseen = 0;
  /** How much was searched, where the search ended before its end; percent. */
  #searched: number | undefined;
  /** A search or a read is under way; then its percentage, unless it only follows the memory. */
  #isRunning = false;
  #percent: number | undefined;
  /** The search that a person waits for, as far as it is; not one that only follows the memory. */
  #finder: Finder | undefined;
  /** A search is under way that also reads a little: a hit that is nearer than those found may still come. */
  #readsLittle = false;
  /** Bytes became others since the last search began. */
  #isDirty = false;
  #said = '';
  #isWrong = false;
  /** The page asked for a hit before there was one. */
  #step: { readonly step: 1 | -1; readonly selected: Selected } | undefined;
  /** The page asked for all hits to be replaced by this text before all were found. */
  #replacement: string | undefined;
  /** While hits are being replaced: what ends that. */
  #replacing: AbortSignal | undefined;
  /** The hit that was gone to last: among cells whole cells are selected, so that a selection may be larger than its hit. */
  #shown: ByteRange | undefined;
  readonly #repeating = new Soon(() => this.#repeat());
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
      ...(this.#unseen > readAtOnce && this.#patternThere !== undefined ? { searchesThere: true } : {}),
      ...(this.#percent === undefined ? {} : { percent: this.#percent }),
      ...(this.#searched === undefined ? {} : { searched: this.#searched }),
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
    this.#boardPattern = asked && boardPatternOf(asked.query);
    const pattern = asked && patternOf(asked.query, indexOf);
    if (pattern?.kind === 'none') this.#say(problemText(pattern.problem, this.#l10n), true);
    else if (pattern !== undefined && asked !== undefined) {
      this.#pattern = pattern;
      this.#runSafely(pattern, asked, true);
    }
    this.#tab.changed();
  }

  /** Ends what is under way, and keeps what was found. */
  cancel(): void {
    if (this.#percent === undefined && this.#replacement === undefined) return;
    const finder = this.#finder;
    const [asked, pattern, there] = [this.#asked, this.#pattern, this.#there];
    this.#stop();
    if (finder !== undefined) this.#ended(finder, bytesIn(this.#gaps));
    else if (asked !== undefined && pattern !== undefined && there !== undefined) {
      // What the board told by then is joined with the others.
      this.#runSafely(pattern, asked, false);
    }
    this.#followSoon();
    this.#say('', false);
  }

  /** Bytes of these ranges became others: the search is repeated, soon. */
  bytesChanged(ranges: readonly ByteRange[]): void {
    const range = this.#asked?.range;
    if (range === undefined || !ranges.some((one) => intersectRanges(one, range) !== undefined)) return;
    this.#isDirty = true;
    this.#followSoon();
  }

  /** The memory is of another epoch, perhaps: what the board found before says nothing of it. */
  stateChanged(): void {
    if (this.#there === undefined || this.#there.epoch === this.#tab.epoch()) return;
    this.#dropThere();
    this.#isDirty = true;
    if (!this.#isRunning) this.#repeat();
    this.#tab.changed();
  }

  /** Nothing that the board found counts any more: no hit is shown before what was read is searched anew. */
  #dropThere(): void {
    this.#there = undefined;
    this.#hits = new HitList();
    this.#isFull = false;
    this.#unseen += this.#seenThere;
    this.#seenThere = 0;
  }

  /** A person sees the tab again. */
  shown(): void {
    this.#followSoon();
  }

  /** Searches anew where bytes became others: one search at a time, and none that a person ended. */
  #followSoon(): void {
    const [asked, pattern] = [this.#asked, this.#pattern];
    if (asked === undefined || pattern === undefined || !this.#isDirty || this.#searched !== undefined)
      return;
    if (!this.#isRunning && this.#tab.isShown())
      this.#repeating.ask(Math.max(restMs, restShare * this.#took));
  }

  #repeat(): void {
    const [asked, pattern] = [this.#asked, this.#pattern];
    if (asked === undefined || pattern === undefined || this.#isRunning || !this.#tab.isShown()) return;
    this.#runSafely(pattern, asked, false);
  }

  /** Goes to the hit after (`step` 1) or before (-1) what is selected; past the end to the other end. */
  toHit(step: 1 | -1, selected: Selected): void {
    const { count } = this.#hits;
    if (count === 0 || this.#readsLittle) {
      this.#step = this.#isRunning ? { step, selected } : undefined;
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
   * Replaces the selected hit, or all of them once all are found; where nothing is to be replaced, the reason is in `state`. A
   * hit that is not what was found any more, or has another length than the replacement, is left as it is.
   */
  async replace(text: string, selected: Selected, all: boolean): Promise<void> {
    const [asked, pattern] = [this.#asked, this.#pattern];
    if (asked === undefined || pattern === undefined) return;
    const { query } = asked;
    const by = this.#replacementBy(query, text);
    if (by === undefined) return;
    const here = this.#numberOf(selected);
    if (!all && here < 0) this.toHit(1, selected);
    else if (!all) {
      if (await this.#replaceHits(query, by, here, here + 1)) this.toHit(1, selected);
    } else if (this.#isRunning || (this.#isDirty && this.#searched === undefined)) {
      // Those that were not found yet would be left, and nobody told.
      this.#replacement = text;
      this.#say(this.#l10n.t('The hits are replaced once all are found.'), false);
      this.#repeating.cancel();
      if (!this.#isRunning) await this.#run(pattern, asked, false);
    } else await this.#replaceHits(query, by, 0, this.#hits.count);
  }

  /** What hits are replaced by; undefined where the text is none, with the reason in `state`. */
  #replacementBy(query: FindQuery, text: string): MaskedBytes | undefined {
    const by = replacementOf(query, text);
    if (!('kind' in by)) return by;
    this.#say(problemText(by.problem, this.#l10n) || this.#l10n.t('Type what replaces the hits.'), true);
    return undefined;
  }

  /** Replaces the hits from number `first` on and before `end`; answers whether there were any. */
  async #replaceHits(query: FindQuery, by: MaskedBytes, first: number, end: number): Promise<boolean> {
    const { signal } = this.#abort;
    const { length } = by.values;
    const refuse = (why: string): false => {
      this.#say(why, true);
      return false;
    };
    if (end - first > mostHitsReplaced) {
      const most = this.#l10n.t('More than {0} hits are not replaced at once.', mostHitsReplaced);
      return refuse(`${most} ${this.#l10n.t('Look in a smaller scope.')}`);
    }
    // States of the pattern itself may be in use.
    const pattern = patternOf(query, indexOf);
    // One that was asked for twice is done once.
    if (pattern.kind === 'none' || this.#replacing === signal) return false;
    this.#replacing = signal;
    // What is searched anew meanwhile makes another list.
    const hits = this.#hits;
    const isAll = end - first === hits.count;
    const edits: ByteEdit[] = [];
    let other = 0;
    try {
      const pause = pauses();
      await this.#readHits(hits, first, end, signal);
      for (let i = first; i < end; i++) {
        await pause();
        if (signal.aborted) return false;
        const hit = hits.at(i);
        if (hit === undefined) continue;
        if (hit.length !== length) other = hit.length;
        else if (this.#isStillThere(pattern, hit)) edits.push(this.#replacementOf(hit, by));
        if (edits.length * length > mostReplaced)
          return refuse(this.#l10n.t('More than {0} bytes are not replaced at once.', mostReplaced));
      }
      if (edits.length === 0)
        return refuse(
          other > 0
            ? this.#l10n.t(
                'The replacement has {0} bytes, the hit {1}: a memory does not grow.',
                length,
                other,
              )
            : this.#l10n.t('There is nothing to replace.'),
        );
      await this.#tab.replace(edits, pauses(), signal);
    } catch (error) {
      if (!signal.aborted) this.refuse(error);
      return false;
    } finally {
      if (this.#replacing === signal) this.#replacing = undefined;
    }
    const left = {
      hits: end - first - edits.length,
      unseen: isAll ? this.#unseen : 0,
      ...(isAll && this.#searched !== undefined ? { searched: this.#searched } : {}),
    };
    this.#say(replacedText(edits.length, left, this.#l10n), false);
    return true;
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

  /** Ends what is under way. */
  #stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#repeating.cancel();
    this.#isRunning = false;
    this.#readsLittle = false;
    this.#finder = undefined;
    this.#percent = undefined;
    this.#step = undefined;
    this.#replacement = undefined;
  }

  #end(): void {
    this.#stop();
    this.#shown = undefined;
    this.#said = '';
    this.#isWrong = false;
    this.#there = undefined;
    this.#seenThere = 0;
    this.#openFrom = undefined;
    this.#isFull = false;
    this.#unseen = 0;
    this.#searched = undefined;
    this.#isDirty = false;
    this.#took = 0;
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

  /** What stands in place of a hit. What changes before it is staged is a conflict: it was not what was replaced. */
  #replacementOf(hit: ByteRange, by: MaskedBytes): ByteEdit {
    const { bytes: shown, base, flags } = this.#tab.bytes(hit);
    const known = base.map((byte, i) => (((flags[i] ?? 0) & stateBits.known) === 0 ? (shown[i] ?? 0) : byte));
    return { offset: hit.offset, bytes: replaced(shown, by), seen: { base: known, shown } };
  }

  #isStillThere(pattern: Pattern, hit: ByteRange): boolean {
    const finder = new Finder(this.#tab, pattern, [hit], this.#bytesPerTile);
    while (!finder.isOver) finder.step(stepWork);
    return finder.hits.at(0)?.length === hit.length;
  }

  #runSafely(pattern: Pattern, asked: AskedHits, isNew: boolean): void {
    this.#run(pattern, asked, isNew).catch((error: unknown) => this.refuse(error));
  }

  /**
   * Searches what is there, then reads the rest where that is wanted, and searches once more. Then what had to wait is done.
   *
   * @param isNew its hits are shown as they come; else it follows the memory, and they are shown all at once
   */
  async #run(pattern: Pattern, asked: AskedHits, isNew: boolean): Promise<void> {
    const { signal } = this.#abort;
    this.#isRunning = true;
    if (isNew) this.#percent = 0;
    this.#readsLittle = isNew && asked.read === 'little';
    try {
      await this.#scan(pattern, asked.range, signal, isNew);
      if (isNew && !signal.aborted) await this.#readAndScan(pattern, asked, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#replacement = undefined;
      this.refuse(error);
    }
    if (signal.aborted) return;
    this.#isRunning = false;
    this.#readsLittle = false;
    this.#percent = undefined;
    const [waiting, text] = [this.#step, this.#replacement];
    this.#step = undefined;
    this.#replacement = undefined;
    if (waiting !== undefined) this.toHit(waiting.step, waiting.selected);
    this.#tab.changed();
    const by = text === undefined ? undefined : this.#replacementBy(asked.query, text);
    if (by !== undefined) await this.#replaceHits(asked.query, by, 0, this.#hits.count);
    this.#followSoon();
  }

  async #readAndScan(pattern: Pattern, { read, range }: AskedHits, signal: AbortSignal): Promise<void> {
    const wanted = read === 'all' ? this.#unseen : read === 'little' ? readAtOnce : 0;
    if (this.#unseen === 0 || this.#unseen > wanted || this.#searched !== undefined) return;
    const there = this.#patternThere;
    if (this.#unseen > readAtOnce && there !== undefined) {
      await this.#findThere(pattern, there, range, signal);
      return;
    }
    const reading = this.#tab.complete(range, signal, (bytes, of) => this.#progress(bytes, of));
    if (reading === undefined) {
      if (read === 'all') this.#sayUnreachable();
      return;
    }
    await reading;
    if (!signal.aborted) await this.#scan(pattern, range, signal, true);
  }

  /**
   * The pattern for the board's side; undefined where it would not find the right hits: it does not know of staged bytes, and what is
   * found behind them could depend on them.
   */
  get #patternThere(): BoardPattern | undefined {
    const [pattern, range] = [this.#boardPattern, this.#asked?.range];
    if (pattern === undefined || range === undefined || !dependsOnBefore(pattern)) return pattern;
    return this.#tab.staged(range).length > 0 ? undefined : pattern;
  }

  /** Has the board search what was not read, and joins what it finds with what was found here. */
  async #findThere(
    pattern: Pattern,
    asked: BoardPattern,
    range: ByteRange,
    signal: AbortSignal,
  ): Promise<void> {
    const isMissed = await this.#readBesideStaged(asked, range, signal);
    if (signal.aborted) return;
    const gaps = this.#tab.gaps(range);
    const openFrom = this.#openFrom ?? gaps[0]?.offset ?? range.offset;
    const ranges = rangesThere(asked, gaps, openFrom, range);
    const of = bytesIn(ranges);
    const length = lengthOf(asked) ?? 0;
    const epoch = this.#tab.epoch();
    const hits = new HitList();
    const found = (searched: readonly ByteRange[], isFull: boolean): void => {
      this.#there = { hits, searched, isFull, epoch };
    };
    const add = (offsets: readonly number[], lengths: readonly number[] | undefined): void => {
      for (const [i, offset] of offsets.entries()) hits.add(offset, lengths?.[i] ?? length);
    };
    let joining: Promise<void> | undefined;
    const soon = new Soon(() => {
      joining = this.#scan(pattern, range, signal, false).catch((error: unknown) => this.refuse(error));
    });
    found([], false);
    const onHits = (offsets: readonly number[], lengths?: readonly number[]): void => {
      if (signal.aborted) return;
      add(offsets, lengths);
      soon.ask(Math.max(joinMs, restShare * this.#took));
    };
    const onProgress = (bytes: number): void => {
      if (!signal.aborted) this.#progress(Math.min(bytes, of), of);
    };
    try {
      const searching = this.#tab.findThere(ranges, asked, range, { onHits, onProgress }, signal);
      if (searching === undefined) {
        this.#sayUnreachable();
        return;
      }
      const result = await searching.finally(() => soon.cancel());
      await joining;
      if (signal.aborted) return;
      if ((epoch !== undefined && result.epoch !== epoch) || this.#tab.epoch() !== epoch) {
        this.#dropThere();
        throw new SessionError('bytes-changed-hands', 'a new epoch began during the search');
      }
      // A board in this process tells all of them at once.
      const pause = pauses();
      while (hits.count < result.offsets.length) {
        const next = hits.count + hitsAtOnce;
        add(result.offsets.slice(hits.count, next), result.lengths?.slice(hits.count, next));
        await pause();
        if (signal.aborted) return;
      }
      const last = endOf(hits.at(hits.count - 1));
      const all = result.isFull ? ranges.flatMap((one) => upTo(one, last)) : ranges;
      found(without(all, result.unreadable), result.isFull);
      await this.#scan(pattern, range, signal, false);
      if (signal.aborted) return;
      if (result.isGivenUp === true) this.#sayGivenUp();
      if (result.gaveWay === true) throw new BoardError('gave-way', 'an application came during the search');
      if (isMissed) {
        this.#say(
          this.#l10n.t(
            'Hits that reach from bytes that were not read into staged ones were not looked for. Apply or discard the edits, then look once more.',
          ),
          false,
        );
      }
    } catch (error) {
      await joining;
      // What was told by then stays.
      if (!signal.aborted) await this.#scan(pattern, range, signal, false);
      throw error;
    }
  }

  /**
   * Reads what was not read of the bytes that a hit with a staged byte could have: the board does not know of staged bytes. True where that would be
   * too much.
   */
  async #readBesideStaged(pattern: BoardPattern, range: ByteRange, signal: AbortSignal): Promise<boolean> {
    const length = lengthOf(pattern);
    const staged = this.#tab.staged(range);
    if (length === undefined || staged.length === 0) return false;
    const near = sharedRanges(aroundGaps(staged, length, range), this.#tab.gaps(range));
    if (near.length === 0) return false;
    if (bytesIn(near) > readAtOnce) return true;
    await this.#tab.read(near, signal);
    return false;
  }

  /** Reads the bytes of hits that the board found: what is replaced was seen. */
  async #readHits(hits: HitList, first: number, end: number, signal: AbortSignal): Promise<void> {
    if (this.#there === undefined) return;
    const { epoch } = this.#there;
    const ranges: ByteRange[] = [];
    for (let i = first; i < end; i++) {
      const hit = hits.at(i);
      if (hit !== undefined) ranges.push(hit);
    }
    await this.#tab.read(ranges, signal);
    if (this.#tab.epoch() !== epoch) {
      throw new SessionError('bytes-changed-hands', 'a new epoch began while hits were read');
    }
  }

  /** Takes what was found. @param missing bytes in gaps */
  #ended(finder: Finder, missing: number): void {
    const { searched, isFull } = this.#there ?? { searched: [], isFull: false };
    this.#hits = finder.hits;
    this.#isFull = finder.isFull || isFull;
    this.#seenThere = searchedIn(this.#gaps, searched);
    this.#unseen = finder.unseen + missing - this.#seenThere;
    this.#openFrom = finder.openFrom;
    const isWhole = finder.isOver && !finder.isGivenUp;
    this.#searched = isWhole ? undefined : Math.floor((100 * finder.done) / Math.max(1, finder.total));
  }

  /** Whether bytes that were read can still be part of a hit that the board found. */
  #mayBeHit(hit: ByteRange): boolean {
    const { bytes, flags } = this.#tab.bytes(hit);
    const isHere = (i: number) => ((flags[i] ?? 0) & (stateBits.known | stateBits.staged)) !== 0;
    return this.#boardPattern === undefined || couldBeHit(this.#boardPattern, bytes, isHere);
  }

  /** A person asked for bytes, and gets none. */
  #sayUnreachable(): void {
    this.#say(
      this.#l10n.t('Nothing is read now. Connect the board, or unfreeze the view, then look once more.'),
      true,
    );
  }

  #sayGivenUp(): void {
    this.#say(
      this.#l10n.t(
        'The expression would look at all that follows for each hit. Say how a hit ends, or look in a smaller scope.',
      ),
      true,
    );
  }

  #progress(bytes: number, of: number): void {
    const percent = Math.floor((100 * bytes) / of);
    if (percent === this.#percent) return;
    this.#percent = percent;
    this.#tab.changed();
  }

  async #scan(pattern: Pattern, range: ByteRange, signal: AbortSignal, isNew: boolean): Promise<void> {
    const gaps = this.#tab.gaps(range);
    this.#gaps = gaps;
    const hits = this.#there?.hits;
    const beyond = {
      gaps,
      ...(hits === undefined ? {} : { hits, mayBeHit: (hit: ByteRange) => this.#mayBeHit(hit) }),
    };
    const finder = new Finder(this.#tab, pattern, [range], this.#bytesPerTile, beyond);
    this.#isDirty = false;
    if (isNew) {
      this.#finder = finder;
      this.#hits = finder.hits;
    }
    let took = 0;
    while (!finder.isOver) {
      const start = performance.now();
      do finder.step(stepWork);
      while (!finder.isOver && performance.now() < start + slice);
      took += performance.now() - start;
      if (finder.isOver) break;
      if (isNew) this.#progress(finder.done, finder.total);
      await turn();
      if (signal.aborted) return;
    }
    this.#finder = undefined;
    this.#took = took;
    this.#ended(finder, bytesIn(gaps));
    if (finder.isGivenUp) this.#sayGivenUp();
    const waiting = this.#step;
    if (waiting !== undefined && this.#hits.count > 0 && !this.#readsLittle) {
      this.#step = undefined;
      this.toHit(waiting.step, waiting.selected);
    }
    this.#tab.changed();
  }
}

/** What ascending ranges share with other ones. */
function sharedRanges(ranges: readonly ByteRange[], others: readonly ByteRange[]): ByteRange[] {
  return without(ranges, without(ranges, others));
}

/** What lies before `end`. */
function upTo(range: ByteRange, end: number): ByteRange[] {
  const length = Math.min(range.length, end - range.offset);
  return length > 0 ? [{ offset: range.offset, length }] : [];
}

/** Gives others a turn when they had none for a while; asked often. */
function pauses(): () => Promise<void> {
  let start = performance.now();
  return async () => {
    if (performance.now() <= start + slice) return;
    await turn();
    start = performance.now();
  };
}
