/** The hosts that a person has given a name to in the ssh configuration, to pick from. */
import { BoardError } from '../errors.ts';
import { includedFiles, isUserFile, maxIncludeDepth, readConfigFile } from './config.ts';
import { type ConfigLine, ConfigSyntaxError, parseConfigLine } from './config-lines.ts';
import { expandHome, usualConfigFiles } from './config-paths.ts';
import type { SshEnvironment } from './target.ts';

/**
 * The names that the files give to hosts, by `Host` lines without patterns, in order, with those of included files. Without
 * files those are meant that ssh reads by itself. What cannot be read, or is none of ssh's language, is passed over.
 */
export function hostNames(files: readonly string[], environment: SshEnvironment): string[] {
  const names = new Set<string>();
  const read = (path: string, userFile: boolean, depth: number) => {
    if (depth > maxIncludeDepth) return;
    for (const line of tolerantLines(path)) {
      if (line.keyword === 'host') {
        for (const word of line.args) if (!/[*?!]/.test(word)) names.add(word);
      } else if (line.keyword === 'include') {
        for (const word of line.args) {
          for (const file of tolerantIncludes(word, userFile, environment)) read(file, userFile, depth + 1);
        }
      }
    }
  };
  const all = files.length > 0 ? files : usualConfigFiles(environment);
  for (const file of all) read(expandHome(file, environment), isUserFile(file, environment), 0);
  return [...names];
}

function tolerantLines(path: string): ConfigLine[] {
  let text: string | undefined;
  try {
    text = readConfigFile(path, { userFile: true, checkOwner: false, accounts: '', explicit: false }, true);
  } catch (error) {
    if (error instanceof BoardError) return [];
    throw error;
  }
  return (text ?? '').split('\n').flatMap((raw) => {
    try {
      return parseConfigLine(raw) ?? [];
    } catch (error) {
      if (error instanceof ConfigSyntaxError) return [];
      throw error;
    }
  });
}

function tolerantIncludes(word: string, userFile: boolean, environment: SshEnvironment): string[] {
  try {
    return includedFiles(word, userFile, environment, { file: word, line: 0 });
  } catch (error) {
    if (error instanceof BoardError) return [];
    throw error;
  }
}
