/** What is wrong with the debug information of a program, and where in it. */
import type { Localiser } from '../../localiser.ts';
import { hexNumber } from '../../numbers.ts';

/** What is wrong. `debugFaultText` has the sentence of each. */
export type DebugFaultKind =
  | 'ends-early'
  | 'wide-number'
  | 'wide-format'
  | 'version'
  | 'address-size'
  | 'form'
  | 'abbreviation'
  | 'opcode'
  | 'list'
  | 'elsewhere'
  | 'packed'
  | 'too-much';

/** A part of the debug information that cannot be read. What was read before it stays. */
export class DebugFault extends Error {
  readonly kind: DebugFaultKind;
  /** Name of the section, `.debug_info`. */
  readonly section: string;
  /** Offset in the section, bytes. */
  readonly offset: number;
  /** The number that stands there instead. */
  readonly found: number | undefined;

  constructor(kind: DebugFaultKind, section: string, offset: number, found?: number) {
    super(`${kind} in ${section} at byte ${offset}`);
    this.name = 'DebugFault';
    this.kind = kind;
    this.section = section;
    this.offset = offset;
    this.found = found;
  }
}

function sentence({ kind, found = 0 }: DebugFault, l10n: Localiser): string {
  switch (kind) {
    case 'ends-early':
      return l10n.t('The debug information ends in the middle of an entry.');
    case 'wide-number':
      return l10n.t('The debug information has a number of more than 64 bits.');
    case 'wide-format':
      return l10n.t('The debug information is in the 64-bit format of DWARF. Build with the 32-bit format.');
    case 'version':
      return l10n.t('The debug information has DWARF version {0}. Build with version 2, 3, 4 or 5.', found);
    case 'address-size':
      return l10n.t('The debug information has addresses of {0} bytes, not of 4 as cores have.', found);
    case 'form':
      return l10n.t('The debug information has a form that DWARF does not know ({0}).', hexNumber(found));
    case 'abbreviation':
      return l10n.t('The debug information names abbreviation {0}, which is not there.', found);
    case 'opcode':
      return l10n.t(
        'The debug information has an instruction that DWARF does not know ({0}).',
        hexNumber(found),
      );
    case 'list':
      return l10n.t(
        'The debug information has an unknown entry in a list of ranges ({0}).',
        hexNumber(found),
      );
    case 'elsewhere':
      return l10n.t(
        'Part of the debug information lies in a file of its own. Build without split debug information.',
      );
    case 'packed':
      return l10n.t('The debug information is compressed. Build without compressed debug sections.');
    case 'too-much':
      return l10n.t('There is more debug information than any build of a core makes.');
  }
}

/** The fault in a sentence, with its place. */
export function debugFaultText(fault: DebugFault, l10n: Localiser): string {
  return l10n.t('{0} ({1}, byte {2})', sentence(fault, l10n), fault.section, hexNumber(fault.offset));
}
