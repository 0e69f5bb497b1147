/**
 * Where the configuration's files lie: `~`, wildcards, the machine's own folder. Paths are written with `/` on every system,
 * which Windows takes as well.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isGlob, matchesGlob } from './patterns.ts';
import type { SshEnvironment } from './target.ts';

/** Larger than any of ssh's files is, bytes: such a file is not read. */
export const mostFileBytes = 16 << 20;

/** A path with `/` between its parts. */
export function slashed(path: string, environment: SshEnvironment): string {
  return environment.platform === 'win32' ? path.replaceAll('\\', '/') : path;
}

/** The home folder. */
export function homeOf(environment: SshEnvironment): string {
  return slashed(environment.home, environment).replace(/(?<=.)\/+$/, '');
}

/** The folder of the machine's own configuration. */
export function systemFolder(environment: SshEnvironment): string {
  if (environment.platform !== 'win32') return '/etc/ssh';
  return `${slashed(environment.variables['ProgramData'] ?? 'C:/ProgramData', environment)}/ssh`;
}

/** The configuration files that ssh reads by itself, in order of precedence. */
export function usualConfigFiles(environment: SshEnvironment): string[] {
  return [`${homeOf(environment)}/.ssh/config`, `${systemFolder(environment)}/ssh_config`];
}

/** A path with `/`, in which `~` and `~name` at the beginning stand for a home folder. */
export function expandHome(path: string, environment: SshEnvironment): string {
  const text = slashed(path, environment);
  const [whole = '', name = ''] = /^~([^/]*)/.exec(text) ?? [];
  if (whole === '') return text;
  const home = name === '' || name === environment.user ? homeOf(environment) : homeOfUser(name);
  // An unknown user name stays as it is: the path then names no file.
  return home === undefined ? text : home + text.slice(whole.length);
}

function homeOfUser(name: string): string | undefined {
  try {
    const users = readFileSync('/etc/passwd', 'utf8').split('\n');
    return users.map((line) => line.split(':')).find(([user]) => user === name)?.[5];
  } catch {
    // No list of users, as on Windows.
    return undefined;
  }
}

/** Whether a path with `/` begins at a root. */
export function isAbsolutePath(path: string, environment: SshEnvironment): boolean {
  return path.startsWith('/') || (environment.platform === 'win32' && /^[a-z]:\//i.test(path));
}

/** Existing files that a path with wildcards in any part stands for, sorted; dot files only where asked for. */
export function expandGlob(path: string): string[] {
  let found = [/^\/{0,2}/.exec(path)?.[0] ?? ''];
  const inside = (folder: string, name: string) =>
    folder === '' || folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
  for (const part of path.split('/').filter((p) => p !== '')) {
    found = found.flatMap((folder) => {
      if (!isGlob(part)) return [inside(folder, part)];
      try {
        return readdirSync(folder === '' ? '.' : folder)
          .filter((name) => (part.startsWith('.') || !name.startsWith('.')) && matchesGlob(name, part))
          .sort()
          .map((name) => inside(folder, name));
      } catch {
        // A folder that cannot be listed matches nothing, as with glob(3).
        return [];
      }
    });
  }
  return found;
}
