import type { Board, BoardConnector, Partition, PartitionInfo } from '../board/board.ts';
import type { Event } from '../model/event.ts';
import type { ColumnRange } from '../model/geometry.ts';
import type { SessionServices } from './services.ts';
import type { LinkState } from './types.ts';

/**
 * The connection of one board entry, kept alive: after a loss it connects again by itself (after 1, 2, 4 ... 30 s), until
 * a person disconnects or the failure needs a person.
 */
export class BoardLink {
  readonly id: string;
  readonly label: string;
  /** The person agreed to map memory of an unknown driver; takes effect at the next `open`. */
  allowUnknownDriver = false;

  constructor(id: string, label: string, connector: BoardConnector, services: SessionServices) {
    this.id = id;
    this.label = label;
    void connector;
    void services;
  }

  get state(): LinkState {
    return notYet();
  }
  get onDidChangeState(): Event<LinkState> {
    return notYet();
  }
  /** As last known; kept while the connection is lost. */
  get partitions(): readonly PartitionInfo[] {
    return notYet();
  }
  get onDidChangePartitions(): Event<readonly PartitionInfo[]> {
    return notYet();
  }
  /** Connects, or joins a running attempt. Aborting ends the attempt when nobody else waits for it. Rejects with BoardError. */
  connect(signal?: AbortSignal): Promise<Board> {
    return notYet(signal);
  }
  /** Ends the connection on a person's wish: no reconnecting. */
  disconnect(): Promise<void> {
    return notYet();
  }
  /** Asks the board for its partitions again. Rejects with BoardError. */
  refreshPartitions(signal: AbortSignal): Promise<readonly PartitionInfo[]> {
    return notYet(signal);
  }
  /** The partition's memory types, learned once per connection. Waits for a running attempt to connect, starts none. */
  open(columns: ColumnRange, signal: AbortSignal): Promise<Partition> {
    return notYet(columns, signal);
  }
  dispose(): void {
    notYet();
  }
}

function notYet(...unused: readonly unknown[]): never {
  throw new Error(`not built (${unused.length})`);
}
