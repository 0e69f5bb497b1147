/** Registers of a tile of the simulated array, as its hardware would answer: what status is decoded from. */
import type { Generation, Tile } from '../../model/geometry.ts';
import type { CoreActivity, SimulatedArray } from './array.ts';
import { kindOfRow } from './shape.ts';

interface CoreOffsets {
  readonly control: number;
  readonly status: number;
  readonly pc: number;
  readonly sp: number;
  readonly lr: number;
}

/** Offsets in a core tile (aie-rt register headers, linux-xlnx). */
const coreOffsets: Readonly<Record<Generation, CoreOffsets>> = {
  aie: { control: 0x32000, status: 0x32004, pc: 0x30280, sp: 0x302a0, lr: 0x302b0 },
  aieml: { control: 0x32000, status: 0x32004, pc: 0x31100, sp: 0x31120, lr: 0x31130 },
  aie2ps: { control: 0x38000, status: 0x38004, pc: 0x32d00, sp: 0x32d20, lr: 0x32d30 },
};

/** Core_Status of each activity: enable is bit 0, lock stalls bits 6 (south) to 9, done bit 20. */
const statusWords: Readonly<Record<CoreActivity, number>> = {
  disabled: 0,
  running: 1,
  done: 1 | (1 << 20),
  'lock-stall-south': 1 | (1 << 6),
  'lock-stall-north': 1 | (1 << 8),
};

/** Register words of a clocked tile by their offset. `detail`: descriptors and events too. */
export function statusRegisters(array: SimulatedArray, tile: Tile, _detail: boolean): Map<number, number> {
  const registers = new Map<number, number>();
  if (kindOfRow(array.shape, tile.row) !== 'core') return registers;
  const offsets = coreOffsets[array.generation];
  const activity = array.activity(tile);
  registers.set(offsets.control, activity === 'disabled' ? 0 : 1);
  registers.set(offsets.status, statusWords[activity]);
  const pc =
    activity === 'running' ? 0x200 + ((array.now() * 16) % 0x800) : activity === 'disabled' ? 0 : 0x4a0;
  registers.set(offsets.pc, pc);
  registers.set(offsets.sp, activity === 'disabled' ? 0 : 0x38100);
  registers.set(offsets.lr, activity === 'disabled' ? 0 : 0x1c0);
  return new Map([...registers].sort(([a], [b]) => a - b));
}
