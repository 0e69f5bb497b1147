/**
 * What was found in all memories of a board, by memory, while it is searched and afterwards. Knows sessions of open memories; not who
 * asked, and not VS Code.
 */
import type { PartitionInfo } from '../../board/board.ts';
import type { BoardError } from '../../board/errors.ts';
import { stateBits } from '../../model/byte-state.ts';
import { type BoardPattern, boardPatternOf, couldBeHit, lengthOf } from '../../model/find/board-pattern.ts';
import { Finder, mostHits } from '../../model/find/finder.ts';
import { HitList } from '../../model/find/hit-list.ts';
import { patternOf } from '../../model/find/pattern.ts';
import type { FindQuery } from '../../model/find/query.ts';
import type { ByteRange, MemoryGeometry } from '../../model/geometry.ts';
import type { Localiser } from '../../model/localiser.ts';
import { bytesIn } from '../../model/ranges.ts';
import type { MemoryResource } from '../../model/resource.ts';
import { type FoundTaker, searchMemories } from '../../session/board-search.ts';
import type { BoardLink } from '../../session/link.ts';
import type { ShownBytes } from '../messages.ts';
import { problemText } from './find-sentences.ts';
import { countText, type FoundMemory, type FoundOnBoard, type UnsearchedMemory } from './hit-rows.ts';
import { indexOf } from './index-of.ts';

/** Work between two looks at whether a search is over, in units of a `Budget`. */
const hitWork = 64 * 1024;

/** The board that is searched, and how its places are called and shown. */
export interface SearchedBoard {
  readonly id: string;
  readonly label: string;
  readonly link: BoardLink;
  readonly partitions: readonly PartitionInfo[];
  partitionName(partition: PartitionInfo): string;
  memoryName(geometry: MemoryGeometry): string;
  /** Bytes that an open editor of the memory has; undefined without one. */
  bytes(memory: MemoryResource, range: ByteRange): ShownBytes | undefined;
  /** Opens an editor of the memory at a range. */
  show(memory: MemoryResource, geometry: MemoryGeometry, range: ByteRange): Promise<void>;
  /** The bytes of a range as an open editor of the memory has them, read if they were not yet; undefined without one. */
  read(memory: MemoryResource, range: ByteRange): Promise<ShownBytes | undefined>;
  errorText(error: BoardError): string;
}

/** Why a query cannot be searched for by a board, as a sentence; undefined if it can. */
export function refusalOf(query: FindQuery, l10n: Localiser): string | undefined {
  const pattern = patternOf(query, indexOf);
  if (pattern.kind === 'none') return problemText(pattern.problem, l10n) || l10n.t('Type what to look for.');
  if (boardPatternOf(query) !== undefined) return undefined;
  return l10n.t('A board cannot look for this. Open a memory and look there.');
}

/** A memory, or a partition whose memories are not known. */
interface Part {
  readonly partition: PartitionInfo;
  readonly geometry: MemoryGeometry | undefined;
  readonly hits: HitList;
  /** Bytes that could not be searched. */
  unsearched: number;
  isFull: boolean;
  /** The epoch in which it was searched. */
  epoch: string | undefined;
  /** Why it was not searched, or not to its end. */
  why: string;
}

/** One search of a board. */
export class BoardHits {
  readonly #board: SearchedBoard;
  readonly #query: FindQuery;
  readonly #pattern: BoardPattern;
  readonly #l10n: Localiser;
  readonly #say: (text: string) => void;
  readonly #parts: Part[] = [];
  readonly #changed: () => void;
  readonly #following: { dispose(): void };
  #isOver = false;
  #wasCancelled = false;

  /**
   * @param query one without `refusalOf`
   * @param changed more was found, or what was found is of an epoch that is over
   * @param say is told of a hit that is none any more when it is shown
   */
  constructor(
    board: SearchedBoard,
    query: FindQuery,
    l10n: Localiser,
    changed: () => void,
    say: (text: string) => void,
  ) {
    const pattern = boardPatternOf(query);
    if (pattern === undefined) throw new RangeError('no pattern for a board');
    this.#board = board;
    this.#query = query;
    this.#say = say;
    this.#pattern = pattern;
    this.#l10n = l10n;
    this.#changed = changed;
    this.#following = board.link.onDidChangePartitions(() => changed());
  }

  /** Searches. What was found stays when it is cancelled. @param tell is told how far it is, in words */
  async run(signal: AbortSignal, tell: (step: string) => void, changed: () => void): Promise<void> {
    const { link, partitions } = this.#board;
    const length = lengthOf(this.#pattern) ?? 0;
    const add = (partition: PartitionInfo, geometry: MemoryGeometry | undefined, why: string): Part => {
      const hits = new HitList();
      const part = { partition, geometry, hits, unsearched: 0, isFull: false, epoch: undefined, why };
      this.#parts.push(part);
      return part;
    };
    let part: Part | undefined;
    let percent = -1;
    const taker: FoundTaker = {
      begins: (partition, geometry) => {
        part = add(partition, geometry, '');
        part.epoch = this.#epochOf(partition);
        percent = -1;
        taker.progress(0, 1);
      },
      hits: (offsets, lengths) => {
        for (const [i, offset] of offsets.entries()) part?.hits.add(offset, lengths?.[i] ?? length);
        changed();
      },
      progress: (bytes, of) => {
        const now = Math.floor((100 * bytes) / of);
        if (part === undefined || now === percent) return;
        percent = now;
        tell(this.#l10n.t('{0}: {1} %, {2}', this.#nameOf(part), percent, countText(this.count, this.#l10n)));
      },
      ends: ({ unreadable, isFull, gaveWay, isGivenUp, epoch }) => {
        if (part === undefined) return;
        part.unsearched = bytesIn(unreadable);
        part.isFull = isFull;
        part.epoch = epoch;
        if (gaveWay === true) part.why = this.#l10n.t('An application came: the rest was not searched.');
        if (isGivenUp === true)
          part.why = this.#l10n.t('The expression would take too long. Say how a hit ends.');
        changed();
      },
      fails: (error) => {
        if (part !== undefined) part.why = this.#board.errorText(error);
        changed();
      },
      refuses: (partition, error) => {
        add(partition, undefined, this.#board.errorText(error));
        changed();
      },
    };
    try {
      await searchMemories(link, partitions, this.#pattern, mostHits, taker, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#wasCancelled = true;
    } finally {
      this.#isOver = true;
      changed();
    }
  }

  /** What was found, for the list; undefined where there is nothing to be listed. */
  get found(): FoundOnBoard | undefined {
    if (this.count === 0) return undefined;
    const { id, label } = this.#board;
    return {
      key: `board/${id}`,
      title: label,
      hits: this.count,
      isFull: this.#parts.some(({ isFull }) => isFull),
      notes: [
        ...(this.#isOver ? [] : [this.#l10n.t('looking...')]),
        ...(this.#wasCancelled ? [this.#l10n.t('cancelled')] : []),
      ],
      memories: this.#parts.map((part, i) => this.#memory(part, i)),
    };
  }

  get count(): number {
    return this.#parts.reduce((sum, { hits }) => sum + hits.count, 0);
  }

  /** All bytes of all memories were searched. */
  get isWhole(): boolean {
    return (
      this.#isOver &&
      !this.#wasCancelled &&
      this.#parts.every((one) => one.why === '' && one.unsearched === 0)
    );
  }

  /** What became of it, in words. */
  get outcome(): string {
    const l10n = this.#l10n;
    const searched = this.#parts.filter(({ geometry, why }) => geometry !== undefined && why === '');
    const [other] = this.#parts.filter(({ why }) => why !== '');
    const bytes = this.#parts.reduce((sum, { unsearched }) => sum + unsearched, 0);
    const hits = countText(this.count, l10n);
    return [
      searched.length === 1
        ? l10n.t('{0} in 1 memory of {1}.', hits, this.#board.label)
        : l10n.t('{0} in {1} memories of {2}.', hits, searched.length, this.#board.label),
      ...(this.#wasCancelled ? [l10n.t('Not all of them were searched.')] : []),
      ...(bytes === 0 ? [] : [l10n.t('{0} bytes cannot be read.', bytes)]),
      ...(other === undefined ? [] : [l10n.t('{0} was not searched: {1}', this.#nameOf(other), other.why)]),
    ].join(' ');
  }

  dispose(): void {
    this.#following.dispose();
  }

  #nameOf({ partition, geometry }: Part): string {
    const name = this.#board.partitionName(partition);
    return geometry === undefined ? name : `${name} · ${this.#board.memoryName(geometry)}`;
  }

  #epochOf({ key }: PartitionInfo): string | undefined {
    return this.#board.link.partitions.find((one) => one.key === key)?.epoch;
  }

  #memory(part: Part, index: number): FoundMemory | UnsearchedMemory {
    const l10n = this.#l10n;
    const { partition, geometry, hits, isFull, unsearched, why } = part;
    const place = this.#board.partitionName(partition);
    const isEnded = part.epoch !== undefined && part.epoch !== this.#epochOf(partition);
    if (geometry === undefined) return { title: place, notes: [why] };
    const title = this.#board.memoryName(geometry);
    // Nothing of it is true any more.
    if (isEnded)
      return { title, notes: [place, l10n.t('{0} of an epoch that is over', countText(hits.count, l10n))] };
    const memory: MemoryResource = { board: this.#board.id, partition: partition.key, memory: geometry.type };
    return {
      tab: `board/${this.#board.id}/${index}`,
      title,
      geometry,
      hits,
      isFull,
      notes: [
        place,
        ...(unsearched === 0 ? [] : [l10n.t('{0} bytes cannot be read', unsearched)]),
        ...(why === '' ? [] : [why]),
      ],
      bytes: (range) => this.#board.bytes(memory, range),
      isOther: (hit, shown) => !this.#couldBeHit(hit, shown, geometry),
      show: (hit) => this.#show(memory, geometry, hit),
    };
  }

  /** Shows a hit, and says so where its bytes changed since they were found. */
  async #show(memory: MemoryResource, geometry: MemoryGeometry, hit: ByteRange): Promise<void> {
    await this.#board.show(memory, geometry, hit);
    // Where it cannot be read, its editor says why.
    const shown = await this.#board.read(memory, hit).catch(() => undefined);
    this.#changed();
    if (shown !== undefined && !this.#couldBeHit(hit, shown, geometry))
      this.#say(this.#l10n.t('These bytes changed since they were found.'));
  }

  /** Whether the first bytes of a hit, or all, can still be part of it as far as they are known. */
  #couldBeHit(hit: ByteRange, { bytes, flags }: ShownBytes, { bytesPerTile }: MemoryGeometry): boolean {
    const isHere = (i: number) => ((flags[i] ?? 0) & (stateBits.known | stateBits.staged)) !== 0;
    if (!couldBeHit(this.#pattern, bytes, isHere)) return false;
    const isWhole = bytes.length === hit.length && bytes.every((_, i) => isHere(i));
    const pattern = patternOf(this.#query, indexOf);
    if (!isWhole || pattern.kind === 'none') return true;
    const take = ({ offset, length }: ByteRange) => {
      const from = offset - hit.offset;
      return {
        length,
        bytes: bytes.subarray(from, from + length),
        flags: flags.subarray(from, from + length),
      };
    };
    const finder = new Finder({ bytes: take, view: take }, pattern, [hit], bytesPerTile);
    while (!finder.isOver) finder.step(hitWork);
    return finder.hits.at(0)?.length === hit.length;
  }
}
