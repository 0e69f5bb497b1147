/** What the bytes of a data memory say of the stacks of cores, and in words what is known of them. */
import type { StatusReport } from '../board/board.ts';
import { isUnreadable, stateBits } from '../model/byte-state.ts';
import {
  type ByteRange,
  containsTile,
  type MemoryGeometry,
  type Tile,
  tileStart,
} from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import type { PlacedName } from '../model/program/build.ts';
import { registersOf } from '../model/program/core-marks.ts';
import { type Clock, stackMeetingText, stackUseText } from '../model/program/stack-texts.ts';
import { coreOf, type StackUse } from '../model/program/stack-use.ts';
import { type StackEpoch, type StackFacts, type StackUses, stackFacts } from '../model/program/stack-uses.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { MemorySession } from '../session/memory-session.ts';

/** A data memory with its names. */
export interface StackMemory {
  readonly resource: Pick<MemoryResource, 'board' | 'partition'>;
  readonly session: MemorySession;
  readonly uses: StackUses;
  readonly names: (tile: Tile) => readonly PlacedName[];
  readonly reports: readonly StatusReport[];
}

/** The bytes of a stack in the memory; undefined where they do not lie in it, or nobody says how many they are. */
export function stackRange(geometry: MemoryGeometry, stack: PlacedName): ByteRange | undefined {
  const { tile, offset, size } = stack;
  const fits = containsTile(geometry, tile) && offset + size <= geometry.bytesPerTile;
  return fits && size > 0 ? { offset: tileStart(geometry, tile) + offset, length: size } : undefined;
}

/** The use of a stack by its bytes where all of them were read in this epoch, else as it was known. */
function useOf({ resource, session, uses }: StackMemory, stack: PlacedName): StackUse | undefined {
  const { geometry, state } = session;
  const epoch = state.partition?.epoch;
  const range = geometry && stackRange(geometry, stack);
  if (epoch === undefined || range === undefined) return undefined;
  const place: StackEpoch = { board: resource.board, partition: resource.partition, epoch };
  const at = session.readAt(range);
  if (at === undefined || session.isStale(range)) return uses.of(place, stack);
  const { base, flags } = session.bytes(range);
  const isRead = flags.every((flag) => (flag & stateBits.known) !== 0 && !isUnreadable(flag));
  return isRead ? uses.note(place, stack, base, at) : uses.of(place, stack);
}

/** What is known of the stack of a core; undefined without one. */
export function stackIn(memory: StackMemory, core: Tile): StackFacts | undefined {
  const { link } = memory.session.state;
  const info = link.kind === 'connected' ? link.board.info : undefined;
  return stackFacts(core, {
    generation: info?.generation ?? 'unknown',
    array: info?.array,
    sp: registersOf(memory.reports, core)?.sp,
    names: memory.names,
    use: (stack) => useOf(memory, stack),
  });
}

/** How deep a stack is, and where it met something; empty for what is no stack. */
export function stackText(memory: StackMemory, name: PlacedName, l10n: Localiser, clock: Clock): string {
  const facts = name.kind === 'stack' ? stackIn(memory, coreOf(name)) : undefined;
  if (facts === undefined) return '';
  const met = facts.meetings.map((one) => stackMeetingText(facts, one, l10n));
  return [`${stackUseText(facts, l10n, clock)}.`, ...met].join(' ');
}

/** Where one of the stacks in the memory of a tile met something, in a sentence. */
export function metStackText(memory: StackMemory, tile: Tile, l10n: Localiser): string | undefined {
  const stacks = memory.names(tile).filter(({ kind }) => kind === 'stack');
  return stacks
    .flatMap((stack) => {
      const facts = stackIn(memory, coreOf(stack));
      return facts?.meetings.map((met) => stackMeetingText(facts, met, l10n)) ?? [];
    })
    .at(0);
}
