import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  appendHostKey,
  fingerprint,
  judgeHostKey,
  keyType,
  knownHostName,
  knownKeyTypes,
  parseKnownHosts,
  readKnownHosts,
  replaceHostKeyIn,
} from './known-hosts.ts';

/** A blob with the shape of a public key: a type and some bytes. */
function blob(type: string, body: string): Buffer {
  const part = (data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, data]);
  };
  return Buffer.concat([part(Buffer.from(type)), part(Buffer.from(body.padEnd(32, '.')))]);
}

const ed = (body: string) => blob('ssh-ed25519', body);
const rsa = (body: string) => blob('ssh-rsa', body);
const line = (hosts: string, key: Buffer, comment = '') =>
  `${hosts} ${keyType(key)} ${key.toString('base64')}${comment === '' ? '' : ` ${comment}`}`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tilescope-known-'));
  file = join(folder, 'known_hosts');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('[main-14] known_hosts', () => {
  test('plain names, lists, wildcards, negation, ports, comments', () => {
    const text = [
      '# comment',
      '',
      `  ${line('one,10.0.0.1', ed('1'))}`,
      line('*.lab,!bad.lab', ed('2'), 'with a comment'),
      line('[one]:2200', ed('3')),
      'garbage',
      line('One.Upper', ed('4')),
      'old 1024 35 1234567',
    ].join('\n');
    const entries = parseKnownHosts(text, file);
    expect(entries.map((entry) => entry.line)).toEqual([3, 4, 5, 7]);
    const verdict = (name: string, key: Buffer) => judgeHostKey(entries, name, key).kind;
    expect(verdict('one', ed('1'))).toBe('known');
    expect(verdict('10.0.0.1', ed('1'))).toBe('known');
    expect(verdict('a.lab', ed('2'))).toBe('known');
    expect(verdict('bad.lab', ed('2'))).toBe('unknown');
    expect(verdict(knownHostName('ONE', 2200), ed('3'))).toBe('known');
    expect(verdict('one', ed('3'))).toBe('changed');
    expect(verdict('one.upper', ed('4'))).toBe('known');
  });

  test('a changed key is told with its file and line, another key type is not a change', () => {
    const entries = parseKnownHosts(`\n${line('h', ed('old'))}\n`, file);
    expect(judgeHostKey(entries, 'h', ed('new'))).toMatchObject({
      kind: 'changed',
      entry: { file, line: 2, key: ed('old') },
    });
    expect(judgeHostKey(entries, 'h', rsa('x'))).toEqual({ kind: 'unknown', knownTypes: ['ssh-ed25519'] });
    expect(knownKeyTypes(entries, 'h')).toEqual(['ssh-ed25519']);
  });

  test('one matching line is enough beside others', () => {
    const entries = parseKnownHosts(`${line('h', ed('old'))}\n${line('h', ed('now'))}\n`, file);
    expect(judgeHostKey(entries, 'h', ed('now')).kind).toBe('known');
  });

  test('a revoked key is refused even where it is also listed; other keys of the host are not', () => {
    const entries = parseKnownHosts(
      `${line('h', ed('1'))}\n@revoked ${line('*', ed('1'))}\n${line('h', rsa('2'))}`,
      file,
    );
    expect(judgeHostKey(entries, 'h', ed('1'))).toMatchObject({ kind: 'revoked', entry: { line: 2 } });
    expect(judgeHostKey(entries, 'h', rsa('2')).kind).toBe('known');
  });

  test('certificate authorities say nothing about plain keys', () => {
    const entries = parseKnownHosts(`@cert-authority ${line('*', ed('ca'))}`, file);
    expect(judgeHostKey(entries, 'h', ed('ca'))).toEqual({ kind: 'unknown', knownTypes: [] });
  });

  test('an added key creates folder and file for the person only and ends an unfinished line', () => {
    const path = join(folder, 'new', 'known_hosts');
    appendHostKey(path, 'h', ed('1'), { hash: false });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
    writeFileSync(path, line('other', ed('2')));
    appendHostKey(path, '[h]:1', rsa('3'), { hash: true });
    const text = readFileSync(path, 'latin1');
    expect(text).toMatch(/^other .*\n\|1\|.*\n$/);
    expect(text).not.toContain('[h]');
    expect(judgeHostKey(readKnownHosts([path]), '[h]:1', rsa('3')).kind).toBe('known');
  });

  test('a file that is a device holds nothing and takes everything', () => {
    appendHostKey('/dev/null', 'h', ed('1'), { hash: false });
    expect(readKnownHosts(['/dev/null', join(folder, 'missing')])).toEqual([]);
  });

  test('replacing changes the lines of that host and key type, nothing else', async () => {
    const before = [
      '# head\xff\r',
      `h ${keyType(ed('old'))}\t${ed('old').toString('base64')} said by me`,
      line('h', rsa('stays')),
      line('h', ed('older')),
      line('10.0.0.1,h,friend', ed('old')),
      line('*.lab,?', ed('wild')),
      `@revoked ${line('h', ed('revoked'))}`,
      line('other', ed('old')),
      'no newline at the end',
    ];
    writeFileSync(file, before.join('\n'), 'latin1');
    chmodSync(file, 0o640);
    const link = join(folder, 'link');
    symlinkSync('known_hosts', link);
    await replaceHostKeyIn(link, 'h', ed('new'), { hash: false });
    expect(readFileSync(file, 'latin1').split('\n')).toEqual([
      before[0],
      `${line('h', ed('new'))} said by me`,
      before[2],
      line('10.0.0.1,friend', ed('old')),
      line('!h,*.lab,?', ed('wild')),
      before[6],
      before[7],
      before[8],
    ]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(judgeHostKey(readKnownHosts([link]), 'h', ed('new')).kind).toBe('known');
    expect(judgeHostKey(readKnownHosts([link]), 'x', ed('wild')).kind).toBe('known');
  });

  test('replacing adds a line where the host shared all of its lines', async () => {
    writeFileSync(file, `${line('h,friend', ed('old'))}\n`);
    await replaceHostKeyIn(file, 'h', ed('new'), { hash: false });
    expect(readFileSync(file, 'latin1')).toBe(`${line('friend', ed('old'))}\n${line('h', ed('new'))}\n`);
  });
});

describe('[main-14] known_hosts as ssh-keygen sees them', () => {
  const keygen = (...args: string[]) => spawnSync('ssh-keygen', args, { encoding: 'utf8' }).stdout;
  let keys: Buffer[];

  beforeEach(() => {
    keys = ['ed25519', 'ecdsa', 'ed25519'].map((type, i) => {
      const path = join(folder, `k${i}`);
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path]);
      return Buffer.from(readFileSync(`${path}.pub`, 'utf8').split(' ')[1] ?? '', 'base64');
    });
  });

  test('fingerprints are equal', () => {
    keys.forEach((key, i) => {
      expect(keygen('-l', '-f', join(folder, `k${i}.pub`))).toContain(` ${fingerprint(key)} `);
    });
  });

  test('the same lines name a host: plain, listed, wildcard, with port, hashed by them and by us', () => {
    const [a, b, c] = keys as [Buffer, Buffer, Buffer];
    const names = ['one', 'two.lab', 'bad.lab', '[one]:2200', '10.0.0.1', '[10.0.0.1]:22', 'ONE', 'none'];
    const text = [
      line('one,10.0.0.1', a),
      line('*.lab,!bad.lab', b),
      line('[one]:2200,[10.0.0.1]:*', c),
      line('?NE', b),
      `@revoked ${line('two.*', a)}`,
      `@cert-authority ${line('*', c)}`,
    ];
    writeFileSync(file, `${text.join('\n')}\n`);
    const compare = (asked: readonly string[]) => {
      for (const name of asked) {
        const theirs = [...keygen('-F', name, '-f', file).matchAll(/found: line (\d+)/g)].map((m) =>
          Number(m[1]),
        );
        const ours = readKnownHosts([file])
          .filter((e) => judgeHostKey([{ ...e, marker: '' }], name, e.key).kind === 'known')
          .map((e) => e.line);
        expect(ours, name).toEqual(theirs);
      }
    };
    compare(names);
    writeFileSync(file, `${line('one', a)}\n${line('[one]:2200', c)}\n${line('two.lab', b)}\n`);
    keygen('-H', '-f', file);
    // The keys beside them may have any letters.
    const hashed = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(hashed.map((one) => one.slice(0, 3))).toEqual(['|1|', '|1|', '|1|']);
    appendHostKey(file, '10.0.0.1', a, { hash: true });
    // ssh-keygen hashes a name as typed; ssh folds it to lower case first, as we do.
    compare(names.filter((name) => name !== 'ONE'));
  });
});
