/** Events and errors of a tile, from the event status words or from the driver's `event` and `error` texts. */
import type { Generation } from '../geometry.ts';
import { parseDecimal } from '../numbers.ts';
import type { EventLayout } from './layout.ts';
import type { TileKind, TileStatus } from './status.ts';
import { isGated, listItems, textLines, type Unparsed } from './sysfs-text.ts';

type ModuleEvents = TileStatus['events'][number];

/** From register words: the events in those words that were read, for each module with such a word. */
export function eventsFromRegisters(
  registers: ReadonlyMap<number, number>,
  layouts: readonly EventLayout[],
): ModuleEvents[] {
  return layouts.flatMap(({ module, base, words: count }) => {
    const numbers: number[] = [];
    let read = false;
    for (let i = 0; i < count; i++) {
      const word = registers.get(base + i * 4);
      if (word === undefined) continue;
      read = true;
      for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) numbers.push(i * 32 + bit);
    }
    return read ? [{ module, numbers }] : [];
  });
}

/**
 * From the driver's text: `core: 1|28|29`. What is not a number is not understood; the numbers beside it count. Of a memory
 * tile the driver prints `pl: ...`, made of words of its memory, for it reads where shim tiles have their events.
 */
export function eventsFromText(
  text: string,
  kind: TileKind,
  unparsed: Unparsed,
): readonly ModuleEvents[] | 'gated' {
  const modules = new Map<string, Set<number>>();
  for (const { name, value, line } of textLines('event', text, unparsed)) {
    if (isGated(value)) return 'gated';
    const notItsOwn = kind === 'memory' && name === 'pl';
    if (!/^[a-z_]{1,20}$/.test(name) || modules.has(name) || notItsOwn) {
      unparsed.add(line);
      continue;
    }
    const numbers = new Set<number>();
    for (const item of listItems(value)) {
      const event = parseDecimal(item);
      if (event === undefined || event > 255) unparsed.add(`event: ${name}: ${item}`);
      else numbers.add(event);
    }
    modules.set(name, numbers);
  }
  return [...modules].map(([module, numbers]) => ({ module, numbers: [...numbers].sort((a, b) => a - b) }));
}

/** From the driver's text: `core: access: one|two` becomes one entry each: `core: access: one`, `core: access: two`. */
export function errorsFromText(text: string, unparsed: Unparsed): readonly string[] {
  const errors = new Set<string>();
  for (const { name, value, line } of textLines('error', text, unparsed)) {
    const [, category, list] = /^([\w-]+): ?(.+)$/.exec(value) ?? [];
    if (!/^[a-z_]{1,20}$/.test(name) || category === undefined || list === undefined) unparsed.add(line);
    else {
      for (const item of listItems(list)) {
        if (/^[\w-]{1,60}$/.test(item)) errors.add(`${name}: ${category}: ${item}`);
        else unparsed.add(`error: ${name}: ${category}: ${item}`);
      }
    }
  }
  return [...errors];
}

type ErrorTable = ReadonlyMap<number, string>;

const coreErrors: readonly (readonly [number, string])[] = [
  [55, 'access: pm_reg_access_failure'],
  [58, 'bus: axi_mm_slave_error'],
  [59, 'instruction: instruction_decompression_error'],
  [60, 'access: dm_address_out_of_range'],
  [62, 'ecc: pm_ecc_error_scrub_2-bit'],
  [64, 'ecc: pm_ecc_error_2-bit'],
  [65, 'access: pm_address_out_of_range'],
  [66, 'access: dm_access_to_unavailable'],
  [67, 'lock: lock_access_to_unavailable'],
];
const memoryErrors: readonly (readonly [number, string])[] = [
  [88, 'ecc: dm_ecc_error_scrub_2-bit'],
  [90, 'ecc: dm_ecc_error_2-bit'],
  ...[2, 3, 4, 5, 6, 7].map((bank) => [89 + bank, `memory_parity: dm_parity_error_bank_${bank}`] as const),
  [97, 'dma: dma_s2mm_0_error'],
  [98, 'dma: dma_s2mm_1_error'],
  [99, 'dma: dma_mm2s_0_error'],
  [100, 'dma: dma_mm2s_1_error'],
];

const aieCore: ErrorTable = new Map([
  ...coreErrors,
  [54, 'stream_switch: tlast_in_wss_words_0-2'],
  [56, 'stream_switch: stream_packet_parity_error'],
  [57, 'stream_switch: control_packet_error'],
  [58, 'bus: axi-mm_slave_error'],
]);
const mlCore: ErrorTable = new Map([
  ...coreErrors,
  [56, 'stream_switch: stream_pkt_parity_error'],
  [57, 'stream_switch: control_pkt_error'],
  [70, 'instruction: decompression_underflow'],
  [71, 'stream_switch: stream_switch_port_parity_error'],
  [72, 'lock: processor_bus_error'],
]);
const coreTileMemory: ErrorTable = new Map(memoryErrors);
const memoryTile: ErrorTable = new Map([
  [58, 'bus: axi_mm_slave_error'],
  [130, 'ecc: dm_ecc_error_scrub_2-bit'],
  [132, 'ecc: dm_ecc_error_2-bit'],
  [133, 'dma: dma_s2mm_error'],
  [134, 'dma: dma_mm2s_error'],
  [135, 'stream_switch: stream_switch_port_parity_error'],
  [136, 'stream_switch: stream_pkt_parity_error'],
  [137, 'stream_switch: control_pkt_error'],
  [139, 'lock: lock_error'],
]);
const aieShim: ErrorTable = new Map([
  [62, 'bus: axi-mm_slave_tile_error'],
  [63, 'stream_switch: control_packet_error'],
  [64, 'stream_switch: axi-mm_decode_nsu_error'],
  [65, 'stream_switch: axi-mm_slave_nsu_error'],
  [66, 'stream_switch: axi-mm_unsupported_traffic'],
  [67, 'stream_switch: axi-mm_unsecure_access_in_secure_mode'],
  [68, 'stream_switch: axi-mm_byte_strobe_error'],
  [69, 'dma: dma_s2mm_0_error'],
  [70, 'dma: dma_s2mm_1_error'],
  [71, 'dma: dma_mm2s_0_error'],
  [72, 'dma: dma_mm2s_1_error'],
]);
const mlShim: ErrorTable = new Map([
  [64, 'bus: axi_mm_slave_tile_error'],
  [65, 'stream_switch: control_pkt_error'],
  [66, 'stream_switch: stream_switch_port_parity_error'],
  [67, 'bus: axi_mm_decode_nsu_error'],
  [68, 'bus: axi_mm_slave_nsu_error'],
  [69, 'bus: axi_mm_unsupported_traffic'],
  [70, 'bus: axi_mm_unsecure_access_in_secure_mode'],
  [71, 'bus: axi_mm_byte_strobe_error'],
  [72, 'dma: dma_s2mm_error'],
  [73, 'dma: dma_mm2s_error'],
]);

/**
 * What the driver calls errors among the events of a module. Not known for shim tiles of AIE2PS: the driver lists the
 * numbers of AIE-ML there, but begins the error events elsewhere.
 */
function errorTable(generation: Generation, kind: TileKind, module: string): ErrorTable | undefined {
  if (kind === 'core' && module === 'core') return generation === 'aie' ? aieCore : mlCore;
  if (kind === 'core' && module === 'memory') return coreTileMemory;
  if (kind === 'memory' && generation !== 'aie') return memoryTile;
  if (kind === 'shim') return { aie: aieShim, aieml: mlShim, aie2ps: undefined }[generation];
  return undefined;
}

/** Errors among the events, in the same words as the driver's `error` text has. */
export function errorsFromEvents(
  events: readonly ModuleEvents[],
  generation: Generation,
  kind: TileKind,
): string[] {
  return events.flatMap(({ module, numbers }) => {
    const table = errorTable(generation, kind, module);
    return numbers.flatMap((event) => {
      const error = table?.get(event);
      return error === undefined ? [] : [`${module}: ${error}`];
    });
  });
}
