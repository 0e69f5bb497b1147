/** A memory that is joined for another program: its session, and how it is read again for nobody, within the budget. */
import { patience } from '../board/board.ts';
import { type ByteRange, isProgramMemory, type MemoryGeometry } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { SessionReference } from '../session/pool.ts';
import type { ApiServices } from './api-services.ts';
import type { MemoryAccess } from './memory-access.ts';
import type { ReadPace } from './read-pace.ts';
import { freePartition, noMemory, programMemory } from './refusals.ts';

export class JoinedMemory {
  readonly session: MemorySession;
  readonly geometry: MemoryGeometry;
  /** The epoch in which it was joined. */
  readonly epoch: string;
  readonly #pace: ReadPace;

  private constructor(session: MemorySession, geometry: MemoryGeometry, epoch: string, pace: ReadPace) {
    this.session = session;
    this.geometry = geometry;
    this.epoch = epoch;
    this.#pace = pace;
  }

  /** Does something with a memory, and lets it go. Rejects with ApiError, BoardError, and as `act` does. */
  static async with<T>(
    { services, access, pace, l10n }: ApiParts,
    resource: MemoryResource,
    signal: AbortSignal,
    act: (memory: JoinedMemory) => Promise<T>,
  ): Promise<T> {
    const { info } = access.partition(resource);
    // Its session may read a running core's program, where a person allowed that: other programs never do.
    if (isProgramMemory(resource.memory)) throw programMemory(l10n);
    const { tile: _, ...memory } = resource;
    const reference: SessionReference | undefined = await services.acquire(memory);
    if (reference === undefined) throw noMemory(l10n);
    try {
      const { session } = reference;
      const limited = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
      const geometry = info.inUse ? await session.open(limited, 'nobody') : session.geometry;
      if (geometry === undefined) throw freePartition(l10n);
      return await act(new JoinedMemory(session, geometry, info.epoch, pace));
    } finally {
      reference.dispose();
    }
  }

  /** Reads the bytes again where somebody uses the partition. Rejects with BoardError; with SessionError once the epoch is over. */
  async refresh(range: ByteRange, signal: AbortSignal): Promise<void> {
    const { session, epoch } = this;
    await this.#pace.turn(session.link, session.state.inUse ? range.length : 0, signal, () =>
      session.refreshUnasked(range, epoch, signal),
    );
  }
}

/** What the calls of the API are made of. */
export interface ApiParts {
  readonly services: ApiServices;
  readonly access: MemoryAccess;
  readonly pace: ReadPace;
  readonly l10n: Localiser;
}
