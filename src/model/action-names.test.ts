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

test('[shape-9] no two actions that the palette offers have the same name, but for refreshing, of which it offers one at a time', () => {
  const refreshing = ['refresh', 'refreshBoards', 'refreshArray'].map((key) => `tilescope.${key}`);
  const inPalette = manifest.contributes.menus.commandPalette.map(
    ({ command, when }) => [command, when] as const,
  );
  // A row does to itself what an action of the same name does to all.
  const ofRows = inPalette.filter(([, when]) => when === 'false').map(([command]) => command);
  const others = [...titles].filter(([command]) => ![...refreshing, ...ofRows].includes(command));
  const offered = others.map(([, title]) => title);
  expect(new Set(offered).size).toBe(offered.length);
  expect(offered).not.toContain(names.refresh);
  expect(refreshing.map((command) => titles.get(command))).toEqual(refreshing.map(() => names.refresh));
  expect(inPalette.filter(([command]) => refreshing.includes(command))).toEqual([
    ['tilescope.refresh', "activeCustomEditorId == 'tilescope.hex'"],
    ['tilescope.refreshBoards', "activeCustomEditorId != 'tilescope.hex'"],
    ['tilescope.refreshArray', 'false'],
  ]);
});
