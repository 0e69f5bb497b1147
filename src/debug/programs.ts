/** The program of a core, and what it says about an address. */
import type { Disposable, Event } from '../model/event.ts';
import type { Tile } from '../model/geometry.ts';
import { hexNumber } from '../model/numbers.ts';
import { Covering } from '../model/program/covering.ts';
import { DebugInfo, type ProgramCall } from '../model/program/dwarf/debug-info.ts';
import type { ElfFile } from '../model/program/elf.ts';
import type { LinkerFile } from '../model/program/linker-files.ts';
import type { Instruction } from '../model/program/listing.ts';
import { type ProgramImage, programImage } from '../model/program/program-image.ts';
import { type CoreSymbols, coreSymbols } from '../model/program/symbols.ts';

/** The programs of a partition's cores. */
export interface Programs extends Disposable {
  /** Fires when programs were read, or dropped. */
  readonly onDidChange: Event<void>;
  /** That of a tile's core; `undefined` where none is known. */
  at(tile: Tile): CoreProgram | undefined;
  /** The instructions of that program; `undefined` where nothing tells them. Rejects with what can be said of the failure. */
  listing(tile: Tile): Promise<readonly Instruction[] | undefined>;
  /** Drops what was read of files that changed since: the next need reads them. Never rejects. */
  dropChanged(): Promise<void>;
}

/** A core's ELF with its debug information, if it has any, and what its linker was told. */
export class CoreProgram {
  readonly info: DebugInfo;
  /** Buffers, and where the stack lies. */
  readonly symbols: CoreSymbols;
  readonly #elf: ElfFile;
  #image: ProgramImage | undefined;
  /** Function symbols by their address. */
  readonly #functions: readonly { readonly name: string; readonly value: number; readonly size: number }[];
  readonly #covering: Covering;

  /** `linkerFiles`: those beside the ELF, the most telling first. */
  constructor(elf: ElfFile, linkerFiles: readonly LinkerFile[] = []) {
    this.#elf = elf;
    this.info = new DebugInfo(elf);
    this.symbols = coreSymbols(elf, linkerFiles);
    this.#functions = elf.symbols.filter(({ type }) => type === 'function').sort((a, b) => a.value - b.value);
    this.#covering = new Covering(
      this.#functions.map(({ value, size }) => ({ low: value, high: value + size })),
    );
  }

  /** What the ELF puts into program memory. Throws `FileFault` for an ELF with more parts than any linker makes. */
  get image(): ProgramImage {
    this.#image ??= programImage(this.#elf);
    return this.#image;
  }

  /** The calls at the address, the innermost first; by symbols alone where debug information says nothing. */
  callsAt(address: number): readonly ProgramCall[] {
    const calls = this.info.callsAt(address);
    if (calls.length > 0) return calls;
    const symbol = this.#functions[this.#covering.at(address)];
    if (symbol === undefined) return [];
    const { name } = symbol;
    return [{ name, scope: '', linkageName: name, place: undefined, isInlined: false }];
  }
}

/** Where a core is, in as few signs as can be: `fir:16`, or its address where no function is known. */
export function placeText(program: CoreProgram | undefined, address: number): string {
  const call = program?.callsAt(address).at(-1);
  if (call === undefined) return hexNumber(address);
  const line = call.place?.line ?? 0;
  return line === 0 ? call.name : `${call.name}:${line}`;
}
