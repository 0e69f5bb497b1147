/**
 * Watches: values of memory that are looked at whether or not an editor shows them, and what is done when their condition
 * becomes true. Knows no VS Code and no sentences.
 */
import { BoardError } from '../../board/errors.ts';
import { isUnreadable, stateBits } from '../../model/byte-state.ts';
import { cellFormat } from '../../model/cells/cell-format.ts';
import type { Disposable } from '../../model/event.ts';
import { containsTile, formatTile, tileStart } from '../../model/geometry.ts';
import type { After } from '../../model/later.ts';
import { hexNumber } from '../../model/numbers.ts';
import { type Sparkline, sparkline } from '../../model/sparkline.ts';
import { ValueHistory } from '../../model/value-history.ts';
import { conditionText, isMet, parseCondition, type WatchCondition } from '../../model/watch-condition.ts';
import type { MemorySession } from '../../session/memory-session.ts';
import type { SessionReference } from '../../session/pool.ts';
import type { KeptWatch } from './watch-store.ts';

/** Milliseconds between looks at a watched value, as far as board and link keep up. */
const lookPeriod = 100;

/** Columns of the line that shows how a value changed. */
const historyColumns = 32;

/** A watch acts at most this often, milliseconds. */
export const actPeriod = 5000;

/** Why a watch has no value of now. */
export type WatchAbsence = 'no-board' | 'disconnected' | 'unknown' | 'unreadable' | 'outside';

/** A watch as it is shown. */
export interface WatchNow {
  readonly kept: KeptWatch;
  /** Its name, else its address. */
  readonly label: string;
  /** Tile and tile offset, where the name stands now. */
  readonly address: string;
  /** The value in its type; the last one that is known where there is none of now. */
  readonly value: string | undefined;
  readonly absence?: WatchAbsence;
  /** Nobody uses the partition: the value is that of the last read. */
  readonly isFree: boolean;
  /** As typed; undefined without one. */
  readonly condition: string | undefined;
  readonly isTrue: boolean;
  /** How it changed in the last minute; undefined before it was read. */
  readonly history: () => WatchHistory | undefined;
}

/** A line, and its ends as the value is shown. */
export interface WatchHistory {
  readonly line: Sparkline;
  readonly lowest: string;
  readonly highest: string;
}

/** A condition that became true. */
export interface WatchHit {
  readonly watch: WatchNow;
  /** How often it became true since the last one that was told, without this one. */
  readonly more: number;
  /** The session of its memory. */
  readonly session: MemorySession;
  /** The epoch of the value. */
  readonly epoch: string;
}

/** What the watches need; times are in milliseconds. */
export interface WatchServices {
  /** The session of a memory; undefined when its board is not in the sidebar. */
  acquire(resource: KeptWatch['resource']): SessionReference | undefined;
  /** The tile offset of a name in the watched memory of its tile; undefined if no build has it. */
  offsetOf(kept: KeptWatch): number | undefined;
  now(): number;
  readonly after: After;
  /** A condition became true. */
  act(hit: WatchHit): void;
  /** Some value, condition or reason is another one. */
  changed(): void;
  note(thrown: unknown): unknown;
}

/** One watch while it is in the list. */
class RunningWatch {
  readonly kept: KeptWatch;
  readonly #services: WatchServices;
  readonly #key: string;
  readonly #format;
  readonly #condition: WatchCondition | undefined;
  #reference: SessionReference | undefined;
  #listeners: Disposable[] = [];
  /** The connection from which the layout was last asked for. */
  #learnedFrom: unknown;
  #looked = '';
  #value: Uint8Array | undefined;
  readonly #history: ValueHistory;
  #valueEpoch = '';
  #absence: WatchAbsence | undefined = 'unknown';
  /** Undefined before the first value of an epoch: what is true then did not become so. */
  #isTrue: boolean | undefined;
  #actedAt = Number.NEGATIVE_INFINITY;
  #more = 0;
  #later: Disposable | undefined;

  constructor(kept: KeptWatch, services: WatchServices) {
    this.kept = kept;
    this.#services = services;
    this.#key = `watch:${kept.id}`;
    this.#format = cellFormat(kept.cells, true);
    this.#history = new ValueHistory(this.#format.bytes);
    this.#condition = kept.condition === '' ? undefined : parseCondition(kept.condition, this.#format);
  }

  get now(): WatchNow {
    const { kept } = this;
    const address = `${formatTile(kept.tile)}+${hexNumber(this.#offset, 4)}`;
    return {
      kept,
      label: kept.name === '' ? address : kept.name,
      address,
      value: this.#value && this.#format.format(this.#value, 0),
      ...(this.#absence === undefined ? {} : { absence: this.#absence }),
      isFree: this.#reference?.session.state.inUse === false,
      condition: this.#condition && conditionText(this.#condition),
      isTrue: this.#isTrue === true,
      history: () => this.#drawn(),
    };
  }

  #drawn(): WatchHistory | undefined {
    const line = sparkline(this.#history.stretches(this.#services.now()), this.#format, historyColumns);
    if (line === undefined) return undefined;
    const [lowest, highest] = [line.lowest, line.highest].map((bytes) => this.#format.format(bytes, 0));
    return { line, lowest: lowest ?? '', highest: highest ?? '' };
  }

  /** Where it stands: a name moves with its build. */
  get #offset(): number {
    return (this.kept.name === '' ? undefined : this.#services.offsetOf(this.kept)) ?? this.kept.offset;
  }

  get #range() {
    const geometry = this.#reference?.session.geometry;
    const offset = this.#offset;
    const { bytes } = this.#format;
    if (geometry === undefined || !containsTile(geometry, this.kept.tile)) return undefined;
    if (offset + bytes > geometry.bytesPerTile) return undefined;
    return { offset: tileStart(geometry, this.kept.tile) + offset, length: bytes };
  }

  /** Boards, names, the partition or its connection may be others; or the list is shown or hidden. */
  update(isShown: boolean): void {
    const wanted = this.#services.acquire(this.kept.resource);
    if (wanted?.session === this.#reference?.session) wanted?.dispose();
    else this.#join(wanted);
    const session = this.#reference?.session;
    if (session === undefined) {
      this.#absence = 'no-board';
      this.#history.gap(this.#services.now());
      return;
    }
    const { link, inUse } = session.state;
    if (!inUse) this.#learnedFrom = undefined;
    else if (link.kind === 'connected' && session.geometry === undefined) this.#learn(session, link.board);
    const range = this.#range;
    // A free partition does not change by itself, and is never taken for a watch.
    const isLooking = range !== undefined && inUse && (isShown || this.#condition !== undefined);
    const looked = isLooking ? `${range.offset}` : '';
    if (looked !== this.#looked) {
      this.#looked = looked;
      session.follow(this.#key, isLooking ? lookPeriod : undefined);
      session.look(this.#key, isLooking ? range : undefined, 'nobody');
    }
    this.take();
  }

  /** Takes over what the session knows of the value, and acts where the condition became true. */
  take(): void {
    const session = this.#reference?.session;
    if (session === undefined) return;
    this.#take(session);
    const now = this.#services.now();
    const live = session.liveState(this.#key);
    if (this.#absence !== undefined || this.#value === undefined) this.#history.gap(now);
    else this.#history.add(now, this.#value, live !== undefined && live.paused === undefined);
  }

  #take(session: MemorySession): void {
    const { link, partition } = session.state;
    const range = this.#range;
    this.#absence = undefined;
    if (link.kind !== 'connected') this.#absence = 'disconnected';
    else if (session.geometry === undefined) this.#absence = 'unknown';
    else if (range === undefined) this.#absence = 'outside';
    if (this.#absence !== undefined || range === undefined) return;
    const { base, flags } = session.bytes(range);
    const isKnown = (flag: number) => (flag & (stateBits.known | stateBits.stale)) === stateBits.known;
    if (flags.some((flag) => isUnreadable(flag))) this.#absence = 'unreadable';
    else if (!flags.every(isKnown)) this.#absence = 'unknown';
    if (this.#absence !== undefined) return;
    const epoch = partition?.epoch ?? '';
    const before = epoch === this.#valueEpoch ? this.#value : undefined;
    if (before === undefined) this.#isTrue = undefined;
    this.#value = base;
    this.#valueEpoch = epoch;
    if (this.#condition === undefined) return;
    const isTrue = isMet(this.#condition, this.#format, base, before);
    const became = isTrue && this.#isTrue === false;
    this.#isTrue = isTrue;
    if (became) this.#hit(session);
    // Each change is a moment of its own.
    if (this.#condition.kind === 'changed') this.#isTrue = false;
  }

  #hit(session: MemorySession): void {
    const wait = this.#actedAt + actPeriod - this.#services.now();
    if (wait > 0) {
      this.#more++;
      this.#later ??= this.#services.after(wait, () => {
        this.#later = undefined;
        this.#more--;
        this.#act(session);
      });
      return;
    }
    this.#act(session);
  }

  #act(session: MemorySession): void {
    this.#actedAt = this.#services.now();
    const more = this.#more;
    this.#more = 0;
    this.#services.act({ watch: this.now, more, session, epoch: this.#valueEpoch });
  }

  #join(reference: SessionReference | undefined): void {
    this.#leave();
    this.#reference = reference;
    if (reference === undefined) return;
    const { session } = reference;
    this.#listeners = [
      session.onBytes(({ ranges }) => {
        const range = this.#range;
        const isHit = ranges.some(
          ({ offset, length }) =>
            range !== undefined && offset < range.offset + range.length && range.offset < offset + length,
        );
        if (!isHit) return;
        this.take();
        this.#services.changed();
      }),
      session.onState(() => this.#services.changed()),
    ];
  }

  #learn(session: MemorySession, board: unknown): void {
    if (this.#learnedFrom === board) return;
    this.#learnedFrom = board;
    session
      .open(AbortSignal.timeout(120_000), 'nobody')
      .catch((error: unknown) => this.#services.note(error));
  }

  #leave(): void {
    for (const one of this.#listeners) one.dispose();
    this.#listeners = [];
    this.#reference?.session.look(this.#key, undefined);
    this.#reference?.session.follow(this.#key, undefined);
    this.#looked = '';
    this.#reference?.dispose();
    this.#reference = undefined;
  }

  dispose(): void {
    this.#later?.dispose();
    this.#leave();
  }
}

export class Watches implements Disposable {
  readonly #services: WatchServices;
  #running: RunningWatch[] = [];
  #isShown = false;
  #pending = false;

  constructor(services: WatchServices) {
    this.#services = {
      ...services,
      // What changed may be the partition or its connection; many changes in one turn are one.
      changed: () => {
        if (this.#pending) return;
        this.#pending = true;
        queueMicrotask(() => {
          this.#pending = false;
          this.update();
        });
      },
    };
    this.#told = services.changed;
  }

  readonly #told: () => void;

  /** The watches in the order of the list. */
  get all(): readonly WatchNow[] {
    return this.#running.map(({ now }) => now);
  }

  /** The list is another one; watches that stay the same go on. */
  set kept(list: readonly KeptWatch[]) {
    const text = JSON.stringify;
    const before = this.#running;
    this.#running = list.map(
      (kept) => before.find((one) => text(one.kept) === text(kept)) ?? new RunningWatch(kept, this.#services),
    );
    for (const one of before) if (!this.#running.includes(one)) one.dispose();
    this.update();
  }

  /** Whether a person sees the list: what has no condition is looked at only then. */
  set isShown(isShown: boolean) {
    this.#isShown = isShown;
    this.update();
  }

  /** Boards, names, partitions or connections may be others. */
  update(): void {
    for (const one of this.#running) {
      try {
        one.update(this.#isShown);
      } catch (error) {
        this.#services.note(error instanceof BoardError ? error : new BoardError('internal', String(error)));
      }
    }
    this.#told();
  }

  dispose(): void {
    for (const one of this.#running) one.dispose();
    this.#running = [];
  }
}
