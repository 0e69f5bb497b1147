import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { BoardError } from '../errors.ts';
import { keyValues, loginCommand, OutputMarks, shellQuoted } from './shell.ts';

// Key exchanges and child processes on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

/** Login shells of this machine; the more there are, the more is proven. */
const shells = ['sh', 'bash', 'dash', 'busybox', 'csh', 'tcsh', 'fish', 'zsh', 'ksh'].filter(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0,
);

function run(shell: string, command: string): string {
  const args = shell === 'busybox' ? ['sh', '-c', command] : ['-c', command];
  const result = spawnSync(shell, args, { encoding: 'utf8' });
  expect(result.stderr).toBe('');
  return result.stdout;
}

const nasty = [
  "it's",
  'say "hi"',
  'a  b\tc',
  'line\nbreak\n',
  '$HOME $(id) `id`',
  '!! !x',
  'back\\slash \\n \\0101 \\',
  '*?[a]~#&;|<>(){}',
  '%s %b %%',
  'grüße ☃',
  '-n',
  '',
];

describe('[main-15] quoting', () => {
  test.each(nasty)('a word stays what it is: %j', (word) => {
    expect(run('sh', `printf '%s.' ${shellQuoted(word)}`)).toBe(`${word}.`);
  });

  test('a word cannot hold NUL', () => {
    expect(() => shellQuoted('a\0b')).toThrow(RangeError);
  });

  test.each(shells)('a script reaches /bin/sh unchanged under %s', (shell) => {
    for (const word of nasty) {
      expect(run(shell, loginCommand(`printf '%s.' ${shellQuoted(word)}`)), word).toBe(`${word}.`);
    }
  });

  test('any text, through two shells', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 40 })
      .filter((t) => !t.includes('\0') && !/\p{Cs}/u.test(t));
    fc.assert(
      fc.property(text, (word) => {
        expect(run('sh', loginCommand(`printf '%s.' ${shellQuoted(word)}`))).toBe(`${word}.`);
      }),
      { numRuns: 20, seed: 7 },
    );
  });
});

describe('[main-16] frames around output', () => {
  const facts = { host: 'h' };

  test('output is what stands between the marks, byte for byte, whatever the login shell printed before', () => {
    for (const script of ['echo a=b', "printf '\\001\\377\\n\\n'", ':', 'printf x']) {
      const marks = new OutputMarks();
      const plain = spawnSync('sh', ['-c', script]).stdout;
      const command = `echo Welcome; ${loginCommand(marks.wrap(script))}`;
      const marked = spawnSync('sh', ['-c', command], { input: marks.input() }).stdout;
      expect(marks.unwrap(marked, '', facts)).toEqual(plain);
    }
  });

  test("the script's exit status is kept", () => {
    const marks = new OutputMarks();
    const command = loginCommand(marks.wrap('exit 7'));
    expect(spawnSync('sh', ['-c', command], { input: marks.input() }).status).toBe(7);
  });

  test('a shell that prints its commands is not mistaken for their output', () => {
    const marks = new OutputMarks();
    expect(() => marks.unwrap(Buffer.from(loginCommand(marks.wrap('echo x'))), '', facts)).toThrow(
      BoardError,
    );
  });

  test('the input goes to the script, byte for byte', () => {
    const marks = new OutputMarks();
    const data = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7) % 256));
    const command = loginCommand(marks.wrap('cat'));
    const { stdout } = spawnSync('sh', ['-c', command], { input: marks.input(data) });
    expect(marks.unwrap(stdout, '', facts)).toEqual(data);
  });

  test('[truth-19] each way in which a login shell does not run the command has an error of its own', () => {
    const attempt = (output: string | Buffer, stderr = '', marks = new OutputMarks()) => {
      try {
        marks.unwrap(Buffer.from(output), stderr, facts);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(attempt('Choose: 1) reboot')).toMatchObject({
      code: 'shell-ended',
      facts: { text: 'Choose: 1) reboot' },
    });
    expect(attempt('', 'no shell for you')).toMatchObject({
      code: 'shell-ended',
      facts: { text: 'no shell for you' },
    });
    expect(attempt('')).toMatchObject({ code: 'shell-ended', facts: { text: '' } });

    const marks = new OutputMarks();
    const command = ['-c', marks.wrap('echo x')];
    const whole = spawnSync('sh', command, { input: marks.input() }).stdout;
    expect(attempt(whole.subarray(0, whole.length - 4), '', marks)).toMatchObject({
      code: 'shell-ended',
      facts: { begun: 1 },
    });
    const noisy = Buffer.concat([Buffer.from(`Lots\n${'-'.repeat(70_000)}`), whole]);
    expect(attempt(noisy, '', marks)).toMatchObject({ code: 'shell-flood', facts: { text: 'Lots' } });
    expect(marks.explain('too-much', noisy, facts)).toMatchObject({ code: 'shell-flood' });
    expect(marks.explain('too-much', whole, facts)).toBeUndefined();
    expect(marks.explain('late', Buffer.from('Who?'), facts)).toMatchObject({
      code: 'shell-hangs',
      facts: { text: 'Who?' },
    });
    expect(marks.explain('late', whole, facts)).toBeUndefined();
    for (const input of ['', 'the rest of it\n']) {
      expect(attempt(spawnSync('sh', command, { input }).stdout, '', marks)).toMatchObject({
        code: 'shell-input',
      });
    }
  });

  test('lines of key and value', () => {
    expect([...keyValues('a=1\nnoise\nb=x=y\n=z\na=2')]).toEqual([
      ['a', '2'],
      ['b', 'x=y'],
    ]);
  });
});
