/** The debug sections of one program, and the texts and addresses that entries name by place or by index. */
import type { ElfSection } from '../elf.ts';
import { forms } from './constants.ts';
import { Budget, Cursor, textAt } from './cursor.ts';
import { readNumber } from './forms.ts';

/** A section with what is needed of its header. */
export type DebugSection = Pick<ElfSection, 'name' | 'bytes' | 'flags'>;

/** Characters of all texts of a program that are read; entries may share a long one, and each reads its own. */
const mostText = 2 ** 26;

const none = new Uint8Array();

/** The sections by name; one that is not there is empty. */
export class DebugSections {
  readonly budget: Budget;
  readonly #texts = new Budget(mostText);
  readonly #bytes: ReadonlyMap<string, Uint8Array>;

  constructor(sections: Iterable<DebugSection>, budget: Budget) {
    this.#bytes = new Map(Array.from(sections, ({ name, bytes }) => [name, bytes]));
    this.budget = budget;
  }

  bytes(name: string): Uint8Array {
    return this.#bytes.get(name) ?? none;
  }

  /** Throws `DebugFault` for an offset outside. */
  cursor(name: string, offset = 0): Cursor {
    return new Cursor(name, this.bytes(name), offset);
  }

  /** Bytes of all of them together. */
  get length(): number {
    let sum = 0;
    for (const bytes of this.#bytes.values()) sum += bytes.length;
    return sum;
  }

  /** The address with the index, of the unit whose addresses begin at `base` of .debug_addr. */
  address(base: number, index: number): number {
    return this.cursor('.debug_addr', base + 4 * index).u32();
  }

  /** The text behind a form; undefined for a form of no text, or of a text that lies in another file. */
  text(cursor: Cursor, form: number, textOffsetsBase: number): string | undefined {
    const { section, at } = cursor;
    const text = this.#text(cursor, form, textOffsetsBase);
    this.#texts.spend(text?.length ?? 0, section, at);
    return text;
  }

  #text(cursor: Cursor, form: number, textOffsetsBase: number): string | undefined {
    switch (form) {
      case forms.text:
        return cursor.text();
      case forms.textOffset:
        return this.#textAt('.debug_str', cursor.u32());
      case forms.lineTextOffset:
        return this.#textAt('.debug_line_str', cursor.u32());
      case forms.textIndex:
      case forms.textIndex1:
      case forms.textIndex2:
      case forms.textIndex3:
      case forms.textIndex4: {
        const index = readNumber(cursor, form) ?? 0;
        return this.#textAt(
          '.debug_str',
          this.cursor('.debug_str_offsets', textOffsetsBase + 4 * index).u32(),
        );
      }
      default:
        return undefined;
    }
  }

  #textAt(section: string, offset: number): string {
    return textAt(section, this.bytes(section), offset, this.budget);
  }
}
