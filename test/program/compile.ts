/**
 * Compiles small programs for 32-bit machines that have nothing to do with AI Engines, and gives them out as programs of
 * cores: what reads debug information goes by its sections, not by the machine.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../../scripts/common.ts';

/** What to compile with. */
export interface Build {
  /** A target of clang, or `gcc` for x86 by GNU's compiler. */
  readonly target: string;
  /** Version of DWARF. */
  readonly version: 2 | 3 | 4 | 5;
  readonly level: 'O0' | 'O1' | 'O2' | 'Os';
  readonly more?: readonly string[];
  /** More for the linker. */
  readonly linker?: readonly string[];
}

/** Targets of clang whose addresses have 32 bits, little endian; Hexagon's instructions come in bundles, as a core's do. */
export const targets = [
  'armv7-none-eabi',
  'riscv32',
  'hexagon',
  'i386-none-elf',
  'thumbv7m-none-eabi',
  'mipsel-none-elf',
] as const;

/** How targets are compiled for where their name is not enough. */
const compilers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  gcc: ['g++', '-m32'],
  // Linkers do not know its places for small data.
  hexagon: ['clang++', '--target=hexagon', '-G0'],
};

/** A folder that is deleted at the end of the test. */
export interface Workshop extends AsyncDisposable {
  readonly folder: string;
  /**
   * Compiles and links the sources (contents by name) in a folder of their own; the path of the program, which says it is for
   * `machine`.
   */
  build(sources: Readonly<Record<string, string>>, build: Build, machine: 0 | 264): Promise<string>;
}

/** Makes a folder to build in. */
export async function workshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-programs-'));
  let count = 0;
  return {
    folder,
    build: async (sources, build, machine) => {
      const here = join(folder, `${count++}`);
      await mkdir(here);
      const objects: string[] = [];
      for (const [name, text] of Object.entries(sources)) {
        await writeFile(join(here, name), text);
        if (!name.endsWith('.cc')) continue;
        objects.push(`${name}.o`);
        const common = [
          '-c',
          name,
          '-o',
          `${name}.o`,
          '-ffreestanding',
          '-fno-exceptions',
          '-fno-rtti',
          '-fno-pic',
        ];
        const debug = [
          '-g',
          `-gdwarf-${build.version}`,
          `-${build.level}`,
          '-fno-asynchronous-unwind-tables',
        ];
        const [program, ...own] = compilers[build.target] ?? ['clang++', `--target=${build.target}`];
        await must(program, [...own, ...common, ...debug, ...(build.more ?? [])], { cwd: here });
      }
      const linker = build.target === 'gcc' ? ['ld', '-m', 'elf_i386'] : ['ld.lld'];
      const [program = 'ld', ...first] = linker;
      const layout = ['-e', 'start', '-Ttext=0x100', '-static', '-o', 'core', ...(build.linker ?? [])];
      await must(program, [...first, ...layout, ...objects], { cwd: here });
      const core = join(here, 'core');
      const bytes = await readFile(core);
      bytes.writeUInt16LE(machine, 18);
      await writeFile(core, bytes);
      return core;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
