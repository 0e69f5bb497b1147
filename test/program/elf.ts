/** Makes ELF files as linkers leave them, for tests. */

/** A section of a made file. */
export interface MadeSection {
  readonly name: string;
  readonly type?: number;
  readonly flags?: number;
  readonly address?: number;
  /** Without bytes: of a section that has none in the file. */
  readonly size?: number;
  readonly bytes?: Uint8Array;
  /** Also as a segment that is loaded. */
  readonly isLoaded?: boolean;
}

/** A symbol of a made file; `section` is the name of a section of it, or a number. */
export interface MadeSymbol {
  readonly name: string;
  readonly value: number;
  readonly size?: number;
  /** `st_info`'s type: 0 none, 1 object, 2 function, 4 file. */
  readonly type?: number;
  readonly section?: string | number;
}

/** A made file. */
export interface MadeElf {
  readonly machine?: number;
  readonly flags?: number;
  readonly type?: number;
  readonly sections?: readonly MadeSection[];
  readonly symbols?: readonly MadeSymbol[];
}

function table(texts: readonly string[]): { bytes: Uint8Array; at: number[] } {
  let all = '\0';
  const at = texts.map((text) => {
    if (text === '') return 0;
    const place = all.length;
    all += `${text}\0`;
    return place;
  });
  return { bytes: new TextEncoder().encode(all), at };
}

/** The file's bytes. */
export function makeElf({
  machine = 264,
  flags = 2,
  type = 2,
  sections = [],
  symbols = [],
}: MadeElf): Uint8Array {
  const strings = table(symbols.map(({ name }) => name));
  const names = ['', ...sections.map(({ name }) => name), '.strtab', '.symtab', '.shstrtab'];
  const sectionNames = table(names);
  const indexOf = (section: string | number): number =>
    typeof section === 'number' ? section : names.indexOf(section);
  const symtab = new DataView(new ArrayBuffer(16 * (symbols.length + 1)));
  symbols.forEach((symbol, i) => {
    const at = 16 * (i + 1);
    symtab.setUint32(at, strings.at[i] ?? 0, true);
    symtab.setUint32(at + 4, symbol.value, true);
    symtab.setUint32(at + 8, symbol.size ?? 0, true);
    symtab.setUint8(at + 12, 16 + (symbol.type ?? 1));
    symtab.setUint16(at + 14, indexOf(symbol.section ?? 0xfff1), true);
  });
  const strtabIndex = sections.length + 1;
  const all: (MadeSection & { readonly link?: number; readonly entry?: number })[] = [
    { name: '', type: 0 },
    ...sections,
    { name: '.strtab', type: 3, bytes: strings.bytes },
    { name: '.symtab', type: 2, bytes: new Uint8Array(symtab.buffer), link: strtabIndex, entry: 16 },
    { name: '.shstrtab', type: 3, bytes: sectionNames.bytes },
  ];
  const loaded = sections.filter(({ isLoaded }) => isLoaded === true);
  const headers = 52 + 32 * loaded.length;
  const payload = all.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  const file = new Uint8Array(headers + payload + 40 * all.length);
  const view = new DataView(file.buffer);
  const put16 = (at: number, value: number) => view.setUint16(at, value, true);
  const put32 = (at: number, value: number) => view.setUint32(at, value, true);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  put16(16, type);
  put16(18, machine);
  put32(20, 1);
  put32(28, loaded.length === 0 ? 0 : 52);
  put32(32, headers + payload);
  put32(36, flags);
  put16(40, 52);
  put16(42, 32);
  put16(44, loaded.length);
  put16(46, 40);
  put16(48, all.length);
  put16(50, all.length - 1);
  let at = headers;
  let segment = 52;
  all.forEach((section, i) => {
    const { bytes, address = 0, size = bytes?.length ?? 0 } = section;
    if (bytes !== undefined) file.set(bytes, at);
    const header = headers + payload + 40 * i;
    put32(header, sectionNames.at[i] ?? 0);
    put32(header + 4, section.type ?? (bytes === undefined ? 8 : 1));
    put32(header + 8, section.flags ?? 0);
    put32(header + 12, address);
    put32(header + 16, at);
    put32(header + 20, size);
    put32(header + 24, section.link ?? 0);
    put32(header + 36, section.entry ?? 0);
    if (section.isLoaded === true) {
      const fields = [1, at, address, address, bytes?.length ?? 0, size, section.flags ?? 0, 1];
      fields.forEach((value, field) => {
        put32(segment + 4 * field, value);
      });
      segment += 32;
    }
    at += bytes?.length ?? 0;
  });
  return file;
}
