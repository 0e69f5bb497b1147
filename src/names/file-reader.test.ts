import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { bcfSample, configSample, elfSample, moduleSample } from '../../test/program/samples.ts';
import { FileFault } from '../model/program/faults.ts';
import { FileReader } from './file-reader.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const readers: FileReader[] = [];

function makeReader(script = fileURLToPath(new URL('./reader-thread.ts', import.meta.url))): FileReader {
  const reader = new FileReader(script);
  readers.push(reader);
  return reader;
}

afterEach(() => {
  for (const reader of readers.splice(0)) reader.rest();
});

describe('files of builds are read on a thread of their own', () => {
  test('each kind, several at once, and again after a rest', async () => {
    const reader = makeReader();
    const [{ config, text }, devices, core] = await Promise.all([
      reader.read('config', { bytes: bytesOf(configSample), isContainer: false }),
      reader.read('module', { bytes: bytesOf(moduleSample) }),
      reader.read('core', { bytes: elfSample, beside: [{ source: 'bcf', bytes: bytesOf(bcfSample) }] }),
    ]);
    expect(text).toBe(configSample);
    expect(config.kernels.map(({ name }) => name)).toEqual(['a.k', 'b.k']);
    expect(devices.map(({ name }) => name)).toEqual(['main']);
    expect(core.buffers.map(({ name }) => name)).toEqual(['with_size', 'without_size', 'of_no_type']);
    reader.rest();
    expect(await reader.read('module', { bytes: bytesOf(moduleSample) })).toEqual(devices);
  });

  test('what is wrong with a file comes with its place', async () => {
    const reader = makeReader();
    const fault = await reader.read('core', { bytes: bytesOf('#!/bin/sh'), beside: [] }).catch((one) => one);
    expect(fault).toBeInstanceOf(FileFault);
    expect(fault).toMatchObject({ kind: 'not-elf', place: { byte: 0 } });
  });

  test('whatever goes wrong with one file is its fault alone: those behind it are read', async () => {
    const reader = makeReader();
    const broken = { bytes: null } as unknown as { readonly bytes: Uint8Array };
    const [fault, devices] = await Promise.all([
      reader.read('module', broken).catch((one) => one),
      reader.read('module', { bytes: bytesOf(moduleSample) }),
    ]);
    expect(fault).toBeInstanceOf(FileFault);
    expect(fault).toMatchObject({ kind: 'unreadable', found: expect.stringContaining('TypeError') });
    expect(devices.map(({ name }) => name)).toEqual(['main']);
  });

  test('a thread that does not start, or ends, ends its reads in words, and the next one begins anew', async () => {
    const reader = makeReader('/nowhere/reader.cjs');
    for (let round = 0; round < 2; round++) {
      const fault = await reader.read('module', { bytes: bytesOf('') }).catch((one) => one);
      expect(fault).toBeInstanceOf(FileFault);
      expect(fault).toMatchObject({ kind: 'unreadable' });
      expect(fault.found).toContain('reader.cjs');
    }
  });
});
