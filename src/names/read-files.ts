/** The readers of a build's files, loaded when there is a file to read. */
import { readAieMetadata } from '../model/program/container.ts';
import { type ControlConfig, readControlConfig } from '../model/program/control-config.ts';
import { readElf } from '../model/program/elf.ts';
import { type LinkerSource, linkerReaders } from '../model/program/linker-files.ts';
import { type ModuleDevice, readModule } from '../model/program/mlir.ts';
import { type CoreSymbols, coreSymbols } from '../model/program/symbols.ts';
import { textOf } from '../model/text-of.ts';

/** A control file by itself or in a container, with its text. Throws `FileFault`. */
export function readConfig(bytes: Uint8Array, isContainer: boolean): { text: string; config: ControlConfig } {
  const text = isContainer ? readAieMetadata(bytes) : textOf(bytes);
  return { text, config: readControlConfig(text) };
}

/** A module of mlir-aie. Throws `FileFault`. */
export function readModuleFile(bytes: Uint8Array): ModuleDevice[] {
  return readModule(textOf(bytes));
}

/** A core's ELF with the linker files beside it, the most telling first. Throws `FileFault`. */
export function readCore(
  elf: Uint8Array,
  beside: readonly { readonly source: LinkerSource; readonly bytes: Uint8Array }[],
): CoreSymbols {
  return coreSymbols(
    readElf(elf),
    beside.map(({ source, bytes }) => linkerReaders[source](textOf(bytes))),
  );
}
