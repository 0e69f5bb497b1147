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
        const problems = () =>
          vscode.languages
            .getDiagnostics(editor.document.uri)
            .map(({ range }) => [range.start.line, range.start.character]);
        assert.deepEqual(problems(), said.length === 1 ? [] : [[1, 2]]);
        const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
        const next = said.length === 1 ? 'struct one {\n  foo x;\n};' : 'struct one {\n  int x;\n};';
        await editor.edit((edit) => edit.replace(all, next));
        // A mark is of the text as it was.
        await untilTrue('nothing is marked', () => problems().length === 0);
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

  it('what is wrong with a text of somebody else is marked only as long as it is asked about', async () => {
    const document = await bench.open('data', tile);
    const [panel] = document.panels;
    assert.ok(panel);
    const text = await vscode.workspace.openTextDocument({ content: 'struct one {\n  foo x;\n};' });
    await vscode.window.showTextDocument(text, vscode.ViewColumn.Beside);
    const name = text.uri.path.split('/').at(-1);
    const list = await answering([], [`Definition in ${name}`]);
    const marks = () => vscode.languages.getDiagnostics(text.uri).length;
    let asked = 0;
    const say = async () => {
      asked = marks();
      return undefined;
    };
    list.sources.questions = { ...list.sources.questions, clipboard: async () => '', say };
    await list.lay(document, panel);
    assert.deepEqual([asked, marks()], [1, 0]);
    await vscode.window.showTextDocument(text);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  /** Imports structures as a file has them. */
  async function laid(...structures: readonly object[]) {
    const list = await answering([], []);
    const told: string[] = [];
    const tell = async (text: string) => {
      told.push(text);
      return undefined;
    };
    const folder = await mkdtemp(join(tmpdir(), 'tilescope-bookmarks-'));
    const file = vscode.Uri.file(join(folder, 'marks.json'));
    const all = structures.map((one) => ({ name: 'laid', memory: 'data', tile, count: 1, ...one }));
    await writeFile(
      file.fsPath,
      JSON.stringify({ format: 'tilescope-bookmarks', version: 1, structures: all }),
    );
    list.questions = { ...list.questions, open: async () => file, tell };
    await list.import();
    told.length = 0;
    return { list, told };
  }
  const bits = {
    ...{ offset: 0x200, type: 'struct bits' },
    definition: 'struct bits { uint8_t low : 3, high : 5; };',
  };

  it('nothing is set beyond the end of a tile, and no structure grows past it', async () => {
    const document = await bench.open('data', tile);
    const definition = 'struct s { uint16_t a; uint32_t b; };';
    const { list, told } = await laid({ offset: 0x7ffa, type: 'struct s', definition });
    const [row] = list.rows;
    const [first, past] = row?.below?.() ?? [];
    assert.deepEqual([first?.kind, past?.kind], ['value', 'field']);
    await list.set(past);
    assert.deepEqual(told, ['laid.b cannot be set: it does not end in its tile.']);
    assert.equal(document.session.counts().staged, 0);

    told.length = 0;
    list.sources.questions = {
      ...list.sources.questions,
      say: async () => {
        const editor = vscode.window.activeTextEditor;
        assert.ok(editor);
        const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
        await editor.edit((edit) => edit.replace(all, 'struct s { uint16_t a[9]; };'));
        return 'Lay';
      },
    };
    await list.redefine(row);
    assert.deepEqual(told, [
      'laid would have 18 bytes from (2,3)+0x7FFA on, which do not end in the tile. It stays as it was.',
    ]);
    assert.equal(list.marks.structures[0]?.definition, definition);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  it('a value is set where no memory is open; why it cannot be is said', async () => {
    const other = await Bench.make();
    const opened = await other.open('data', tile);
    const [panel] = opened.panels;
    assert.ok(panel);
    const lay = await answering(['1', 'state'], ['Definition in the Clipboard', 'struct head']);
    await lay.lay(opened, panel);
    const { uri } = opened;
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await untilTrue('the memory is closed', () => bench.api.editor.document(uri) === undefined);
    const list = await answering(['7'], []);
    const [kind] = list.rows[0]?.below?.() ?? [];
    assert.deepEqual([kind?.label, kind?.kind], ['kind', 'field']);
    await list.set(kind);
    const document = bench.api.editor.document(uri);
    assert.ok(document);
    const { bytes } = document.session.bytes({ offset: inTile(0), length: 2 });
    assert.deepEqual([...bytes], [7, 0]);
    assert.equal(document.session.counts().staged, 2);

    await other.dispose();
    const told: string[] = [];
    const tell = async (text: string) => {
      told.push(text);
      return undefined;
    };
    list.questions = { ...list.questions, tell };
    await list.set(kind);
    assert.deepEqual(told, ['The memory with tile (2,3) was not opened.']);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('of a bit-field the other bits are those of the memory that was asked about, and of the definition as it is', async () => {
    const document = await bench.open('data', tile);
    const { list, told } = await laid(bits);
    bench.type(document, 0x200, [0b01010_011]);
    const other = await Bench.make();
    try {
      const high = () => list.rows[0]?.below?.()[1];
      list.questions = {
        ...list.questions,
        text: async () => {
          // Another board comes to the front while the question stands.
          const front = await other.open('data', tile);
          other.type(front, 0x200, [0b00000_100]);
          return '31';
        },
      };
      await list.set(high());
      const at = { offset: inTile(0x200), length: 1 };
      assert.deepEqual([...document.session.bytes(at).bytes], [0b11111_011]);
      const beside = other.api.editor.document(other.uri('data', tile));
      assert.deepEqual([...(beside?.session.bytes(at).bytes ?? [])], [0b00000_100]);

      const row = high();
      list.questions = {
        ...list.questions,
        text: async () => {
          await list.remove(list.rows[0]);
          return '1';
        },
      };
      await list.set(row);
      assert.deepEqual(told, ['laid.high is not laid like this any more. Choose it again in the list.']);
    } finally {
      await other.dispose();
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
