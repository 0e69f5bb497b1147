/**
 * libFuzzer on what takes frames, requests and texts of the kernel (native/fuzz), `MINUTES` long. It needs clang with
 * its runtime; without, the test is skipped and says so.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { capture } from '../../scripts/common.ts';
import { buildFolder, buildNative } from '../../scripts/native.ts';

const minutes = Number(process.env['MINUTES']) || 20;
const folder = mkdtempSync(join(tmpdir(), 'tilescope-fuzz-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What keeps libFuzzer from being linked; empty when nothing does. */
function missing(): string {
  const source = join(folder, 'probe.cpp');
  writeFileSync(
    source,
    'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n',
  );
  const tried = spawnSync('clang++', ['-fsanitize=fuzzer', source, '-o', join(folder, 'probe')], {
    encoding: 'utf8',
  });
  return tried.status === 0 ? '' : (tried.error?.message ?? tried.stderr.split('\n')[0] ?? 'clang++ failed');
}

it('libFuzzer finds no input that breaks what takes it [shape-4]', {
  timeout: (minutes + 30) * 60_000,
}, async (context) => {
  const why = missing();
  if (why !== '') {
    const sentence = `Not fuzzed: ${why}. Install clang and its runtime (Debian: clang, libclang-rt-14-dev or later).`;
    console.error(sentence);
    return context.skip(sentence);
  }
  await buildNative('fuzz');
  const inputs = join(folder, 'inputs');
  mkdirSync(inputs);
  const fuzz = join(buildFolder('fuzz'), 'fuzz');
  expect((await capture(fuzz, ['--seeds', inputs])).code).toBe(0);
  const { code, stderr } = await capture(
    fuzz,
    [`-max_total_time=${minutes * 60}`, '-max_len=65536', '-print_final_stats=1', inputs],
    { cwd: folder },
  );
  expect(code, stderr.slice(-4000)).toBe(0);
});
