/** What *Cells...* offers: every format in groups, and the other order of bytes for the present one. */
import { type CellChoice, type CellName, cellFormat, cellNames } from '../model/cells/choices.ts';
import type { Localiser } from '../model/localiser.ts';

/** One line: a choice, or the heading of a group. */
export interface CellItem {
  readonly label: string;
  readonly description?: string;
  /** Without it the line is a heading. */
  readonly choice?: CellChoice;
}

/** The first letters of a name say its group. */
const groupOf = /^(?:hex|u?int|b?float|c|bin|oct)/;

function groups(l10n: Localiser): Readonly<Record<string, string>> {
  return {
    hex: l10n.t('Hexadecimal'),
    uint: l10n.t('Unsigned integers'),
    int: l10n.t('Signed integers'),
    float: l10n.t('Floating point'),
    bfloat: l10n.t('Floating point'),
    c: l10n.t('Complex numbers'),
    bin: l10n.t('Bits'),
    oct: l10n.t('Octal'),
  };
}

function bytesOf(name: CellName): number {
  return cellFormat({ name, order: 'little' }, true).bytes;
}

/** The lines, with the present choice marked. The order of bytes stays as it is until it is changed by its own line. */
export function cellItems({ name: shown, order }: CellChoice, l10n: Localiser): readonly CellItem[] {
  const headings = groups(l10n);
  const items: CellItem[] = [];
  if (bytesOf(shown) > 1) {
    const other = order === 'little' ? 'big' : 'little';
    items.push({
      label: other === 'big' ? l10n.t('Big-endian') : l10n.t('Little-endian'),
      description: l10n.t('keeps {0}, turns the order of its bytes', shown),
      choice: { name: shown, order: other },
    });
  }
  let last: string | undefined;
  for (const name of cellNames) {
    const heading = headings[groupOf.exec(name)?.[0] ?? ''];
    if (heading !== undefined && heading !== last) items.push({ label: heading });
    last = heading;
    const bytes = bytesOf(name);
    const size = bytes === 1 ? l10n.t('1 byte') : l10n.t('{0} bytes', bytes);
    const choice = { name, order };
    items.push({
      label: name,
      description: name === shown ? l10n.t('{0}, shown now', size) : size,
      choice,
    });
  }
  return items;
}
