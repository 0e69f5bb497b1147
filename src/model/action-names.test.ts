import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { actionNames } from './action-names.ts';

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../..', name), 'utf8'));
const manifest = read('package.json') as {
  contributes: {
    commands: { command: string; title: string }[];
    menus: { commandPalette: { command: string; when: string }[] };
  };
};
const texts = read('package.nls.json') as Record<string, string>;
const titles = new Map(
  manifest.contributes.commands.map(({ command, title }) => [command, texts[title.slice(1, -1)] ?? title]),
);
const names = actionNames({ t: (message) => message });

test('[shape-9] an action has the name of its command, wherever it is offered', () => {
  const { allowDriver, ...others } = names;
  expect(titles.has('tilescope.allowDriver')).toBe(false);
  expect(allowDriver).not.toBe('');
  for (const [key, name] of Object.entries(others)) expect(titles.get(`tilescope.${key}`), key).toBe(name);
});

test('[shape-9] no two actions have the same name, but for refreshing each part, which the palette offers one at a time', () => {
  const refreshing = ['refresh', 'refreshBoards', 'refreshArray'].map((key) => `tilescope.${key}`);
  const others = [...titles].filter(([command]) => !refreshing.includes(command)).map(([, title]) => title);
  expect(new Set(others).size).toBe(others.length);
  expect(others).not.toContain(names.refresh);
  expect(refreshing.map((command) => titles.get(command))).toEqual(refreshing.map(() => names.refresh));
  const inPalette = manifest.contributes.menus.commandPalette.map(({ command, when }) => [command, when]);
  expect(inPalette).toEqual([
    ['tilescope.refresh', "activeCustomEditorId == 'tilescope.hex'"],
    ['tilescope.refreshBoards', "activeCustomEditorId != 'tilescope.hex'"],
    ['tilescope.refreshArray', 'false'],
  ]);
});
