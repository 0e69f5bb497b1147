/**
 * What a core is doing: from Core_Status and its neighbours, or from the driver's `core` text.
 * Bits and words: linux-xlnx `aie_core_status_str` and `aieml_core_status_str`.
 */
import type { Generation } from '../geometry.ts';
import { parseHex } from '../numbers.ts';
import type { CoreLayout } from './layout.ts';
import type { CoreState, CoreStatus, Stall } from './status.ts';
import { isGated, listItems, textLines, type Unparsed } from './sysfs-text.ts';

/** Names of the bits of Core_Status, lowest first, in the driver's spelling. Bits 11 and 13: first generation only. */
const coreStatusBits: readonly string[] = [
  'enabled',
  'reset',
  'south_memory_stall',
  'west_memory_stall',
  'north_memory_stall',
  'east_memory_stall',
  'south_lock_stall',
  'west_lock_stall',
  'north_lock_stall',
  'east_lock_stall',
  'stream_stall_ss0',
  'stream_stall_ss1',
  'stream_stall_ms0',
  'stream_stall_ms1',
  'cascade_stall_scd',
  'cascade_stall_mcd',
  'debug_halt',
  'ecc_error_stall',
  'ecc_scrubbing_stall',
  'error_halt',
  'core_done',
  'core_processor_bus_stall',
];

/** Other spellings in which drivers or their manuals name a bit. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['enable', 'enabled'],
  ['ecc_error', 'ecc_error_stall'],
  ['ecc_scrubbing', 'ecc_scrubbing_stall'],
]);

const coreDone = 'core_done';
const enableEventsDone = 0x8000;

/** The bits of Core_Status that the generation has. */
function knownCoreBits(generation: Generation): number {
  return generation === 'aie' ? 0x1f_ffff : 0x3f_d7ff;
}

function stallOf(name: string): Stall | undefined {
  const own = /^(south|west|north|east)_(memory|lock)_stall$/.exec(name);
  if (own?.[1] !== undefined && own[2] !== undefined) {
    return { kind: own[2] === 'lock' ? 'lock' : 'memory', on: own[1] };
  }
  const flow = /^(stream|cascade)_stall_(\w+)$/.exec(name);
  if (flow?.[1] !== undefined && flow[2] !== undefined) {
    return { kind: flow[1] === 'stream' ? 'stream' : 'cascade', on: flow[2] };
  }
  return undefined;
}

function stateOf(flags: ReadonlySet<string>, stalls: readonly Stall[]): CoreState {
  if (flags.has('error_halt')) return 'error';
  if (flags.has('debug_halt')) return 'debug-halted';
  for (const kind of ['lock', 'stream', 'memory', 'cascade'] as const) {
    if (stalls.some((stall) => stall.kind === kind)) return `${kind}-stall`;
  }
  if (flags.has(coreDone)) return 'done';
  // Enabled in reset is not running: the reset holds the core.
  if (flags.has('reset')) return 'reset';
  return flags.has('enabled') ? 'running' : 'disabled';
}

/** Flags that the state itself says. */
const saidBy: Readonly<Partial<Record<CoreState, string>>> = {
  error: 'error_halt',
  'debug-halted': 'debug_halt',
  done: coreDone,
  reset: 'reset',
};

/** A core's status from the names of the bits that are set. Order of stalls and flags: that of the bits. */
function fromFlags(set: ReadonlySet<string>): Pick<CoreStatus, 'state' | 'enabled' | 'stalls' | 'flags'> {
  const stalls: Stall[] = [];
  const rest: string[] = [];
  for (const name of coreStatusBits) {
    if (!set.has(name)) continue;
    const stall = stallOf(name);
    if (stall !== undefined) stalls.push(stall);
    else if (name !== 'enabled') rest.push(name);
  }
  const state = stateOf(set, stalls);
  return {
    state,
    enabled: set.has('enabled'),
    stalls,
    flags: rest.filter((name) => name !== saidBy[state]),
  };
}

/** From register words; undefined when Core_Status was not read. */
export function coreFromRegisters(
  registers: ReadonlyMap<number, number>,
  layout: CoreLayout,
  generation: Generation,
): CoreStatus | undefined {
  const word = registers.get(layout.status);
  if (word === undefined) return undefined;
  const known = knownCoreBits(generation);
  const set = new Set(coreStatusBits.filter((_, bit) => ((word & known) >>> bit) & 1));
  const events = layout.enableEvents === undefined ? undefined : registers.get(layout.enableEvents);
  if (events !== undefined && (events & enableEventsDone) !== 0) set.add(coreDone);
  const pc = registers.get(layout.pc);
  const sp = registers.get(layout.sp);
  const lr = registers.get(layout.lr);
  return {
    ...fromFlags(set),
    unknownBits: (word & ~known) >>> 0,
    ...(pc === undefined ? {} : { pc: pc >>> 0 }),
    ...(sp === undefined ? {} : { sp: sp >>> 0 }),
    ...(lr === undefined ? {} : { lr: lr >>> 0 }),
  };
}

/** From the driver's text; `gated` when it says that the tile may not be touched; undefined without a status line. */
export function coreFromText(text: string, unparsed: Unparsed): CoreStatus | 'gated' | undefined {
  let status: string | undefined;
  const pointers: { pc?: number; sp?: number; lr?: number } = {};
  for (const { name, value, line } of textLines('core', text, unparsed)) {
    if (name === 'status' && status === undefined) status = value;
    else if ((name === 'pc' || name === 'sp' || name === 'lr') && pointers[name] === undefined) {
      const word = parseHex(value);
      if (word === undefined || word > 0xffff_ffff) unparsed.add(line);
      else pointers[name] = word;
    } else unparsed.add(line);
  }
  if (status === undefined) return undefined;
  if (isGated(status)) return 'gated';
  const set = new Set<string>();
  for (const item of listItems(status)) {
    const name = aliases.get(item) ?? item;
    if (coreStatusBits.includes(name)) set.add(name);
    else if (item !== 'disabled') unparsed.add(`core: status: ${item}`);
  }
  return { ...fromFlags(set), unknownBits: 0, ...pointers };
}
