/** Which of the sidebar's commands can do something now. */
import type { PartitionInfo } from '../board/board.ts';
import type { ColumnRange } from '../model/geometry.ts';
import type { LinkState } from '../session/types.ts';
import { partitionContext } from './owner-sentences.ts';

/** What the keys are made of, per board. */
export interface SidebarBoard {
  readonly state: LinkState['kind'];
  /** What is shown of its list. */
  readonly partitions: readonly PartitionInfo[];
  readonly freeColumns: readonly ColumnRange[];
}

/** Context keys by their names after `tilescope.`: whether there is something that the commands can act on. */
export function sidebarKeys(boards: readonly SidebarBoard[]) {
  const connected = boards.filter(({ state }) => state === 'connected');
  const contexts = connected.flatMap(({ partitions }) => partitions.map(partitionContext));
  const some = (pattern: RegExp) => contexts.some((context) => pattern.test(context));
  return {
    // Before that it is not known: the manifest offers all.
    hasStarted: true,
    hasBoard: boards.length > 0,
    hasConnected: connected.length > 0,
    hasReport: boards.some(({ state }) => state === 'connected' || state === 'offline'),
    canConnect: boards.some(({ state }) => state === 'disconnected' || state === 'offline'),
    canDisconnect: boards.some(({ state }) => state !== 'disconnected'),
    hasFreeColumns: connected.some(({ freeColumns }) => freeColumns.length > 0),
    hasPicked: some(/\.picked/),
    canHold: some(/^partition\.used\.(process|hidden)$/),
    canRelease: some(/^partition\.used\.(held|gone)$/),
    canEnableClocks: some(/^partition\.free(\.picked)?$/),
    canDisableClocks: some(/^partition\.free.*\.clocks$/),
    heldByKernel: some(/^partition\.used\.kernel$/),
  };
}
