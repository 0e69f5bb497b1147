import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nativeProblems } from './check-native.ts';
import { root } from './common.ts';

let tree = '';
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'tilescope-native-'));
  mkdirSync(join(tree, 'native', 'core'), { recursive: true });
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function plant(file: string, source: string): void {
  writeFileSync(join(tree, 'native', 'core', file), source);
}

test('[shape-4] includes of the native core go downwards, and tests are free', () => {
  plant('engine.h', '#include "access.h"\n#include "node.h"\n');
  plant('node.cpp', '#include "node.h"\n#include "error.h"\nthrow CoreError("x");\nthrow;\n');
  plant('node_test.cpp', '#include "engine.h"\nthrow 1;\n');
  expect(nativeProblems(tree)).toEqual([]);
  plant('node.cpp', '#include "owners.h"\n');
  plant('owners.h', '#include "fake_kernel.h"\n');
  plant('other.h', '');
  expect(nativeProblems(tree)).toEqual([
    'native/core/node.cpp:1: may not include owners.h, which stands above it',
    'native/core/other.h:1: stands in no layer of scripts/check-native.ts',
    'native/core/owners.h:1: may not include fake_kernel.h, which stands above it',
  ]);
});

test('[shape-4] jobs know no kernel and no driver, only what stands behind partition_access', () => {
  plant('read_job.cpp', '#include "partition_access.h"\n#include "walk.h"\n');
  expect(nativeProblems(tree)).toEqual([]);
  plant('read_job.cpp', '#include "kernel.h"\n#include "lease.h"\n#include "engine.h"\n');
  plant('write_pass.h', '#include "registers.h"\n');
  expect(nativeProblems(tree)).toEqual([
    'native/core/read_job.cpp:1: may not include kernel.h, which stands above it',
    'native/core/read_job.cpp:2: may not include lease.h, which stands above it',
    'native/core/read_job.cpp:3: may not include engine.h, which stands above it',
    'native/core/write_pass.h:1: may not include registers.h, which stands above it',
  ]);
});

test('[shape-4] waiting is no exception, and no file of the native core has more than 700 lines', () => {
  plant('engine.cpp', 'throw NotYet{};\n');
  plant('access.cpp', 'int x;\n'.repeat(701));
  expect(nativeProblems(tree)).toEqual([
    'native/core/access.cpp:700: more than 700 lines: a module of its own is in there',
    'native/core/engine.cpp:1: throws NotYet, which is no error',
  ]);
});

test('[shape-4] the native core has this shape', () => {
  expect(nativeProblems(root)).toEqual([]);
});
