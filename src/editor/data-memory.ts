/** The data memory of a document's partition, open while a command works on it. */
import { patience } from '../board/board.ts';
import type { MemoryGeometry } from '../model/geometry.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { TileDocument } from './document.ts';
import type { EditorServices } from './services.ts';

/** An open data memory. */
export interface DataMemory {
  readonly resource: MemoryResource;
  readonly session: MemorySession;
  readonly geometry: MemoryGeometry;
  /** Ends reads that take longer than a person waits. */
  readonly signal: AbortSignal;
}

/**
 * Opens the data memory of a document's partition for as long as `use` takes; without a board in the sidebar, or a layout,
 * nothing is done. Rejects with BoardError, and as `use` does.
 */
export async function withDataMemory(
  services: Pick<EditorServices, 'acquire'>,
  { resource: { board, partition } }: TileDocument,
  use: (memory: DataMemory) => Promise<void>,
): Promise<void> {
  const resource: MemoryResource = { board, partition, memory: 'data' };
  const reference = await services.acquire(resource);
  if (reference === undefined) return;
  try {
    const { session } = reference;
    const signal = AbortSignal.timeout(patience);
    await session.open(signal);
    const { geometry } = session;
    if (geometry !== undefined) await use({ resource, session, geometry, signal });
  } finally {
    reference.dispose();
  }
}
