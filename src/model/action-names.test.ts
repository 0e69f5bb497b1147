import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { actionNames } from './action-names.ts';

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../..', name), 'utf8'));
const manifest = read('package.json') as { contributes: { commands: { command: string; title: string }[] } };
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

test('[shape-9] no two actions have the same name', () => {
  expect(new Set(titles.values()).size).toBe(titles.size);
});
