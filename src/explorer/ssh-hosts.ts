/** The hosts that a person has given a name to in the ssh configuration, to pick from. */
import { readFile } from 'node:fs/promises';
import { ConfigSyntaxError, parseConfigLine } from '../board/ssh/config-lines.ts';

/** Aliases of `Host` lines, without patterns, in the order of the text; lines that cannot be read are passed over. */
export function hostAliases(text: string): string[] {
  const aliases = new Set<string>();
  for (const line of text.split('\n')) {
    for (const word of wordsOfHostLine(line)) {
      if (!/[*?!]/.test(word)) aliases.add(word);
    }
  }
  return [...aliases];
}

function wordsOfHostLine(text: string): readonly string[] {
  try {
    const line = parseConfigLine(text);
    return line?.keyword === 'host' ? line.words : [];
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return [];
    throw error;
  }
}

/** Aliases of all these files; files that do not exist or cannot be read have none. */
export async function readHostAliases(files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(
    files.map((file) =>
      readFile(file, 'utf8').then(
        (text) => text,
        () => '',
      ),
    ),
  );
  return [...new Set(texts.flatMap(hostAliases))];
}
