/** Which core a file of a build belongs to, and where the files beside it lie; by paths with `/`. */
import { mostColumns, mostRows } from '../geometry.ts';
import type { LinkerSource } from './linker-files.ts';

/** Files of a build that are found at most, for each kind: an array has 400 cores. */
export const mostFilesOfKind = 5000;
/** The largest file of a build that is read, bytes. */
export const mostBytesOfFile = 64 * 1024 * 1024;
/** Lines that are read of one text file of a build. */
export const mostLinesOfFile = 1_000_000;

/** The core of an ELF, as its path says. */
export interface CorePath {
  /** From the partition's first column. */
  readonly column: number;
  readonly row: number;
  /** Whether the row counts from the first row of cores (aiecompiler), or is absolute (mlir-aie). */
  readonly isComputeRow: boolean;
}

const ofAiecompiler = /(?:^|\/)aie\/(\d{1,4})_(\d{1,4})\/Release\/\1_\2$/;
const ofMlirAie = /(?:^|\/)[^/]*core_(\d{1,4})_(\d{1,4})\.elf$/;

/** The core whose ELF lies at the path; `undefined` for paths that do not say it. */
export function corePath(path: string): CorePath | undefined {
  const compute = ofAiecompiler.exec(path);
  const [, column, row] = compute ?? ofMlirAie.exec(path) ?? [];
  const at = { column: Number(column), row: Number(row), isComputeRow: compute !== null };
  return at.column < mostColumns && at.row < mostRows ? at : undefined;
}

/**
 * The folder of the build that a file belongs to, without a slash at its end: aiecompiler's `Work`, mlir-aie's folder with
 * ELFs and module. Files of one build have the same.
 */
export function buildFolder(path: string): string {
  const inWork = /^(.*)\/(?:ps\/c_rts\/[^/]+|aie\/[^/]+\/Release\/[^/]+)$/.exec(path)?.[1];
  if (inWork !== undefined) return inWork;
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const name = path.slice(folder.length + 1).replace(/\.elf$/, '');
  return folder.endsWith(`/${name}`) ? folder.slice(0, -name.length - 1) : folder;
}

/** A linker file that may lie beside an ELF. */
export interface LinkerPath {
  readonly path: string;
  readonly source: LinkerSource;
}

/** Where the linker files of a core's ELF lie, the most telling first. */
export function linkerPaths(path: string): LinkerPath[] {
  const slash = path.lastIndexOf('/');
  const folder = path.slice(0, slash + 1);
  const name = path.slice(slash + 1).replace(/\.elf$/, '');
  const bcf = (at: string): LinkerPath => ({ path: at, source: 'bcf' });
  const script = (at: string): LinkerPath => ({ path: at, source: 'ld.script' });
  const map = (at: string): LinkerPath => ({ path: at, source: 'map' });
  if (corePath(path)?.isComputeRow === true) {
    return [bcf(`${folder.replace(/Release\/$/, 'scripts/')}${name}.bcf`), map(`${path}.map`)];
  }
  const scriptName = name.replace(/^elfs_/, 'ldScripts_');
  const above = folder.endsWith(`/${name}/`) ? folder.slice(0, -name.length - 1) : folder;
  return [
    bcf(`${folder}${name}.bcf`),
    script(`${folder}${name}.ld.script`),
    script(`${folder}${scriptName}.ld.script`),
    script(`${above}${scriptName}.ld.script`),
    script(`${above}${scriptName}/${scriptName}.ld.script`),
    map(`${path}.map`),
  ].filter((one, i, all) => all.findIndex(({ path: other }) => other === one.path) === i);
}
