import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { editorChords, isEditorChord } from './editor-chords.ts';

interface Binding {
  readonly key: string;
  readonly when?: string;
}

const none = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };

test('[hex-9] a docked memory keeps every key that would act on the editor in front', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
    contributes: { keybindings: Binding[] };
  };
  const bound = manifest.contributes.keybindings
    .filter(({ when = '' }) => when.includes('activeCustomEditorId'))
    .filter(({ when = '' }) => !when.includes('webviewSection'))
    .map(({ key }) => key);
  expect([...editorChords].sort()).toEqual([...new Set(bound)].sort());
});

test('[hex-9] such a key is known by its place and by its letter, with Ctrl or Cmd', () => {
  expect(isEditorChord({ ...none, key: 's', code: 'KeyS', ctrlKey: true })).toBe(true);
  expect(isEditorChord({ ...none, key: 'S', code: 'KeyO', metaKey: true })).toBe(true);
  expect(isEditorChord({ ...none, key: 'ß', code: 'KeyF', ctrlKey: true, altKey: true })).toBe(true);
  expect(isEditorChord({ ...none, key: 'F8', code: 'F8', shiftKey: true })).toBe(true);
  expect(isEditorChord({ ...none, key: 'PageDown', code: 'PageDown', altKey: true })).toBe(true);
  expect(isEditorChord({ ...none, key: 's', code: 'KeyS' })).toBe(false);
  expect(isEditorChord({ ...none, key: 'p', code: 'KeyP', ctrlKey: true, shiftKey: true })).toBe(false);
  expect(isEditorChord({ ...none, key: 'c', code: 'KeyC', ctrlKey: true })).toBe(false);
});
