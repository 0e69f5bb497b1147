/** `npm run format`: brings TypeScript, JSON and C++ sources into the project's form. */
import { isMain, localBin, run, runMain } from './common.ts';
import { nativeSources } from './sources.ts';

async function main(): Promise<number> {
  const biome = await run(localBin('biome'), ['check', '--write', '.']);
  const sources = await nativeSources();
  const clang = sources.length === 0 ? 0 : await run('clang-format', ['-i', ...sources]);
  return biome || clang;
}

if (isMain(import.meta.url)) runMain(main);
