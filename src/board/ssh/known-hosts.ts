/**
 * known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): who a host is known to be, and the two changes that a person
 * can ask for. Files are handled as bytes (latin1), so that what is not ours to change stays as it is.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from '../replace-file.ts';
import { mostFileBytes } from './config-paths.ts';
import { matchList } from './patterns.ts';

/** One line that names a key. */
export interface KnownHostEntry {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** `@revoked`, `@cert-authority`, or empty. */
  readonly marker: string;
  /** The host field as it stands: patterns joined by commas, or `|1|salt|hash`. */
  readonly hosts: string;
  readonly type: string;
  /** The public key as it travels. */
  readonly key: Buffer;
}

/** What the files say about a host that shows a key. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'revoked'; readonly entry: KnownHostEntry }
  /** Another key of the same type is on file. */
  | { readonly kind: 'changed'; readonly entry: KnownHostEntry }
  /** No key of this type is on file; `knownTypes` are the others. */
  | { readonly kind: 'unknown'; readonly knownTypes: readonly string[] };

/** The name under which a host stands in known_hosts: `host`, or `[host]:port` if the port is not 22. */
export function knownHostName(host: string, port: number): string {
  const lower = host.toLowerCase();
  return port === 22 ? lower : `[${lower}]:${port}`;
}

/** `SHA256:...` without padding, as OpenSSH prints it. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type inside a public key blob; `undefined` if it is none. */
export function keyType(key: Buffer): string | undefined {
  if (key.length < 5) return undefined;
  const length = key.readUInt32BE(0);
  if (length === 0 || length > 64 || key.length < 4 + length) return undefined;
  const type = key.toString('latin1', 4, 4 + length);
  return /^[\x21-\x7e]+$/.test(type) ? type : undefined;
}

/**
 * All entries of the files, in order. Missing files are empty; lines that name no key are skipped.
 * @param onProblem told of a file that cannot be read and of lines with an unknown marker
 */
export function readKnownHosts(
  files: readonly string[],
  onProblem: (text: string) => void = () => {},
): KnownHostEntry[] {
  return files.flatMap((file) => {
    try {
      const stat = statSync(file);
      // A device such as /dev/null holds no entries.
      if (!stat.isFile()) return [];
      if (stat.size > mostFileBytes) {
        onProblem(`${file}: larger than 16 MiB, not read`);
        return [];
      }
      return parseKnownHosts(readFileSync(file, 'latin1'), file);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') onProblem(`${file}: cannot be read (${code ?? error})`);
      return [];
    }
  });
}

/** Entries of one file's text. */
export function parseKnownHosts(text: string, file: string): KnownHostEntry[] {
  return text.split('\n').flatMap((raw, index) => {
    const entry = parseLine(raw, file, index + 1);
    return entry === undefined ? [] : [entry];
  });
}

function parseLine(raw: string, file: string, line: number): KnownHostEntry | undefined {
  const text = raw.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  const words = text.split(/[ \t]+/);
  const marker = words[0]?.startsWith('@') ? (words.shift() ?? '') : '';
  const [hosts, type, base64] = words;
  if (hosts === undefined || type === undefined || base64 === undefined) return undefined;
  const key = Buffer.from(base64, 'base64');
  if (keyType(key) !== type) return undefined;
  return { file, line, marker, hosts, type, key };
}

/** Whether a host field names this host. */
function namesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) {
    const [, version, salt, hash] = hosts.split('|');
    if (version !== '1' || salt === undefined || hash === undefined) return false;
    return hashName(name.toLowerCase(), Buffer.from(salt, 'base64')) === hash;
  }
  return matchList(name.toLowerCase(), hosts.toLowerCase().split(',')) === 'yes';
}

function hashName(name: string, salt: Buffer): string {
  return createHmac('sha1', salt).update(name).digest('base64');
}

/** Judges a key that a host shows. `@cert-authority` lines say nothing about plain keys and are left out. */
export function judgeHostKey(entries: readonly KnownHostEntry[], name: string, key: Buffer): HostKeyVerdict {
  const ours = entries.filter((entry) => namesHost(entry.hosts, name));
  const revoked = ours.find((entry) => entry.marker === '@revoked' && entry.key.equals(key));
  if (revoked) return { kind: 'revoked', entry: revoked };
  const plain = ours.filter((entry) => entry.marker === '');
  if (plain.some((entry) => entry.key.equals(key))) return { kind: 'known' };
  const sameType = plain.find((entry) => entry.type === keyType(key));
  if (sameType) return { kind: 'changed', entry: sameType };
  return { kind: 'unknown', knownTypes: [...new Set(plain.map((entry) => entry.type))] };
}

/** Key types on file for a host, for the order in which algorithms are offered. */
export function knownKeyTypes(entries: readonly KnownHostEntry[], name: string): string[] {
  const types = entries.filter((e) => e.marker === '' && namesHost(e.hosts, name)).map((e) => e.type);
  return [...new Set(types)];
}

function keyText(key: Buffer): string {
  return `${keyType(key) ?? ''} ${key.toString('base64')}`;
}

function hostField(name: string, hash: boolean): string {
  if (!hash) return name;
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${hashName(name, salt)}`;
}

/**
 * Adds a key. Creates the file (0600) and its folder (0700) where missing, and ends an unfinished last line first.
 * @throws the file system's error
 */
export function appendHostKey(file: string, name: string, key: Buffer, options: { hash: boolean }): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const line = `${hostField(name, options.hash)} ${keyText(key)}\n`;
  appendFileSync(file, `${endsUnfinished(file) ? '\n' : ''}${line}`, { encoding: 'latin1', mode: 0o600 });
}

function endsUnfinished(file: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size === 0) return false;
    const last = Buffer.alloc(1);
    readSync(fd, last, 0, 1, stat.size - 1);
    return last[0] !== 0x0a;
  } finally {
    closeSync(fd);
  }
}

/**
 * Puts a new key in the place of the host's keys of the same type. Lines that name other hosts too keep their key for
 * those: the host is taken out of their list (or excluded from their wildcard). Everything else stays byte for byte.
 * The file is replaced in one step; a symbolic link and the file's permissions stay.
 * Rejects with the file system's error.
 */
export async function replaceHostKeyIn(
  file: string,
  name: string,
  key: Buffer,
  options: { hash: boolean },
): Promise<void> {
  const path = realpathSync(file);
  const lines = readFileSync(path, 'latin1').split('\n');
  const type = keyType(key);
  let placed = false;
  const kept = lines.flatMap((raw, index) => {
    const entry = parseLine(raw, path, index + 1);
    if (entry === undefined || entry.marker !== '' || entry.type !== type || !namesHost(entry.hosts, name)) {
      return [raw];
    }
    const remaining = withoutHost(entry.hosts, name);
    if (remaining !== undefined) return [raw.replace(entry.hosts, () => remaining)];
    if (placed) return [];
    placed = true;
    const at = raw.indexOf(entry.type, raw.indexOf(entry.hosts) + entry.hosts.length);
    const afterKey = /^\S+[ \t]+\S+/.exec(raw.slice(at))?.[0].length ?? 0;
    return [raw.slice(0, at) + keyText(key) + raw.slice(at + afterKey)];
  });
  if (!placed) {
    const line = `${hostField(name, options.hash)} ${keyText(key)}`;
    if (kept.at(-1) === '') kept.splice(kept.length - 1, 0, line);
    else kept.push(line, '');
  }
  const beside = { part: `${path}.${randomBytes(6).toString('hex')}`, mode: statSync(path).mode & 0o7777 };
  await replaceFile(path, beside, (part) => part.writeFile(kept.join('\n'), 'latin1'));
}

/** The host field without this host; `undefined` if it names nobody else. */
function withoutHost(hosts: string, name: string): string | undefined {
  if (hosts.startsWith('|')) return undefined;
  const rest = hosts.split(',').filter((pattern) => pattern.toLowerCase() !== name.toLowerCase());
  if (!rest.some((pattern) => !pattern.startsWith('!'))) return undefined;
  const field = rest.join(',');
  return namesHost(field, name) ? `!${name},${field}` : field;
}
