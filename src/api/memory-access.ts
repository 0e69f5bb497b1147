/**
 * What other programs get of boards: lists and bytes. Everything here asks as `nobody`: no person is behind it, so a partition
 * that nobody uses is never taken for it.
 */
import type { BoardFacts, MemoryBytes, MemoryFacts, PartitionFacts } from '../../api/tilescope.d.ts';
import { type PartitionInfo, patience, type ReadResult } from '../board/board.ts';
import { toBoardError } from '../board/errors.ts';
import { type ByteRange, type MemoryGeometry, tiles } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { clean } from '../model/plain.ts';
import type { MemoryResource } from '../model/resource.ts';
import { ApiError } from './api-error.ts';
import type { ApiBoard, ApiServices } from './api-services.ts';
import { addRun, knownBytes, type MutableRun } from './known-bytes.ts';
import { type AskedPlace, askedPlace, rangeIn } from './places.ts';
import type { ReadPace } from './read-pace.ts';
import { freePartition, noMemory } from './refusals.ts';

/** Bytes of one read. */
const mostRead = 1 << 20;
/** Bytes that are read of the board at once: others have their turn in between. */
const pieceBytes = 16 << 10;

/** A partition of a connected board. */
export interface FoundPartition {
  readonly board: ApiBoard;
  readonly info: PartitionInfo;
}

export class MemoryAccess {
  readonly #services: ApiServices;
  readonly #l10n: Localiser;
  readonly #pace: ReadPace;

  constructor(services: ApiServices, pace: ReadPace, l10n: Localiser) {
    this.#services = services;
    this.#pace = pace;
    this.#l10n = l10n;
  }

  /** Boards, partitions, memories and tiles, as they are known. */
  async list(): Promise<readonly BoardFacts[]> {
    return await Promise.all(
      this.#services.boards().map(async (board): Promise<BoardFacts> => {
        const { id, label, link } = board;
        const { state } = link;
        if (state.kind !== 'connected') return { id, label: clean(label), state: state.kind, partitions: [] };
        const { generation } = state.board.info;
        const partitions: PartitionFacts[] = [];
        for (const info of this.#services.partitions(board)) {
          partitions.push(partitionFacts(info, await this.#memories(board, info)));
        }
        return { id, label: clean(label), state: state.kind, generation, partitions };
      }),
    );
  }

  /** Rejects with ApiError, BoardError. */
  async read(asked: unknown, signal: AbortSignal): Promise<MemoryBytes> {
    const place = askedPlace(asked, mostRead, this.#l10n);
    const { board, info } = this.partition(place);
    if (!info.inUse) return this.#seenByPerson(board, info, place);
    const partition = await board.link.open(info.key, signal, 'nobody');
    const memory = partition.memory(place.memory);
    if (memory === undefined) throw noMemory(this.#l10n);
    const range = rangeIn(memory.geometry, place, this.#l10n);
    const parts: ReadResult[] = [];
    for (let done = 0; done < range.length; done += pieceBytes) {
      const piece = { offset: range.offset + done, length: Math.min(pieceBytes, range.length - done) };
      const read = () => memory.read([piece], { asking: 'nobody' }, signal);
      try {
        parts.push(await this.#pace.turn(board.link, piece.length, signal, read));
      } catch (error) {
        // It was let go a moment ago.
        if (toBoardError(error).code === 'not-asked') return this.#seenByPerson(board, info, place);
        throw error;
      }
    }
    return joined(range, parts, this.#l10n);
  }

  /** The partition of a place. @throws ApiError `no-board`, `no-partition` */
  partition({ board: id, partition }: Pick<MemoryResource, 'board' | 'partition'>): FoundPartition {
    const board = this.#services.boards().find((one) => one.id === id);
    if (board?.link.state.kind !== 'connected') {
      throw new ApiError(
        'no-board',
        this.#l10n.t('The board "{0}" is not connected. Connect it in the sidebar first.', id),
      );
    }
    const info = this.#services.partitions(board).find(({ key }) => key === partition);
    if (info === undefined) {
      throw new ApiError('no-partition', this.#l10n.t('The board has no partition "{0}".', partition));
    }
    return { board, info };
  }

  /** The layouts of a partition's memories; none where only taking it would tell them. */
  async #memories({ link }: ApiBoard, { key }: PartitionInfo): Promise<readonly MemoryFacts[]> {
    try {
      const partition = await link.open(key, AbortSignal.timeout(patience), 'nobody');
      return partition.memories.map(({ geometry }) => ({
        memory: geometry.type,
        bytesPerTile: geometry.bytesPerTile,
        tiles: tiles(geometry),
      }));
    } catch (error) {
      const { code } = toBoardError(error);
      if (code !== 'not-asked') this.#services.note(error);
      return [];
    }
  }

  /** What editors have read of a partition that nobody uses: it still holds that. */
  #seenByPerson({ link }: ApiBoard, info: PartitionInfo, place: AskedPlace): MemoryBytes {
    const session = this.#services
      .sessions()
      .find(({ link: of, key }) => of === link && key.partition === info.key && key.memory === place.memory);
    const geometry: MemoryGeometry | undefined = session?.geometry;
    if (session === undefined || geometry === undefined) throw freePartition(this.#l10n);
    const range = rangeIn(geometry, place, this.#l10n);
    const at = session.readAt(range);
    if (at === undefined) throw freePartition(this.#l10n);
    const known = knownBytes(session, range);
    if (known === undefined) throw freePartition(this.#l10n);
    return { ...known, at, epoch: info.epoch };
  }
}

function partitionFacts(info: PartitionInfo, memories: readonly MemoryFacts[]): PartitionFacts {
  const { key, columns, inUse, owner, ownerGone, epoch } = info;
  return {
    key,
    ...columns,
    inUse,
    ...(owner?.kind === 'process' ? { owner: { pid: owner.pid, command: clean(owner.command) } } : {}),
    isLeftBehind: ownerGone,
    epoch,
    memories,
  };
}

/** The parts of one read, all of one epoch. @throws ApiError `failed` */
function joined(range: ByteRange, parts: readonly ReadResult[], l10n: Localiser): MemoryBytes {
  const bytes = new Uint8Array(range.length);
  const runs: MutableRun[] = [];
  const epoch = parts[0]?.epoch ?? '';
  for (const part of parts) {
    if (part.epoch !== epoch) {
      throw new ApiError(
        'failed',
        l10n.t('The partition changed hands while these bytes were read. Try again.'),
      );
    }
    for (const piece of part.pieces) bytes.set(piece.bytes, piece.range.offset - range.offset);
    for (const { offset, length, reason } of part.unreadable) {
      addRun(runs, offset - range.offset, length, reason);
    }
  }
  return { bytes, unreadable: runs, at: Math.min(...parts.map(({ at }) => at)), epoch };
}
