/** The readers of a build's files by what they read: bytes in, plain data out, so that they can run on another thread. */
import { readAieMetadata } from '../model/program/container.ts';
import { type ControlConfig, readControlConfig } from '../model/program/control-config.ts';
import { DebugInfo } from '../model/program/dwarf/debug-info.ts';
import { readElf } from '../model/program/elf.ts';
import { type FaultFacts, FileFault } from '../model/program/faults.ts';
import { type LinkerSource, linkerReaders } from '../model/program/linker-files.ts';
import { type ModuleDevice, readModule } from '../model/program/mlir.ts';
import { type CoreSymbols, coreSymbols } from '../model/program/symbols.ts';
import { textOf } from '../model/text-of.ts';

/** What can be read: what goes in, and what comes out. */
export interface Readings {
  /** A control file by itself or in a container; its text, too, by which copies are known. */
  readonly config: {
    readonly params: { readonly bytes: Uint8Array; readonly isContainer: boolean };
    readonly result: { readonly text: string; readonly config: ControlConfig };
  };
  /** A module of mlir-aie. */
  readonly module: {
    readonly params: { readonly bytes: Uint8Array };
    readonly result: readonly ModuleDevice[];
  };
  /** A core's ELF with the linker files beside it, the most telling first. */
  readonly core: {
    readonly params: {
      readonly bytes: Uint8Array;
      readonly beside: readonly { readonly source: LinkerSource; readonly bytes: Uint8Array }[];
    };
    readonly result: CoreSymbols;
  };
}
export type Reading = keyof Readings;

/** A file for a reader. */
export type ReadRequest = {
  readonly [K in Reading]: {
    readonly id: number;
    readonly reading: K;
    readonly params: Readings[K]['params'];
  };
}[Reading];

/** What is said to the thread of the readers; null: no file comes any more. */
export type ToReaders = ReadRequest | null;

/** What a reader found, or what is wrong with the file. */
export type ReadAnswer =
  | { readonly id: number; readonly result: Readings[Reading]['result'] }
  | { readonly id: number; readonly fault: FaultFacts };

function readFile({ reading, params }: ReadRequest): Readings[Reading]['result'] {
  switch (reading) {
    case 'config': {
      const text = params.isContainer ? readAieMetadata(params.bytes) : textOf(params.bytes);
      return { text, config: readControlConfig(text) };
    }
    case 'module':
      return readModule(textOf(params.bytes));
    case 'core': {
      const elf = readElf(params.bytes);
      const beside = params.beside.map(({ source, bytes }) => linkerReaders[source](textOf(bytes)));
      return coreSymbols(elf, beside, new DebugInfo(elf));
    }
  }
}

/**
 * Reads a file. The answer survives a thread's message channel, which classes do not. Whatever goes wrong is this file's fault:
 * thrown on, it would end the thread, and with it the reads of all files that wait.
 */
export function answerTo(request: ReadRequest): ReadAnswer {
  const { id } = request;
  try {
    return { id, result: readFile(request) };
  } catch (error) {
    const fault =
      error instanceof FileFault ? error : new FileFault('unreadable', {}, undefined, String(error));
    const { kind, place, part, found } = fault;
    return { id, fault: { kind, place, part, found } };
  }
}
