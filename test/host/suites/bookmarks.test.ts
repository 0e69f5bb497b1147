import * as assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { BookmarkRow } from '../../../src/editor/bookmarks/bookmark-rows.ts';
import type { HexPanel } from '../../../src/editor/panel.ts';
import { Random } from '../../conformance/random.ts';
import { DwarfWriter, type MadeUnit } from '../../program/dwarf.ts';
import { makeElf } from '../../program/elf.ts';
import { Bench, until, untilTrue } from './support.ts';

const tile = { col: 2, row: 3 };
/** Buffer offset of a tile offset. */
const inTile = (offset: number): number => (2 * 8 + 2) * 0x8000 + offset;

const definition = `struct head { uint16_t kind; uint8_t flags : 3, level : 5; };
struct state {
  struct head head;
  float gain;
  int16_t taps[2][4];
};`;

describe('bookmarks', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    const list = await bench.api.bookmarks.load();
    for (const row of list.rows) await list.remove(row);
    await bench.dispose();
  });

  /** Answers the questions of the list: texts by their prompts, lines by their labels. */
  async function answering(texts: readonly string[], lines: readonly string[]) {
    const list = await bench.api.bookmarks.load();
    const [text, line] = [[...texts], [...lines]];
    const pick = async (items: readonly vscode.QuickPickItem[]) => {
      const wanted = line.shift();
      const found = items.find(({ label }) => label === wanted);
      assert.ok(found, `${wanted} is not among ${items.map(({ label }) => label).join(', ')}`);
      return found as never;
    };
    list.questions = {
      ...list.questions,
      pick,
      text: async ({ refuse }) => {
        const typed = text.shift();
        assert.ok(typed !== undefined);
        assert.equal(refuse?.(typed), undefined);
        return typed;
      },
    };
    list.sources.questions = { ...list.sources.questions, pick, clipboard: async () => definition };
    return list;
  }

  /** Puts the cursor at a tile offset, with bytes selected from there on. */
  async function select(panel: HexPanel, offset: number, length: number): Promise<void> {
    panel.reveal(inTile(offset), length);
    await untilTrue(
      'it is selected',
      () => panel.selection?.start === inTile(offset) && panel.selection.length === length,
    );
  }

  const texts = (rows: readonly BookmarkRow[] | undefined) =>
    rows?.map(({ label, description }) => `${label}: ${description}`);

  it('[names-8] what is selected gets a name and a colour, a struct is laid over bytes, its values are staged; a file takes both along', async () => {
    const document = await bench.open('data', tile);
    const [panel] = document.panels;
    assert.ok(panel);
    let list = await answering(['bad tap'], ['red']);
    await select(panel, 0x100, 8);
    await vscode.commands.executeCommand('tilescope.addBookmark');
    assert.deepEqual(texts(list.rows), ['bad tap: (2,3)+0x0100 · red · 8 bytes']);

    list = await answering(['2', 'state'], ['Definition in the Clipboard', 'struct state']);
    await select(panel, 0x200, 1);
    bench.type(document, 0x200, [0x34, 0x12, 0b01010_011, 0, 0xa4, 0x70, 0x45, 0x41, 1, 0, 2, 0, 3, 0, 4, 0]);
    await vscode.commands.executeCommand('tilescope.layStructure');
    const [, laid] = list.rows;
    assert.ok(laid);
    assert.deepEqual(texts([laid]), ['state: struct state[2] · (2,3)+0x0200 · 48 bytes']);
    const [first] = laid.below?.() ?? [];
    assert.deepEqual(texts(first?.below?.()), [
      'head: {...} · struct head · +0x00',
      'gain: 12.34 · float · +0x04',
      `taps: {1, 2, 3, 4, ${valuesAt(panel, 0x210)}} · int16_t[2][4] · +0x08`,
    ]);
    const [head, gain] = first?.below?.() ?? [];
    assert.deepEqual(texts(head?.below?.()), [
      'kind: 4660 · uint16_t · +0x00',
      'flags: 3 · uint8_t : 3 · +0x02',
      'level: 10 · uint8_t : 5 · +0x02',
    ]);

    // A value of a field is staged like any edit; the other bits of a bit-field stay.
    list = await answering(['-0.5', '31'], []);
    await vscode.commands.executeCommand('tilescope.setField', gain);
    await vscode.commands.executeCommand('tilescope.setField', head?.below?.()[2]);
    assert.deepEqual([...panel.bytes({ offset: inTile(0x202), length: 6 }).bytes], [0xfb, 0, 0, 0, 0, 0xbf]);

    // F8 goes from one to the next, and around.
    await select(panel, 0, 1);
    for (const [command, offset] of [
      ['nextBookmark', 0x100],
      ['nextBookmark', 0x200],
      ['nextBookmark', 0x100],
      ['previousBookmark', 0x200],
    ] as const) {
      await vscode.commands.executeCommand(`tilescope.${command}`);
      await untilTrue(`${command} goes to ${offset}`, () => panel.selection?.start === inTile(offset));
    }

    const file = vscode.Uri.file(join(await mkdtemp(join(tmpdir(), 'tilescope-bookmarks-')), 'marks.json'));
    list.questions = { ...list.questions, save: async () => file, open: async () => file };
    await vscode.commands.executeCommand('tilescope.exportBookmarks');
    const written = JSON.parse(await readFile(file.fsPath, 'utf8'));
    assert.deepEqual(written.bookmarks, [
      { name: 'bad tap', colour: 'red', memory: 'data', tile, offset: 0x100, length: 8 },
    ]);
    assert.equal(written.structures[0].definition, definition);

    const [mark] = list.rows;
    list = await answering(['first tap'], ['green']);
    await vscode.commands.executeCommand('tilescope.renameBookmark', mark);
    await vscode.commands.executeCommand('tilescope.recolourBookmark', list.rows[0]);
    assert.deepEqual(texts(list.rows)?.[0], 'first tap: (2,3)+0x0100 · green · 8 bytes');
    await vscode.commands.executeCommand('tilescope.removeBookmark', list.rows[1]);
    assert.equal(list.rows.length, 1);

    // What is there stays; what does not fit is left out.
    written.bookmarks.push({ name: '', colour: 'red' });
    await writeFile(file.fsPath, JSON.stringify(written));
    list.questions = { ...list.questions, open: async () => file };
    await vscode.commands.executeCommand('tilescope.importBookmarks');
    assert.deepEqual(
      list.rows.map(({ label }) => label),
      ['first tap', 'bad tap', 'state'],
    );
    await vscode.commands.executeCommand('tilescope.importBookmarks');
    assert.equal(list.rows.length, 3);
  });

  /** The numbers that follow in the memory of the graph. */
  function valuesAt(panel: HexPanel, offset: number): string {
    const { bytes } = panel.bytes({ offset: inTile(offset), length: 8 });
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    return [0, 2, 4, 6].map((at) => view.getInt16(at, true)).join(', ');
  }

  it("[names-8] a definition that is wrong is marked where it is, and stays; a type of the core's program is laid as it is", async () => {
    const document = await bench.open('data', tile);
    const [panel] = document.panels;
    assert.ok(panel);
    const list = await answering(['1', 'one'], ['Write a Definition...']);
    const said: string[] = [];
    list.sources.questions = {
      ...list.sources.questions,
      clipboard: async () => '',
      say: async (text) => {
        said.push(text);
        const editor = vscode.window.activeTextEditor;
        assert.ok(editor);
        const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
        const next = said.length === 1 ? 'struct one {\n  foo x;\n};' : 'struct one {\n  int x;\n};';
        await editor.edit((edit) => edit.replace(all, next));
        if (said.length > 1) {
          const problems = vscode.languages.getDiagnostics(editor.document.uri);
          assert.deepEqual(
            problems.map(({ range }) => [range.start.line, range.start.character]),
            [[1, 2]],
          );
        }
        return 'Lay';
      },
    };
    await list.lay(document, panel);
    assert.deepEqual(said.slice(1), [
      'Line 2, column 3: The type "foo" is not known. Put its definition above.',
    ]);
    assert.deepEqual(texts(list.rows), ['one: struct one · (2,3)+0x0000 · 4 bytes']);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');

    const folder = await mkdtemp(join(tmpdir(), 'tilescope-bookmarks-'));
    const address = vscode.Uri.file(join(folder, '1_2')).toString();
    await writeFile(join(folder, '1_2'), programWithStruct());
    const { services } = bench.api.editor;
    const { program } = services;
    try {
      services.program = () => ({ label: '1_2', address, image: {} as never });
      const asked = await answering(['1', 'from the program'], ["Type of the Core's Program...", 'frame']);
      const front = await bench.open('data', tile);
      await asked.lay(front, panel);
      const laid = await until('it is laid', () =>
        asked.rows.find(({ label }) => label === 'from the program'),
      );
      assert.match(laid.description, /^struct frame · .* · 8 bytes$/);
      assert.deepEqual(
        laid.below?.().map(({ description }) => description.split(' · ').slice(1).join(' ')),
        ['int32_t +0x00', 'float +0x04'],
      );
    } finally {
      services.program = program;
    }
  });
});

/** A program whose debug information has a struct of an integer and a float. */
function programWithStruct(): Uint8Array {
  const base = (name: string, encoding: number) => ({ kind: 'base', name, size: 4, encoding }) as const;
  const type = { kind: 'struct', name: 'frame', members: [base('int', 5), base('float', 4)] } as const;
  const unit: MadeUnit = {
    ...{ version: 5, folder: '/src', files: ['kernel.cc'], functions: [], sequences: [] },
    globals: [{ name: 'g', address: 0x38400, type }],
  };
  return makeElf({ flags: 1, sections: new DwarfWriter(new Random(1)).write([unit]) });
}
