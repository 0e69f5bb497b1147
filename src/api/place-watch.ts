/**
 * Follows bytes for another program: joins their memory's session as an editor does, and tells what is different. Knows when
 * nothing comes, and why; not how memory is followed.
 */
import type { MemoryBytes, WatchNews } from '../../api/tilescope.d.ts';
import { patience } from '../board/board.ts';
import type { Disposable } from '../model/event.ts';
import type { ByteRange } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { endOf } from '../model/ranges.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { SessionReference } from '../session/pool.ts';
import type { ApiServices } from './api-services.ts';
import { knownBytes } from './known-bytes.ts';
import { type AskedPlace, rangeIn } from './places.ts';

type Pause = Extract<WatchNews, { kind: 'paused' }>['why'];

export class PlaceWatch implements Disposable {
  readonly #place: AskedPlace;
  readonly #periodMs: number;
  readonly #services: ApiServices;
  readonly #l10n: Localiser;
  readonly #key: string;
  readonly #tell: (news: WatchNews) => void;
  readonly #following: Disposable;
  #reference: SessionReference | undefined;
  #listeners: readonly Disposable[] = [];
  /** The connection from which the layout was last asked for. */
  #learnedFrom: unknown;
  #looked: number | undefined;
  #told: Pick<MemoryBytes, 'bytes' | 'unreadable' | 'epoch'> | undefined;
  #pause: Pause | undefined;
  #isJoining = false;
  #isOver = false;

  /** @param key a text that is this watch's own */
  constructor(
    place: AskedPlace,
    periodMs: number,
    key: string,
    services: ApiServices,
    l10n: Localiser,
    tell: (news: WatchNews) => void,
  ) {
    this.#place = place;
    this.#periodMs = periodMs;
    this.#key = key;
    this.#services = services;
    this.#l10n = l10n;
    this.#tell = tell;
    this.#following = services.onDidChangeBoards(() => this.#update());
    this.#update();
  }

  dispose(): void {
    this.#isOver = true;
    this.#following.dispose();
    this.#leave();
  }

  /** Board, connection or partition may be others. */
  #update(): void {
    if (this.#isOver) return;
    const board = this.#services.boards().find(({ id }) => id === this.#place.board);
    if (this.#reference !== undefined && this.#reference.session.link !== board?.link) this.#leave();
    const session = this.#reference?.session;
    if (session === undefined) {
      if (board === undefined) this.#paused('no-board');
      else void this.#join();
      return;
    }
    const { link, inUse, lastError } = session.state;
    const isConnected = link.kind === 'connected';
    if (!isConnected || !inUse) this.#learnedFrom = undefined;
    else if (session.geometry === undefined) this.#learn(session, link.board);
    const range = this.#rangeOf(session);
    const looked = isConnected && inUse ? range?.offset : undefined;
    if (looked !== this.#looked) {
      this.#looked = looked;
      session.follow(this.#key, looked === undefined ? undefined : this.#periodMs);
      session.look(this.#key, looked === undefined ? undefined : range, 'nobody');
    }
    if (!isConnected) this.#paused('no-board');
    else if (!inUse) this.#paused('free');
    else if (session.geometry !== undefined && range === undefined) this.#paused('outside');
    else if (
      session.liveState(this.#key)?.paused === 'failed' ||
      (range === undefined && lastError !== undefined)
    )
      this.#paused('failed');
    else if (range !== undefined) this.#take(session, range);
  }

  #take(session: MemorySession, range: ByteRange): void {
    const known = knownBytes(session, range);
    const at = session.readAt(range);
    const epoch = session.state.partition?.epoch;
    if (known === undefined || at === undefined || epoch === undefined) return;
    const before = this.#told;
    const isSame =
      this.#pause === undefined &&
      before?.epoch === epoch &&
      before.bytes.every((byte, i) => byte === known.bytes[i]) &&
      JSON.stringify(before.unreadable) === JSON.stringify(known.unreadable);
    if (isSame) return;
    this.#pause = undefined;
    this.#told = { ...known, epoch };
    this.#say({ kind: 'bytes', bytes: known.bytes.slice(), unreadable: known.unreadable, at, epoch });
  }

  #paused(why: Pause): void {
    if (this.#pause === why) return;
    this.#pause = why;
    this.#say({ kind: 'paused', why });
  }

  /** A listener that throws must not break the session that tells. */
  #say(news: WatchNews): void {
    try {
      this.#tell(news);
    } catch (error) {
      this.#services.note(error);
    }
  }

  #rangeOf({ geometry }: MemorySession): ByteRange | undefined {
    try {
      return geometry && rangeIn(geometry, this.#place, this.#l10n);
    } catch {
      return undefined;
    }
  }

  async #join(): Promise<void> {
    if (this.#isJoining) return;
    this.#isJoining = true;
    try {
      const { board, partition, memory } = this.#place;
      const reference = await this.#services.acquire({ board, partition, memory });
      if (this.#isOver) reference?.dispose();
      else if (reference !== undefined) this.#follow(reference);
    } catch (error) {
      this.#services.note(error);
      this.#paused('failed');
      return;
    } finally {
      this.#isJoining = false;
    }
    if (this.#reference !== undefined) this.#update();
  }

  #follow(reference: SessionReference): void {
    this.#reference = reference;
    const { session } = reference;
    this.#listeners = [
      session.onBytes(({ ranges }) => {
        const range = this.#rangeOf(session);
        if (range === undefined || this.#looked === undefined) return;
        if (ranges.some((one) => one.offset < endOf(range) && range.offset < endOf(one))) this.#update();
      }),
      session.onState(() => this.#update()),
    ];
  }

  #learn(session: MemorySession, board: unknown): void {
    if (this.#learnedFrom === board) return;
    this.#learnedFrom = board;
    session.open(AbortSignal.timeout(patience), 'nobody').then(
      () => this.#update(),
      (error: unknown) => {
        this.#services.note(error);
        this.#update();
      },
    );
  }

  #leave(): void {
    for (const one of this.#listeners) one.dispose();
    this.#listeners = [];
    this.#reference?.session.look(this.#key, undefined);
    this.#reference?.session.follow(this.#key, undefined);
    this.#looked = undefined;
    this.#learnedFrom = undefined;
    this.#reference?.dispose();
    this.#reference = undefined;
  }
}
