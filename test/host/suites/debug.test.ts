/** A debug session of cores in a real extension host: the simulated graph hangs in (7,2) and (7,3). */
import * as assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import * as vscode from 'vscode';
import { layout } from '../../../src/board/simulated/contents.ts';
import { tileStart } from '../../../src/model/geometry.ts';
import { Random } from '../../conformance/random.ts';
import { DwarfWriter } from '../../program/dwarf.ts';
import { makeElf } from '../../program/elf.ts';
import { Bench, debugProgram, owned, until, untilTrue } from './support.ts';

/** A core's program whose function `fir` has all addresses that the graph's cores are seen at. */
function coreElf(folder: string): Uint8Array {
  const range = { low: 0x200, high: 0xa00 };
  const unit = {
    version: 4,
    folder,
    files: ['src/fir.cc'],
    functions: [{ name: 'fir', linkageName: 'fir', ranges: [range], file: 0, line: 2, inlined: [] }],
    globals: [],
    sequences: [{ rows: [{ address: 0x200, file: 0, line: 3, column: 1 }], end: 0xa00 }],
  };
  const symbols = [
    { name: 'samples', value: 0x38000 + layout.ping, type: 1, section: 0xfff1 },
    { name: '_sp_start_value_DM_stack', value: 0x38000, section: 0xfff1 },
  ];
  return makeElf({ flags: 1, sections: new DwarfWriter(new Random(5)).write([unit]), symbols });
}

/** What the linker of that program was told: sizes that its ELF lacks. */
const bcf = `_symbol samples 0x${(0x38000 + layout.ping).toString(16)} 0x40\n_stack DM_stack 0x38000 0x400\n`;

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  readonly memoryReference?: string;
}

interface Thread {
  readonly id: number;
  readonly name: string;
}

describe('a debug session of cores', () => {
  let bench: Bench;
  let work: vscode.Uri;
  let source: vscode.Uri;
  const started: vscode.Disposable[] = [];
  /** Sessions that have not ended. */
  const live = new Map<string, vscode.DebugSession>();

  before(() => {
    vscode.debug.onDidStartDebugSession((session) => live.set(session.id, session));
    vscode.debug.onDidTerminateDebugSession(({ id }) => live.delete(id));
  });
  beforeEach(async () => {
    bench = await Bench.make();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    assert.ok(folder, 'the window has no folder');
    work = vscode.Uri.joinPath(folder, 'DebugWork');
    source = vscode.Uri.joinPath(work, 'src', 'fir.cc');
    await vscode.workspace.fs.writeFile(source, new TextEncoder().encode('//\nvoid fir() {\n  wait();\n}\n'));
    const elf = vscode.Uri.joinPath(work, 'aie', '1_2', 'Release', '1_2');
    await vscode.workspace.fs.writeFile(elf, coreElf('/built/elsewhere'));
    const told = vscode.Uri.joinPath(work, 'aie', '1_2', 'scripts', '1_2.bcf');
    await vscode.workspace.fs.writeFile(told, new TextEncoder().encode(bcf));
  });
  afterEach(async () => {
    for (const one of started.splice(0)) one.dispose();
    await until('all sessions have ended', async () => {
      await vscode.debug.stopDebugging();
      return live.size === 0 ? true : undefined;
    });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.workspace.fs.delete(work, { recursive: true, useTrash: false });
    await bench.dispose();
  });

  const start = async (): Promise<vscode.DebugSession> => {
    const begun = await vscode.debug.startDebugging(undefined, {
      type: 'aie',
      request: 'attach',
      name: 'Cores',
      board: bench.entry.id,
      partition: owned.startCol,
      programs: [work.fsPath],
      sourceMap: { '/built/elsewhere': work.fsPath },
    });
    assert.ok(begun, 'the session did not start');
    const session = await until('the session runs', () =>
      [...live.values()].find(({ type }) => type === 'aie'),
    );
    await focus(session);
    return session;
  };
  /**
   * Has the session the focus. VS Code looks for the frame of a stop again after half a second: where the session has ended
   * by then the focus is on what is no more, and no later stop takes it from there.
   */
  const focus = async (session: vscode.DebugSession): Promise<void> => {
    await until('the session has the focus', async () => {
      if (vscode.debug.activeDebugSession?.id === session.id) return true;
      await vscode.commands.executeCommand('workbench.action.debug.nextConsole');
      return undefined;
    });
  };
  /** Takes a sample, and waits until VS Code has selected the core. */
  const select = async (session: vscode.DebugSession, threadId: number): Promise<void> => {
    await session.customRequest('pause', { threadId });
    await until(`${threadId} is selected`, async () => {
      const item = vscode.debug.activeStackItem;
      if (item?.session.id === session.id && item.threadId === threadId) return true;
      if (vscode.debug.activeDebugSession?.id !== session.id) {
        await focus(session);
        await session.customRequest('pause', { threadId });
      }
      return undefined;
    });
  };
  const threads = async (session: vscode.DebugSession): Promise<readonly Thread[]> =>
    ((await session.customRequest('threads')) as { threads: Thread[] }).threads;

  it('[debug-1] names each core by state and line; a pause takes a sample, opens its source, and the views follow', async () => {
    const session = await start();
    const thread = await until('the core is named with its line', async () =>
      (await threads(session)).find(({ name }) => name === '(7,3) lock south · fir:3'),
    );
    assert.equal((await threads(session)).length, 32);
    await select(session, thread.id);
    await untilTrue('its frame is selected', () => {
      const item = vscode.debug.activeStackItem;
      return item instanceof vscode.DebugStackFrame && item.threadId === thread.id;
    });
    await untilTrue(
      'its source is shown',
      () => vscode.window.activeTextEditor?.document.uri.fsPath === source.fsPath,
    );
    assert.equal(vscode.window.activeTextEditor?.selection.active.line, 2);
    await untilTrue('the details follow', () => {
      const tile = bench.api.array.tile.known?.place.tile;
      return tile?.col === 7 && tile.row === 3;
    });
  });

  it('[debug-2] an open memory shows the selected core, on its own: no tab is opened, and the source stays in front', async () => {
    // With a source for each: where a stop has none VS Code goes back to the one before.
    for (const name of ['1_1', '2_3']) {
      const elf = vscode.Uri.joinPath(work, 'aie', name, 'Release', name);
      await vscode.workspace.fs.writeFile(elf, coreElf('/built/elsewhere'));
    }
    const session = await start();
    const list = await until('all three have their line', async () => {
      const all = await threads(session);
      return all.filter(({ name }) => name.endsWith('fir:3')).length === 3 ? all : undefined;
    });
    const selectAt = (place: string): Promise<void> =>
      select(session, list.find(({ name }) => name.startsWith(place))?.id ?? 0);
    await selectAt('(7,2)');
    await untilTrue(
      'its source is shown',
      () => vscode.window.activeTextEditor?.document.uri.fsPath === source.fsPath,
    );
    assert.equal(vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).length, 1, 'a tab was opened');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');

    const document = await bench.open('data', undefined, owned);
    const { geometry } = document.shown ?? {};
    const [panel] = document.panels;
    assert.ok(geometry && panel, 'the memory is not shown');
    panel.reveal(layout.ping, 1);
    await untilTrue('the cursor is at the buffer', () => panel.selection?.cursor === layout.ping);
    await vscode.window.showTextDocument(source, { viewColumn: vscode.ViewColumn.Two });
    await untilTrue('the source is in front', () => vscode.window.tabGroups.activeTabGroup.viewColumn === 2);
    for (const place of ['(7,3)', '(7,2)', '(8,4)']) {
      await selectAt(place);
      const tile = { col: Number(place[1]), row: Number(place[3]) };
      const start = tileStart(geometry, tile);
      await untilTrue(
        `the memory shows ${place} at the same offset`,
        () => panel.selection?.cursor === start + layout.ping,
      );
      const [memory, beside] = vscode.window.tabGroups.all;
      assert.ok(beside?.isActive, 'the source lost its place');
      assert.ok(!panel.view.active, 'the memory took the focus');
      assert.equal(memory?.tabs.length, 1, 'a tab was opened');
      assert.equal(beside.tabs.length, 1, 'a tab was opened beside');
    }
  });

  it('[debug-9] where no build is open a simulated board brings the sources and programs of its graph along', async () => {
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(work, 'aie'), { recursive: true, useTrash: false });
    const begun = await vscode.debug.startDebugging(undefined, {
      type: 'aie',
      request: 'attach',
      name: 'Cores',
      board: bench.entry.id,
      partition: owned.startCol,
    });
    assert.ok(begun, 'the session did not start');
    const session = await until('the session runs', () =>
      [...live.values()].find(({ type }) => type === 'aie'),
    );
    const thread = await until('the core is named with its line', async () =>
      (await threads(session)).find(({ name }) => name.startsWith('(7,3) lock south · matmul_4x16x8:')),
    );
    await select(session, thread.id);
    await untilTrue(
      'the source is shown where it acquires its lock',
      () => vscode.window.activeTextEditor?.document.uri.path.endsWith('/matmul_4x16x8.cc') === true,
    );
    const { document, selection } = vscode.window.activeTextEditor ?? {};
    assert.equal(document?.lineAt(selection?.active.line ?? 0).text.trim(), 'acquire(edge_in_south);');
  });

  it("[debug-2] a sample has the linker's buffers and stack; menus lead to the memory and to the Array view", async () => {
    const session = await start();
    const named = async (name: string): Promise<Thread> =>
      until(`a core is named ${name}`, async () => (await threads(session)).find((one) => one.name === name));
    const thread = await named('(7,3) lock south · fir:3');
    // Where no source is known, the thread itself is selected.
    await select(session, thread.id);
    const { stackFrames } = (await session.customRequest('stackTrace', { threadId: thread.id })) as {
      stackFrames: { id: number }[];
    };
    const frameId = stackFrames[0]?.id ?? 0;
    const { scopes } = (await session.customRequest('scopes', { frameId })) as {
      scopes: { name: string; variablesReference: number }[];
    };
    const inScope = async (scope: string): Promise<readonly Variable[]> => {
      const { variablesReference = 0 } = scopes.find(({ name }) => name === scope) ?? {};
      const { variables } = await session.customRequest('variables', { variablesReference });
      return variables as Variable[];
    };
    const [samples, ...others] = await inScope('Buffers');
    assert.deepEqual([samples?.name, samples?.type, others], ['samples', '64 bytes @ 0x3A000', []]);
    assert.match((await inScope('Stack'))[0]?.value ?? '', /^0x38000 to 0x383FF$/);

    // As VS Code tells of a variable and of a thread.
    const sessionId = session.id;
    await vscode.commands.executeCommand('tilescope.openDebugged', {
      sessionId,
      container: {},
      variable: { ...samples },
    });
    const uri = bench.uri('data', { col: 7, row: 3 }, owned);
    const document = await until('its memory is open', () => bench.api.editor.document(uri));
    const first = document.shown?.range.offset ?? 0;
    await untilTrue(
      'the cursor is at the bytes',
      () => bench.api.editor.activePanel?.selection?.cursor === first + layout.ping,
    );
    const other = await named('(7,2) lock north · 0x3D0');
    const told = { sessionId, threadId: `thread:${sessionId}:${other.id}` };
    await vscode.commands.executeCommand('tilescope.showDebugged', other.id, told);
    await untilTrue('the Array view is open', () => bench.api.array.array.isVisible);
    await untilTrue('the tile is shown', () => {
      const shown = bench.api.array.tile.known?.place.tile;
      return shown?.col === 7 && shown.row === 2;
    });
  });

  it('[debug-4] instructions come from the listing beside the ELF or the disassembler of the settings; memory opens read-only', async () => {
    const lst = vscode.Uri.joinPath(work, 'aie', '1_2', 'Release', '1_2.lst');
    const listed = '.label fir\n         512    NOPA;   NOPB\n         1184    ACQ r0, #3;   NOPB\n';
    await vscode.workspace.fs.writeFile(lst, new TextEncoder().encode(listed));
    const tool = vscode.Uri.joinPath(work, 'objdump');
    const prints = '#!/bin/sh\ntest -f "$3" && printf "     4a0:\\tacq r0, #3\\n"\n';
    await vscode.workspace.fs.writeFile(tool, new TextEncoder().encode(prints));
    await chmod(tool.fsPath, 0o755);
    const instructionIn = async (session: vscode.DebugSession): Promise<[string, string]> => {
      const thread = await until('the core is named with its line', async () =>
        (await threads(session)).find(({ name }) => name === '(7,3) lock south · fir:3'),
      );
      const { stackFrames } = await session.customRequest('stackTrace', { threadId: thread.id });
      const memoryReference: string = stackFrames[0].instructionPointerReference;
      const request = { memoryReference, instructionOffset: 0, instructionCount: 1 };
      const { instructions } = await session.customRequest('disassemble', request);
      return [memoryReference, instructions[0].instruction];
    };
    const session = await start();
    const [reference, instruction] = await instructionIn(session);
    assert.equal(instruction, 'ACQ r0, #3; NOPB');
    // What View Binary Data opens.
    const memory = vscode.Uri.from({
      scheme: 'vscode-debug-memory',
      authority: session.id,
      path: `/${encodeURIComponent(reference)}/memory.bin`,
    });
    const { permissions } = await vscode.workspace.fs.stat(memory);
    assert.equal(permissions, vscode.FilePermission.Readonly);
    await vscode.debug.stopDebugging(session);
    await untilTrue('it has ended', () => live.size === 0);
    const settings = vscode.workspace.getConfiguration('tilescope');
    await settings.update('disassembler', tool.fsPath, vscode.ConfigurationTarget.Global);
    try {
      const [, other] = await instructionIn(await start());
      assert.equal(other, 'acq r0, #3');
    } finally {
      await settings.update('disassembler', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('[debug-5] beside another session its stop lets samples go, takes the focus and is the last stop; this one never takes it back', async () => {
    const document = await bench.open('data', { col: 7, row: 3 }, owned);
    const said: { readonly event?: string }[] = [];
    started.push(
      vscode.debug.registerDebugAdapterTrackerFactory('aie', {
        createDebugAdapterTracker: () => ({ onDidSendMessage: (message) => said.push(message) }),
      }),
    );
    const told = (name: string): number => said.filter(({ event }) => event === name).length;
    const session = await start();
    const thread = await until('a core waits', async () =>
      (await threads(session)).find(({ name }) => name.startsWith('(7,3) lock')),
    );
    await select(session, thread.id);
    assert.equal(document.session.stopTick, undefined, 'a sample counts as a stop');

    started.push(await debugProgram(work.fsPath));
    const hasFocus = (): boolean => {
      const item = vscode.debug.activeStackItem;
      return item instanceof vscode.DebugStackFrame && item.session.id !== session.id;
    };
    await untilTrue('the other one has the focus', hasFocus);
    assert.equal(told('continued'), 1, 'the sample is held');
    await untilTrue('the stop counts as the last one', () => document.session.stopTick !== undefined);

    const [names, stops] = [told('thread'), told('stopped')];
    bench.array.setActivity({ col: 7, row: 3 }, 'done');
    await untilTrue('the names are told anew', () => told('thread') > names);
    await until('its name is another', async () =>
      (await threads(session)).find(({ id, name }) => id === thread.id && name.startsWith('(7,3) done')),
    );
    assert.ok(hasFocus(), 'the focus was taken');
    assert.equal(told('stopped'), stops);
  });

  it('[debug-3] writes nothing, whatever it is asked', async () => {
    const session = await start();
    const [thread] = await threads(session);
    const threadId = thread?.id ?? 0;
    const refusals = {
      writeMemory: /writes nothing/,
      setVariable: /writes nothing/,
      next: /not stopped/,
      stepIn: /not stopped/,
      setInstructionBreakpoints: /only observes/,
    };
    for (const [command, why] of Object.entries(refusals)) {
      await assert.rejects(async () => session.customRequest(command, { threadId }), why);
    }
    // Everything that can be opened; of all cores it is done without an editor (src/debug/adapter.test.ts).
    for (const { id } of (await threads(session)).filter((_, i) => i % 11 === 0)) {
      await session.customRequest('pause', { threadId: id });
      const { stackFrames } = (await session.customRequest('stackTrace', { threadId: id })) as {
        stackFrames: { id: number }[];
      };
      for (const frame of stackFrames) {
        const { scopes } = (await session.customRequest('scopes', { frameId: frame.id })) as {
          scopes: { variablesReference: number }[];
        };
        for (const { variablesReference } of scopes) {
          await session.customRequest('variables', { variablesReference });
        }
      }
    }
    await session.customRequest('continue', { threadId });
    for (const operation of ['write', 'clocks', 'hold', 'kernel-descriptor'] as const) {
      assert.equal(bench.array.count(operation), 0, operation);
    }
  });
});
