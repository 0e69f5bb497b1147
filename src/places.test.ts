/** Where each action is offered: the table of `docs/extension.md`, compared with the manifest and the pages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isInTitleLine, titleLineCommands } from './editor/messages.ts';
import { actionNames } from './model/action-names.ts';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { command: string; title: string; enablement?: string }[];
    readonly menus: Readonly<Record<string, readonly { command: string; when: string; group: string }[]>>;
    readonly keybindings: readonly { command: string; key: string }[];
  };
}

const read = (name: string) => readFileSync(join(import.meta.dirname, '..', name), 'utf8');
const { contributes } = JSON.parse(read('package.json')) as Manifest;
const texts = JSON.parse(read('package.nls.json')) as Record<string, string>;
const named: Readonly<Record<string, string>> = actionNames({ t: (message) => message });
const short = (command: string) => command.replace('tilescope.', '');

/** Actions that a page's sentences offer with a button. */
const offeredIn = (file: string, call: RegExp) =>
  new Set([...read(file).matchAll(call)].map(([, command = '']) => command));
const banner = offeredIn('src/editor/banner.ts', /\boffer\('(\w+)'/g);
const viewLine = offeredIn('webview/view-line.ts', /\bname: '(\w+)'/g);
const array = offeredIn('src/array/array-model.ts', /actionNames\(\w+\)\.(\w+)/g);

const views: Readonly<Record<string, string>> = {
  'tilescope.boards': 'boards',
  'tilescope.welcome': 'boards',
  'tilescope.array': 'array',
  'tilescope.tile': 'tile',
  'tilescope.comparison': 'comparison',
  'tilescope.edits': 'edits',
  'tilescope.hits': 'hits',
  'tilescope.watches': 'watches',
  'tilescope.bookmarks': 'bookmarks',
};

/** Menus of the debug view, which are there in sessions of cores. */
const debugMenus: Readonly<Record<string, string>> = {
  'debug/toolBar': 'debug: toolbar',
  'debug/callstack/context': 'debug: call stack',
  'debug/variables/context': 'debug: variables',
};

/** The places of an action, as the manifest and the pages have them. */
function placesOf(action: string): string[] {
  const places = new Set<string>();
  for (const [menu, items] of Object.entries(contributes.menus)) {
    if (menu === 'commandPalette') continue;
    for (const { command, when, group } of items) {
      if (short(command) !== action) continue;
      const inDebug = debugMenus[menu];
      if (inDebug !== undefined) places.add(inDebug);
      const shown = [...when.matchAll(/\bview == ([\w.]+)/g)].map(([, view = '']) => views[view]);
      const pages = menu === 'editor/title' ? ['editor'] : shown;
      const part =
        menu === 'view/item/context' ? 'row' : group.startsWith('navigation') ? 'title bar' : 'menu';
      for (const page of pages) places.add(`${page}: ${part}`);
    }
  }
  if (titleLineCommands.some((command) => command === action)) places.add('editor: title line');
  else if (viewLine.has(action)) places.add('editor: view line');
  else if (banner.has(action)) places.add('editor: banner');
  if (array.has(action)) places.add('array: sentence');
  return [...places].sort();
}

/** Keys of `setContext` that say whether the action can do anything now. */
function keysOf(enablement: string | undefined): string[] {
  const keys = [...(enablement ?? '').matchAll(/tilescope\.(\w+)/g)].map(([, key = '']) => key);
  return keys.filter((key) => key !== 'hex' && key !== 'hasStarted');
}

const cell = (values: readonly string[]) =>
  values.length === 0 ? '' : values.map((one) => `\`${one}\``).join(', ');

const commands = contributes.commands.map(({ command, title, enablement }) => ({
  action: short(command),
  name: texts[title.slice(1, -1)] ?? title,
  enablement,
}));
// What only a page offers has no command, and is not in the palette.
const pageOnly = [...banner].filter((action) => commands.every((one) => one.action !== action));
const neverInPalette = (contributes.menus['commandPalette'] ?? [])
  .filter(({ when }) => when === 'false')
  .map(({ command }) => short(command));
const actions = [
  ...commands,
  ...pageOnly.map((action) => ({ action, name: named[action] ?? '', enablement: undefined })),
];

/** The rows as they have to stand in the table. */
const rows = actions.map(({ action, name, enablement }) => {
  const keys = contributes.keybindings
    .filter(({ command }) => short(command) === action)
    .map(({ key }) => key);
  return [
    `\`${action}\``,
    `*${name}*`,
    placesOf(action).join('; '),
    pageOnly.includes(action) || neverInPalette.includes(action) ? '' : 'yes',
    cell(keys),
    cell(keysOf(enablement)),
  ];
});

/** Cells of the table under the heading `## Places`, without its head. */
function table(): string[][] {
  const section = read('docs/extension.md').split('\n## Places\n')[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((text) => text.trim()),
  );
}

describe('[shape-9] the places of the actions', () => {
  test('are those of the table in docs/extension.md', () => {
    expect(table()).toEqual(rows);
  });

  test('in the editor there is one for each action: in the page, or in the title bar above it', () => {
    for (const { action } of actions) {
      const inEditor = placesOf(action).filter((place) => place.startsWith('editor: '));
      expect(inEditor.length, `${action}: ${inEditor.join(', ')}`).toBeLessThanOrEqual(1);
    }
  });

  test('in the Array view there is one for each action outside of sentences: no button of the page stands above it, too', () => {
    const buttons = offeredIn('webview/array/array.ts', /\bname: '(\w+)'/g);
    expect(actions.map(({ action }) => action).filter((action) => buttons.has(action))).toEqual([]);
  });

  test('in the title line are those of the page, and nothing in a banner has a second button there', () => {
    const outline = read('webview/outline.ts');
    const drawn = [...outline.matchAll(/this\.#command\(([^{]*?)[,)]/g)].flatMap(([, first = '']) =>
      [...first.matchAll(/'(\w+)'/g)].map(([, command = '']) => command),
    );
    const known: readonly string[] = titleLineCommands;
    expect([...new Set(drawn)].filter((command) => known.includes(command)).sort()).toEqual(
      [...known].sort(),
    );
    expect(titleLineCommands.every((command) => isInTitleLine(command))).toBe(true);
    expect(isInTitleLine('keepMine')).toBe(false);
  });
});
