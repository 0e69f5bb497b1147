/** The commands that the README tells people to run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './common.ts';

/** The README as it stands. */
export const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The commands of its shell blocks, without comments. */
export function blockCommands(): string[] {
  const blocks = [...readme.matchAll(/```bash\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  return blocks
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** The scripts that it names in running text. */
export function textCommands(): string[] {
  return [...readme.matchAll(/`(npm run [a-z:]+)`/g)].map((match) => match[1] ?? '');
}
