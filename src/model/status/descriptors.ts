/** Buffer descriptors of a tile's DMA, from their words or from the driver's `bd` text. */
import { parseDecimal, parseHex } from '../numbers.ts';
import type { DescriptorLayout } from './layout.ts';
import type { DescriptorLock, DescriptorStatus } from './status.ts';
import { isGated, listItems, textLines, type Unparsed } from './sysfs-text.ts';

type Values = ReadonlyMap<string, number>;

function signed(value: number, width: number): number {
  return value >= 2 ** (width - 1) ? value - 2 ** width : value;
}

/** What is acquired and released, for buffer A (`suffix` empty) or B of the first generation. */
function lockPair(values: Values, suffix: '' | '_B'): { acquire?: DescriptorLock; release?: DescriptorLock } {
  const of = (name: string): number => values.get(`${name}${suffix}`) ?? 0;
  const one = (lock: number, value: number): DescriptorLock => ({ lock, value });
  if (values.has(`Lock_ID${suffix}`)) {
    const lock = of('Lock_ID');
    const value = (which: 'Acq' | 'Rel'): number =>
      of(`Lock_${which}_Value_Enable`) === 1 ? of(`Lock_${which}_Value`) : -1;
    return {
      ...(of('Lock_Acq_Enable') === 1 ? { acquire: one(lock, value('Acq')) } : {}),
      ...(of('Lock_Rel_Enable') === 1 ? { release: one(lock, value('Rel')) } : {}),
    };
  }
  return {
    ...(of('Lock_Acq_Enable') === 1 ? { acquire: one(of('Lock_Acq_ID'), of('Lock_Acq_Value')) } : {}),
    // There is no enable bit for the release: a value of 0 means none (AM025).
    ...(of('Lock_Rel_Value') === 0 ? {} : { release: one(of('Lock_Rel_ID'), of('Lock_Rel_Value')) }),
  };
}

const said = new Set([
  'Base_Address',
  'Base_Address_High',
  'Buffer_Length',
  'Valid_BD',
  'Use_Next_BD',
  'Next_BD',
]);

function descriptorOf(
  index: number,
  values: Values,
  raw: readonly number[],
  layout: DescriptorLayout,
): DescriptorStatus {
  const of = (name: string): number => values.get(name) ?? 0;
  return {
    index,
    valid: of('Valid_BD') === 1,
    address: of('Base_Address_High') * 2 ** 32 + of('Base_Address') * layout.addressUnit,
    length: (of('Buffer_Length') + layout.lengthBias) * 4,
    ...(of('Use_Next_BD') === 1 ? { next: of('Next_BD') } : {}),
    ...lockPair(values, ''),
    ...(of('Enable_A_B') === 1
      ? { second: { address: of('Base_Address_B') * layout.addressUnit, ...lockPair(values, '_B') } }
      : {}),
    fields: [...values]
      .filter(([name]) => !said.has(name))
      .map(([name, value]) => [name, `${value}`] as const),
    raw,
  };
}

/** From register words: those descriptors of which every word was read. */
export function descriptorsFromRegisters(
  registers: ReadonlyMap<number, number>,
  layout: DescriptorLayout,
): DescriptorStatus[] {
  const descriptors: DescriptorStatus[] = [];
  for (let index = 0; index < layout.count; index++) {
    const raw: number[] = [];
    for (let word = 0; word < layout.words; word++) {
      const value = registers.get(layout.base + index * layout.stride + word * 4);
      if (value !== undefined) raw.push(value >>> 0);
    }
    if (raw.length !== layout.words) continue;
    const values = new Map<string, number>();
    for (const field of layout.fields) {
      const bits = ((raw[field.word] ?? 0) >>> field.lsb) % 2 ** field.width;
      values.set(field.name, field.signed === true ? signed(bits, field.width) : bits);
    }
    descriptors.push(descriptorOf(index, values, raw, layout));
  }
  return descriptors;
}

/**
 * From the driver's text: `0: address|length|...`, the address in hexadecimal without `0x`, the rest decimal. A line of
 * another number of fields is not understood: nothing is guessed. `gated`: the tile may not be touched.
 */
export function descriptorsFromText(
  text: string,
  layout: DescriptorLayout | undefined,
  unparsed: Unparsed,
): readonly DescriptorStatus[] | 'gated' {
  const byName = new Map(layout?.fields.map((field) => [field.name, field]));
  const found = new Map<number, DescriptorStatus>();
  for (const { name, value, line } of textLines('bd', text, unparsed)) {
    if (isGated(value)) return 'gated';
    const index = parseDecimal(name);
    const columns = listItems(value);
    if (
      layout === undefined ||
      index === undefined ||
      index >= layout.trustedInSysfs ||
      found.has(index) ||
      columns.length !== layout.columns.length
    ) {
      unparsed.add(line);
      continue;
    }
    const values = new Map<string, number>();
    layout.columns.forEach((column, i) => {
      const text = columns[i] ?? '';
      const wide = column.startsWith('Base_Address') ? parseHex(text) : parseDecimal(text);
      const field = byName.get(column);
      const width = column === 'Base_Address' && layout.addressUnit === 1 ? 48 : (field?.width ?? 0);
      if (wide === undefined || wide >= 2 ** width) return;
      values.set(column, field?.signed === true ? signed(wide, field.width) : wide);
    });
    if (values.size === layout.columns.length) found.set(index, descriptorOf(index, values, [], layout));
    else unparsed.add(line);
  }
  return [...found.values()].sort((a, b) => a.index - b.index);
}
