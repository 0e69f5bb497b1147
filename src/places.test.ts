/** Where each action is offered: the table of `docs/extension.md`, compared with the manifest and the pages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isInTitleLine, titleLineCommands } from './editor/messages.ts';
import { actionNames } from './model/action-names.ts';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { command: string; title: string; icon?: string; enablement?: string }[];
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
  'tilescope.docked': 'docked view',
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

/** Menus of VS Code over the page: they repeat what is there, where a person points. */
const contextMenus: readonly string[] = ['editor: grid menu', 'editor: header menu'];

const menuOf = (menu: string) => contributes.menus[menu] ?? [];

/** The places of an action, as the manifest and the pages have them. */
function placesOf(action: string): string[] {
  const places = new Set<string>();
  for (const [menu, items] of Object.entries(contributes.menus)) {
    if (menu === 'commandPalette') continue;
    for (const { command, when, group } of items) {
      if (short(command) !== action) continue;
      const inDebug = debugMenus[menu];
      if (inDebug !== undefined) places.add(inDebug);
      if (menu === 'webview/context') {
        places.add(when.includes("webviewSection == 'header'") ? 'editor: header menu' : 'editor: grid menu');
        continue;
      }
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

const commands = contributes.commands.map(({ command, title, icon, enablement }) => ({
  action: short(command),
  icon,
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

  test('[hex-10] in the editor there is one for each action: in the page, or in the title bar above it', () => {
    for (const { action } of actions) {
      const inEditor = placesOf(action).filter(
        (place) => place.startsWith('editor: ') && !contextMenus.includes(place),
      );
      expect(inEditor.length, `${action}: ${inEditor.join(', ')}`).toBeLessThanOrEqual(1);
    }
  });

  test('[hex-10] the menu of the grid has what is done at the cursor; going and comparing begin in both menus', () => {
    const inBoth = actions
      .map(({ action }) => ({ action, places: placesOf(action) }))
      .filter(({ places }) => places.includes('editor: grid menu') && places.length > 1)
      .map(({ action, places }) => `${action}: ${places.join(', ')}`);
    expect(inBoth).toEqual(
      ['goTo', 'goToName', 'compareFile', 'compareTile'].map(
        (action) => `${action}: editor: grid menu, editor: menu`,
      ),
    );
  });

  test('[hex-10] the menu of the header has the choices of the view line and those of the title menu about the view', () => {
    const inHeader = actions.filter(({ action }) => placesOf(action).includes('editor: header menu'));
    for (const { action } of inHeader) {
      const other = placesOf(action).filter((place) => place !== 'editor: header menu');
      const isOfView = menuOf('editor/title').some(
        ({ command, group }) => short(command) === action && group.startsWith('1_4_view'),
      );
      expect(other, action).toEqual([isOfView ? 'editor: menu' : 'editor: view line']);
    }
    const ofView = menuOf('editor/title').filter(({ group }) => group.startsWith('1_4_view'));
    expect(inHeader.map(({ action }) => action).sort()).toEqual(
      ['cells', ...ofView.map(({ command }) => short(command))].sort(),
    );
  });

  test.each<[string, string[]]>([
    [
      'editor/title',
      ['1_1_find', '1_2_goto', '1_3_compare', '1_4_view', '1_5_show', '1_6_file', '1_7_device'],
    ],
    ['webview/context', ['navigation', '5_cutcopypaste', '6_change', '7_compare', '8_mark', '1_4_view']],
  ])('[hex-10] %s has its groups, each in an order of its own', (menu, groups) => {
    const found = new Map<string, number[]>();
    for (const { when, group } of menuOf(menu)) {
      const [name = '', place = ''] = group.split('@');
      const key = when.includes("webviewSection == 'header'") ? `header ${name}` : name;
      found.set(key, [...(found.get(key) ?? []), Number(place)]);
    }
    expect([...new Set([...found.keys()].map((key) => key.replace('header ', '')))]).toEqual(groups);
    for (const [group, places] of found) {
      expect(places, group).toEqual(Array.from(places, (_, i) => i + 1));
    }
  });

  test('[hex-10] menus of the editor offer nothing that cannot be done now', () => {
    const enablement = new Map(commands.map(({ action, enablement: of }) => [action, keysOf(of)]));
    for (const menu of ['editor/title', 'webview/context']) {
      for (const { command, when } of menuOf(menu)) {
        expect(keysOf(when), `${menu}: ${command}`).toEqual(enablement.get(short(command)));
      }
    }
  });

  test('[hex-10] what is a button in a row of the sidebar stands in its menu, too', () => {
    const ofRows = menuOf('view/item/context');
    const isInMenu = ({ command, when }: { command: string; when: string }) =>
      ofRows.some((one) => one.command === command && one.when === when && !one.group.startsWith('inline'));
    for (const one of ofRows.filter(({ group }) => group.startsWith('inline'))) {
      // A board whose connection was lost is disconnected in its menu alone: its button connects it.
      const isThere = isInMenu(one) || short(one.command) === 'disconnect';
      expect(isThere, `${one.command}: ${one.when}`).toBe(true);
    }
  });

  test('[hex-10] every command is in the palette, has a key, or stands in a menu', () => {
    for (const { action } of commands) {
      const hasKey = contributes.keybindings.some(({ command }) => short(command) === action);
      const isReached = !neverInPalette.includes(action) || hasKey || placesOf(action).length > 0;
      expect(isReached, action).toBe(true);
    }
  });

  test('[hex-10] keys, menus and icons name commands that there are, and an action has one icon', () => {
    const known = new Set(contributes.commands.map(({ command }) => command));
    const named = [...contributes.keybindings, ...Object.values(contributes.menus).flat()];
    for (const { command } of named) expect(known, command).toContain(command);
    // What is called the same does the same, and looks so.
    const icons = new Map<string, Set<string>>();
    for (const { name, icon } of commands) {
      if (icon !== undefined) icons.set(name, (icons.get(name) ?? new Set()).add(icon));
    }
    for (const [name, all] of icons) expect([...all], name).toHaveLength(1);
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
