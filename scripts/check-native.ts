/**
 * The shape of native/core: includes go downwards, no file is too long to know, and waiting is a value (progress.h), so
 * that nothing but errors is thrown. Tests and their machinery are free of all this.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDER = 'native/core';
const MOST_LINES = 700;
const MACHINERY = [
  'fake_kernel.h',
  'restless_driver.h',
  'in_steps.h',
  'collector.h',
  'sample_expression.h',
  'slow_memory.h',
];

/**
 * Modules from the bottom up. One may include those of its own line and of the lines above it here. Jobs stand on
 * partition_access alone, below everything that knows a kernel or a driver.
 */
const LAYERS: readonly (readonly string[])[] = [
  [
    'uapi',
    'trace',
    'error',
    'progress',
    'geometry',
    'guard',
    'kernel_log',
    'node_watch',
    'partition_key',
    'put_word',
    'reason',
    'status_budget',
    'turns',
    'compare',
    'expression',
    'matcher',
    'new_memory',
  ],
  ['epoch', 'courtesy', 'status_registers', 'tile_status'],
  ['debug_registers'],
  ['partition_access'],
  ['walk', 'write_pass'],
  ['read_job', 'write_job', 'status_job'],
  ['watch_job'],
  ['scan', 'survey', 'find_job', 'change_ring'],
  ['record'],
  ['kernel'],
  ['linux_kernel', 'driver', 'registers', 'owner', 'sysfs_status'],
  ['hold', 'status', 'debug_port'],
  ['lease', 'owner_buffer', 'hold_process'],
  ['partition'],
  ['node'],
  ['owners'],
  ['partition_list'],
  ['access'],
  ['status_access', 'halt'],
  ['engine'],
  ['hold_job'],
  ['worker'],
];

const THROWN = /\bthrow\s+([\w:]+)/g;
/** What may be thrown: the error of the core, the functions that make one, the library's. */
const ERRORS = /^(CoreError|driverError|noMatch|noHalting|ownerless|otherEpoch|error|std::\w+)$/;
const INCLUDED = /^#include "([\w/.]+)"/;

function layerOf(file: string): number {
  const module = basename(file).replace(/\.(cpp|h)$/, '');
  return LAYERS.findIndex((layer) => layer.includes(module));
}

/** All violations in the native core below `folder`, as `file:line: what is wrong`. */
export function nativeProblems(folder: string): string[] {
  const problems: string[] = [];
  const files = globSync(`${FOLDER}/*.{cpp,h}`, { cwd: folder })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !/_test\.cpp$|test_main\.cpp$/.test(path) && !MACHINERY.includes(basename(path)))
    .sort();
  for (const file of files) {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    const layer = layerOf(file);
    if (layer < 0) problems.push(`${file}:1: stands in no layer of scripts/check-native.ts`);
    if (lines.length - 1 > MOST_LINES) {
      problems.push(`${file}:${MOST_LINES}: more than ${MOST_LINES} lines: a module of its own is in there`);
    }
    lines.forEach((line, index) => {
      const place = `${file}:${index + 1}`;
      const included = INCLUDED.exec(line)?.[1];
      if (included !== undefined && included !== 'version.h' && layer >= 0) {
        const other = MACHINERY.includes(included) ? Number.POSITIVE_INFINITY : layerOf(included);
        if (other > layer) problems.push(`${place}: may not include ${included}, which stands above it`);
      }
      for (const thrown of line.matchAll(THROWN)) {
        if (!ERRORS.test(thrown[1] ?? '')) problems.push(`${place}: throws ${thrown[1]}, which is no error`);
      }
    });
  }
  return problems;
}
