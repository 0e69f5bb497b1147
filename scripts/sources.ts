/** Lists of the project's own files, as git knows them (tracked, or new and not ignored). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { must, root } from './common.ts';

/** Paths below the checkout, relative, with forward slashes; deleted ones are left out. */
export async function projectFiles(...pathspecs: string[]): Promise<string[]> {
  const listed = await must('git', [
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--',
    ...pathspecs,
  ]);
  const files = new Set(listed.split('\0').filter((path) => path !== ''));
  return [...files].filter((path) => existsSync(join(root, path))).sort();
}

/** C and C++ sources that clang-format looks after; the kernel module follows the kernel's own style. */
export async function nativeSources(): Promise<string[]> {
  const files = await projectFiles('native');
  return files.filter((path) => /\.(c|cc|cpp|h|hpp)$/.test(path));
}
