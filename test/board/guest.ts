/** An application that restarts over and over while our tool refreshes its memory: what both of them noticed. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Board } from '../../src/board/board.ts';
import { BoardError } from '../../src/board/errors.ts';
import type { VirtualBoard } from './board.ts';
import type { Family } from './families.ts';
import type { WitnessLives } from './witness.ts';

/** Refreshes per second, and bytes of each. */
const rate = 10;
const bytes = 4096;

/** What a refresh may answer while hands change: somebody was faster, or has just gone. Everything else is a defect. */
const passing: ReadonlySet<string> = new Set(['busy', 'owner-hidden', 'no-partition', 'columns-taken']);

export interface GuestRun {
  readonly lives: WitnessLives;
  /** Refreshes that gave every byte or said which were missing and why. */
  readonly refreshed: number;
  /** Of these, those with all bytes there. */
  readonly whole: number;
  /** Refreshes that a change of hands refused, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** File descriptors and mappings of the agent before and after. */
  readonly agentBefore: string;
  readonly agentAfter: string;
  /** The module's counters afterwards. */
  readonly counters: Readonly<Record<string, number>>;
}

/** How many descriptors and device mappings the agent has. Exactly one agent must run. */
async function agentHolds(board: VirtualBoard): Promise<string> {
  const script =
    'for p in /proc/[0-9]*; do read -r c < $p/comm && [ "$c" = tilescope-agent ] && ' +
    'echo $(ls $p/fd | wc -l) descriptors, $(grep -c -e aiepart -e dmabuf $p/maps) mappings; done 2>/dev/null';
  return (await board.exec(script)).stdout.toString().trim();
}

/**
 * Runs `count` lives of an application on the family's partition, each a process of its own that also resets it where the
 * driver allows that, while `ours` refreshes 4 KiB of it ten times a second.
 */
export async function restartBeside(
  board: VirtualBoard,
  ours: Board,
  family: Family,
  count: number,
): Promise<GuestRun> {
  const signal = new AbortController().signal;
  const { startCol, numCols, id } = family.partition;
  const memory = (await ours.open({ startCol, numCols }, {}, signal)).memory('data');
  if (memory === undefined) throw new Error('the partition has no data memory');
  const witness = await board.witness();
  try {
    const agentBefore = await agentHolds(board);
    let over = false;
    const lives = witness.cycles(id, count, { reset: family.ownReset }).finally(() => {
      over = true;
    });
    const refused: Record<string, number> = {};
    let refreshed = 0;
    let whole = 0;
    while (!over) {
      const begin = performance.now();
      try {
        const result = await memory.read([{ offset: 0x40, length: bytes }], {}, signal);
        refreshed++;
        if (result.unreadable.length === 0) whole++;
      } catch (error) {
        if (!(error instanceof BoardError) || !passing.has(error.code)) throw error;
        refused[error.code] = (refused[error.code] ?? 0) + 1;
      }
      await delay(Math.max(0, begin + 1000 / rate - performance.now()));
    }
    return {
      lives: await lives,
      refreshed,
      whole,
      refused,
      agentBefore,
      agentAfter: await agentHolds(board),
      counters: await board.counters(),
    };
  } finally {
    await witness.exit();
  }
}
