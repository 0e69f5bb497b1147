/**
 * Follows the partition: who has it, its epoch, whether it may be written, and how the epoch before ended. Knows no bytes and no edits beyond the epochs that these were made in; asks the board for nothing.
 */
import type { PartitionInfo, PartitionMemory } from '../board/board.ts';
import { BoardError, type BoardErrorCode, toBoardError } from '../board/errors.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { type BoardLink, occupantOf } from './link.ts';
import type { SessionServices } from './services.ts';
import type { EpochEnd, SessionPolicy } from './types.ts';

/** Marks edits of an ended epoch; no core names one so. */
export const endedEpoch = '';

/**
 * Failures after which nothing can be written beside the present owner. They stay until it changes hands, the board
 * connects again, or a person tries again.
 */
const barring: ReadonlySet<BoardErrorCode> = new Set([
  'no-match',
  'permission',
  'kernel-held',
  'no-pidfd',
  'owner-hidden',
  'no-descriptor',
]);

/** What the follower needs of the other pieces, and tells them. */
export interface Followed {
  /** Epochs in which pending edits were made. */
  readonly editEpochs: readonly string[];
  /** Whether the layout is known and nothing of what is shown is missing. */
  readonly hasAllShown: boolean;
  /** The epoch ended. An equal name later does not mean the same epoch. */
  epochEnded(): void;
  /** The board refused the epoch: what was read is of an earlier one. */
  epochRefused(): void;
  told(): void;
}

export class Follower {
  readonly #link: BoardLink;
  readonly #key: PartitionKey;
  readonly #services: SessionServices;
  readonly #others: Followed;
  /** The way to the bytes in the present connection. */
  memory: PartitionMemory | undefined;
  #partition: PartitionInfo | undefined;
  #chosenPolicy: SessionPolicy | undefined;
  /** Why nothing can be written beside the present owner, as the board last said. */
  #barred: BoardError | undefined;
  /** The occupant beside whom one write is under way. */
  #consent: string | undefined;
  #epochEnd: EpochEnd | undefined;
  #epoch: string | undefined;
  #serial = 0;
  #sawEnd = false;
  /** The board refused a write because of the epoch, and did not say yet which one it is. */
  #refused = false;
  #lastError: BoardError | undefined;

  constructor(link: BoardLink, key: PartitionKey, services: SessionServices, others: Followed) {
    this.#link = link;
    this.#key = key;
    this.#services = services;
    this.#others = others;
  }

  get partition(): PartitionInfo | undefined {
    return this.#partition;
  }
  get isConnected(): boolean {
    return this.#link.state.kind === 'connected';
  }
  get isInUse(): boolean {
    return this.#partition?.inUse === true;
  }
  get epochEnd(): EpochEnd | undefined {
    return this.#epochEnd;
  }
  get epoch(): string | undefined {
    return this.#epoch;
  }
  /** Counts epochs, to compare: names may come back. */
  get serial(): number {
    return this.#serial;
  }
  /** An epoch ended while this session was there. */
  get sawEnd(): boolean {
    return this.#sawEnd;
  }
  get isRefused(): boolean {
    return this.#refused;
  }
  get lastError(): BoardError | undefined {
    return this.#lastError;
  }
  /** Who has the partition, as text to compare. */
  get occupant(): string {
    return occupantOf(this.#partition);
  }

  /** Whether pending edits are of another epoch than the present one. */
  get epochChanged(): boolean {
    const epochs = this.#others.editEpochs;
    if (this.#epoch === undefined || epochs.length === 0) return false;
    return this.#refused || epochs.some((epoch) => epoch !== this.#epoch);
  }

  get lockedBecause(): BoardError | undefined {
    if (this.#barred !== undefined && this.isInUse) return this.#barred;
    if (this.memory === undefined || this.memory.writable) return undefined;
    return new BoardError('locked', 'there is no way to write these bytes at present', this.#ownerFacts());
  }

  /** A person chose that nothing is edited; the usual state beside an owner is not a choice. */
  get isLockedByPerson(): boolean {
    return this.#chosenPolicy === 'locked';
  }

  get agreedBeside(): boolean {
    return (
      !this.isInUse || this.#consent === this.occupant || this.#link.agreedBeside(this.#key, this.occupant)
    );
  }

  get policy(): SessionPolicy {
    if (this.lockedBecause !== undefined || !this.agreedBeside) return 'locked';
    if (this.#chosenPolicy !== undefined) return this.#chosenPolicy;
    if (this.#consent === this.occupant) return 'staged';
    return this.isInUse ? 'locked' : (this.#services.defaultPolicy?.() ?? 'staged');
  }

  /** Throws BoardError unless edits may be made. */
  checkUnlocked(): void {
    if (this.policy === 'staged') return;
    throw this.lockedBecause ?? new BoardError('locked', 'editing is locked');
  }

  setPolicy(policy: SessionPolicy): void {
    if (policy === 'staged') {
      const problem = this.lockedBecause;
      if (problem !== undefined) throw problem;
      if (!this.agreedBeside) throw new BoardError('locked', 'nobody agreed to write beside the owner');
    }
    this.#chosenPolicy = policy;
    this.#others.told();
  }

  agreeBeside(occupant: string): void {
    if (occupant !== this.occupant) {
      throw new BoardError('locked', 'the partition changed hands meanwhile', this.#ownerFacts());
    }
    this.#barred = undefined;
    this.#link.agreeBeside(this.#key, occupant);
    this.setPolicy('staged');
  }

  /** Does one write that a person agreed to, beside this occupant: nothing stays unlocked after it. */
  async withConsent<T>(occupant: string, write: () => Promise<T>): Promise<T> {
    this.#consent = occupant;
    try {
      return await write();
    } finally {
      this.#consent = undefined;
    }
  }

  /** The connection is another one. */
  followLink(): void {
    if (this.isConnected) {
      this.#lastError = undefined;
      this.#barred = undefined;
    } else this.memory = undefined;
  }

  /**
   * The partition list changed. Answers `left` when the occupant left, `had` when somebody has the partition (this ends
   * what `left` began).
   */
  followPartition(): 'left' | 'had' | undefined {
    const before = this.#partition;
    const now = this.#link.partitions.find(({ key }) => key === this.#key);
    this.#partition = now;
    if (before !== undefined && occupantOf(before) !== occupantOf(now)) {
      this.#chosenPolicy = undefined;
      this.#barred = undefined;
      // A layout that was not learned and bytes that could not be read keep their reason: nothing asks again by itself.
      if (this.#others.hasAllShown) this.#lastError = undefined;
    }
    // A later epoch: what is outdated now need not be what the application left.
    if (this.#epochEnd?.asked === true && now?.epoch !== this.#epoch) this.#epochEnd = undefined;
    const turn = this.#followOwner(before, now);
    if (now !== undefined) this.setEpoch(now.epoch);
    return turn;
  }

  /** A person asked for bytes: what is read from now on is what is there now. True the first time after an end. */
  asked(): boolean {
    if (this.#epochEnd?.asked !== false) return false;
    this.#epochEnd = { ...this.#epochEnd, asked: true };
    return true;
  }

  setEpoch(epoch: string): void {
    if (epoch === this.#epoch) return;
    if (this.#epoch !== undefined) {
      // After a reconnect the core counts an owner's epochs from 0: equal names may be different epochs.
      this.#sawEnd = true;
      this.#others.epochEnded();
    }
    this.#epoch = epoch;
    this.#serial++;
    this.#refused = false;
  }

  refuseEpoch(): void {
    this.#refused = true;
    this.#others.epochRefused();
  }

  /** Nothing pending is of the epoch that was refused. */
  acceptEpoch(): void {
    this.#refused = false;
  }

  /** Notes a failure for the state, except for what a person cancelled. */
  failed(thrown: unknown): BoardError {
    const error = toBoardError(thrown);
    if (error.code !== 'cancelled') {
      this.#lastError = error;
      if (barring.has(error.code)) this.#barred = error;
      this.#others.told();
    }
    return error;
  }

  /** A read went well: what barred writing is gone, except for what only writes find. */
  readWell(): void {
    this.#lastError = undefined;
    if (this.#barred?.code !== 'no-match') this.#barred = undefined;
  }

  wroteWell(): void {
    this.#lastError = undefined;
  }

  /** The occupant left the partition: its bytes stay as they were last read. */
  #followOwner(
    before: PartitionInfo | undefined,
    now: PartitionInfo | undefined,
  ): 'left' | 'had' | undefined {
    if (now?.inUse === true) {
      this.#epochEnd = undefined;
      return 'had';
    }
    if (before?.inUse !== true) return undefined;
    // A partition of a dynamic driver goes with its owner; one that went with the whole device says nothing of it.
    const went = now === undefined;
    if (went && this.#link.freeColumns.length === 0) return undefined;
    if (went) {
      this.memory = undefined;
      this.refuseEpoch();
    }
    this.#epochEnd = {
      of: before.ownerGone ? 'hold' : 'owner',
      command: before.owner?.command ?? '',
      pid: before.owner?.pid ?? 0,
      ...(this.isConnected ? { at: this.#services.now() } : {}),
      asked: false,
    };
    return 'left';
  }

  #ownerFacts(): { pid?: number; command?: string } {
    const owner = this.#partition?.owner;
    return owner?.kind === 'process' ? { pid: owner.pid, command: owner.command } : {};
  }
}
