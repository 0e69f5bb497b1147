/** Joins the pieces of a session: which of them hears what of which. */
import type { PartitionMemory } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { DisposableStore } from '../model/event.ts';
import type { ByteRange } from '../model/geometry.ts';
import { mergeRanges } from '../model/ranges.ts';
import { Applier } from './applier.ts';
import { EditStack } from './edit-stack.ts';
import { endedEpoch, Follower } from './follower.ts';
import { Image, readGap } from './image.ts';
import { isSoundGeometry, sameGeometry } from './journal.ts';
import type { BoardLink } from './link.ts';
import { Live } from './live.ts';
import { ReadScheduler } from './read-scheduler.ts';
import type { SessionServices } from './services.ts';
import { SessionEvents } from './session-events.ts';
import { Snapshots } from './snapshots.ts';
import type { MemoryKey } from './types.ts';

/** What a session is made of. */
export interface Pieces {
  readonly image: Image;
  readonly edits: EditStack;
  readonly follower: Follower;
  readonly reads: ReadScheduler;
  readonly live: Live;
  readonly snapshots: Snapshots;
  readonly applier: Applier;
  readonly events: SessionEvents;
  /** Ends reads under way and forgets listeners. */
  dispose(): void;
}

/** The pieces of the session of one memory, following its board from now on. */
export function makePieces(link: BoardLink, key: MemoryKey, services: SessionServices): Pieces {
  const told = (): void => events.state();
  const ended = new AbortController();
  const image = new Image();
  const edits = new EditStack(image, (ranges) => events.bytes(ranges));
  const follower = new Follower(link, key.partition, services, {
    get editEpochs() {
      return edits.epochs;
    },
    get hasAllShown() {
      return image.geometry !== undefined && reads.missingShown().length === 0;
    },
    epochEnded: () => {
      edits.setEpoch(endedEpoch);
      image.plane.endEpoch();
      edits.forgetUncertain();
      reads.closeTiles();
    },
    epochRefused: () => image.plane.endEpoch(),
    told,
  });
  const events = new SessionEvents(
    {
      get tick() {
        return image.updates.last;
      },
      get epochChanged() {
        return follower.epochChanged;
      },
      get pendingDocuments() {
        return edits.pendingDocuments;
      },
    },
    services.log,
  );
  const reads = new ReadScheduler(link, key, services, image, follower, {
    adopt: (memory) => adopt(pieces, memory),
    arrived: (store) => live.disturbed(arrived(pieces, store)),
    get hasEdits() {
      return edits.epochs.length > 0;
    },
    isFollowed: (document) => live.covers(document),
    looked: () => live.update(),
    told,
  });
  const live = new Live(services, link.budget, image, follower, {
    lookOf: (document) => reads.viewOf(document),
    open: () => reads.open(ended.signal, 'nobody'),
    arrived: (store) => {
      if (edits.epochs.length === 0) follower.acceptEpoch();
      arrived(pieces, store);
    },
    ended: () => void reads.pump(),
    told,
  });
  const snapshots = new Snapshots(link, services, image, follower, reads, told);
  const applier = new Applier({ image, edits, follower, reads, events }, key, link.label, services);
  const subscriptions = new DisposableStore();
  const dispose = (): void => {
    ended.abort();
    live.dispose();
    reads.dispose();
    snapshots.dispose();
    subscriptions.dispose();
    events.dispose();
  };
  const pieces: Pieces = { image, edits, follower, reads, live, snapshots, applier, events, dispose };
  subscriptions.add(link.onDidChangePartitions(() => followPartition(pieces)));
  subscriptions.add(link.onDidChangeState(() => followLink(pieces)));
  followPartition(pieces);
  return pieces;
}

/** Takes over the layout of a memory that was opened. Throws BoardError where that cannot be. */
function adopt({ image, edits, follower, reads, live, events }: Pieces, memory: PartitionMemory): void {
  const { geometry } = memory;
  if (!isSoundGeometry(geometry)) throw new BoardError('protocol', 'the memory has an impossible layout');
  if (image.geometry !== undefined && !sameGeometry(geometry, image.geometry)) {
    if (edits.pendingDocuments.length > 0) {
      const problem = 'the memory has another layout than when its edits were staged';
      throw new BoardError('no-partition', problem, { layout: 'changed' });
    }
    image.plane.clear();
    // Undone, discarded and written gestures lie in the old layout: undo and redo of them change nothing from now on.
    edits.clear();
    // What was on screen were places of the old layout: the new pages say what they show.
    reads.forgetViews();
  }
  image.geometry = geometry;
  follower.memory = memory;
  live.update();
  events.state();
}

/**
 * A read or an update brought bytes. The image stores them, the edits over them are updated, then listeners are told.
 * Returns the runs that changed.
 */
function arrived({ applier, events }: Pieces, store: () => ByteRange[]): ByteRange[] {
  let changed: ByteRange[] = [];
  events.settling(() => {
    changed = store();
    applier.baseChanged(changed);
    events.bytes(mergeRanges(changed, readGap));
  });
  return changed;
}

function followLink({ follower, reads, live, snapshots, events }: Pieces): void {
  reads.connectionChanged();
  follower.followLink();
  live.update();
  events.state();
  if (follower.isConnected) void reads.pump();
  void snapshots.take();
}

function followPartition({ follower, reads, live, snapshots, events }: Pieces): void {
  const wasQuiet = reads.isQuiet;
  const turn = follower.followPartition();
  if (turn === 'left') reads.quieten();
  else if (turn === 'had') reads.wake();
  live.update();
  events.state();
  // What was scrolled to while nothing was read is on the screen, blank.
  if (wasQuiet && !reads.isQuiet) void reads.pump();
  void snapshots.take();
}
