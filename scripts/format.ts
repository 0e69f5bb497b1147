/** `npm run format`: brings sources into the project's form, and generated lists up to date. */
import { writeAcceptance } from './check-acceptance.ts';
import { writeBundle } from './check-l10n.ts';
import { isMain, localBin, root, run, runMain } from './common.ts';
import { nativeSources } from './sources.ts';

async function main(): Promise<number> {
  await writeBundle(root);
  await writeAcceptance();
  const biome = await run(localBin('biome'), ['check', '--write', '.']);
  const sources = await nativeSources();
  const clang = sources.length === 0 ? 0 : await run('clang-format', ['-i', ...sources]);
  return biome || clang;
}

if (isMain(import.meta.url)) runMain(main);
