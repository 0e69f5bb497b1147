import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Bench, owned, until, untilTrue } from './support.ts';

const tile = { col: 6, row: 2 };

describe('recording', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    await vscode.workspace
      .getConfiguration('tilescope')
      .update('liveRate', 0, vscode.ConfigurationTarget.Global);
    await bench.dispose();
  });

  it('keeps what changes in a tile; its tab goes back to each moment, locked, and on to now', async () => {
    const document = await bench.open('data', tile, owned);
    const [panel] = document.panels;
    const start = document.shown?.range.offset ?? 0;
    assert.ok(panel !== undefined);
    await untilTrue('its cursor is told', () => panel.selection?.cursor === start);
    const recorded = vscode.commands.executeCommand('tilescope.record');
    await until('it is armed', async () => {
      if (bench.array.count('record') > 0) return true;
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return undefined;
    });
    await recorded;
    /** The board's side has looked since. */
    const untilSeen = async () => {
      const from = bench.array.count('read');
      await untilTrue('the board looks', () => bench.array.count('read') >= from + 3);
    };
    await untilSeen();
    for (const value of [0x5a, 0xa5]) {
      bench.array.poke('data', tile, 0, [value]);
      await untilSeen();
    }
    const first = () => panel.bytes({ offset: start, length: 1 }).bytes[0];
    await until('it goes back to the last change of the byte', () => {
      if (panel.isPast && first() === 0xa5) return true;
      panel.onTimeline({ kind: 'now' });
      panel.onTimeline({ kind: 'here' });
      return undefined;
    });
    assert.equal(panel.state.policy, 'locked');
    assert.match(panel.state.past ?? '', /^As it was at .*\d\.\d{3} s/);
    panel.onTimeline({ kind: 'here' });
    assert.equal(first(), 0x5a);
    await vscode.commands.executeCommand('tilescope.endRecording');
    panel.onTimeline({ kind: 'now' });
    assert.equal(panel.isPast, false);
    const from = bench.array.count('read');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(bench.array.count('read') <= from + 1, 'nothing is recorded any more');
    panel.onTimeline({ kind: 'here' });
    assert.equal(first(), 0xa5);
  });
});
