/** Recordings over SSH: what the board's side keeps while the link is a black hole, cut, or its window is gone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/common.ts';
import { BoardLink } from '../../src/session/link.ts';
import { Recorder } from '../../src/session/recorder.ts';
import { machineServices } from '../../src/session/services.ts';
import { keyOf } from '../conformance/keys.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { type Image, startBoard, type VirtualBoard, type Witness } from './board.ts';

const agent = join(root, 'dist', 'agents', 'tilescope-agent-aarch64');
const columns = { startCol: 6, numCols: 4 };
const memory = { partition: keyOf(columns), memory: 'data' } as const;
/** The recorded bytes, and the word of them that changes. */
const ranges = [{ offset: 0, length: 64 }];
const place = { column: 6, row: 1, offset: 8 };
const ringBytes = 2 ** 20;
/** Longer than any side waits for a sign of the other before it counts as silent, ms. */
const longSilence = 20_000;
/** The application changes the word no more often than that, ms. */
const betweenWrites = 500;
/** In which the application goes on without anybody looking, ms. */
const shortAbsence = 3000;
/** What times of the board and of this machine may differ by: a round trip, on a busy machine. */
const inaccuracy = 2000;

/** What was written, and between which times of this machine. */
interface Written {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

describe.each<Image>(['dropbear', 'openssh'])('a recording over %s', (image) => {
  let board: VirtualBoard;
  let proxy: LinkProxy;
  let folder: string;
  let way: SshWay;
  let witness: Witness;
  let link: BoardLink;
  let recorder: Recorder;
  let value = 0;

  beforeAll(async () => {
    board = await startBoard({ image });
    proxy = await startProxy({ targetPort: board.port });
    folder = mkdtempSync(join(tmpdir(), 'tilescope-recording-'));
    const known = board.hostPublicKeys.map((key) => `[${board.host}]:${proxy.port} ${key}\n`);
    writeFileSync(join(folder, 'known_hosts'), known.join(''));
    way = new SshWay(board, agent);
    witness = await board.witness('request 1 clocks');
    link = newWindow();
    await link.connect();
    recorder = new Recorder(link, memory, machineServices(way.log));
  });
  afterEach(() => board.assertClean());
  afterAll(async () => {
    recorder?.dispose();
    link?.dispose();
    way?.dispose();
    await witness?.exit();
    await proxy?.close();
    rmSync(folder, { recursive: true, force: true });
    await board?.stop();
  });

  function newWindow(): BoardLink {
    const known = join(folder, 'known_hosts');
    const connect = () => way.connect({ port: proxy.port, knownHostsFiles: [known] });
    return new BoardLink('virtual', 'Virtual board', { connect }, machineServices(way.log));
  }

  const until = (what: () => unknown) => expect.poll(() => Boolean(what()), { interval: 50 }).toBe(true);

  /** The application changes the word, and the board looks at it before it does so again. */
  async function write(): Promise<Written> {
    value++;
    const from = Date.now();
    await witness.write('data', place.column, place.row, place.offset, Uint8Array.of(value, 0, 0, 0));
    const to = Date.now();
    await new Promise((resolve) => setTimeout(resolve, betweenWrites));
    return { value, from, to };
  }

  /** For so long, milliseconds. */
  async function writeFor(time: number): Promise<Written[]> {
    const written: Written[] = [];
    for (const end = Date.now() + time; Date.now() < end; ) written.push(await write());
    return written;
  }

  /** Every value that was written and seen is in the recording, once and in order, and at its time. */
  async function expectAll(written: readonly Written[], from: number): Promise<void> {
    await until(
      () => recorder.recording?.lastChange({ offset: place.offset, length: 1 })?.now.bytes[0] === value,
    );
    const { recording, beganAt } = recorder;
    if (recording === undefined || beganAt === undefined) throw new Error('nothing is recorded');
    expect(recording.counts.lost).toBe(0);
    const found = Array.from({ length: recording.last - recording.first + 1 }, (_, i) => recording.first + i)
      .flatMap((number) => recording.changesOf(number).map((change) => ({ number, ...change })))
      .filter(({ offset, now }) => offset === place.offset && (now ?? 0) >= from);
    expect(found.length).toBeGreaterThan(written.length / 2);
    let before = from - 1;
    for (const { number, old, now = 0 } of found) {
      expect(old).toBe(before);
      const { at = 0, after = 0 } = recording.moment(number) ?? {};
      // A value is missing only where the board was too busy to look while it was there.
      if (now > before + 1) expect(at - after).toBeGreaterThan(betweenWrites * 0.8);
      const one = written.find((candidate) => candidate.value === now);
      expect(beganAt + at).toBeGreaterThan((one?.from ?? Number.POSITIVE_INFINITY) - inaccuracy);
      expect(beganAt + after).toBeLessThan((one?.to ?? 0) + inaccuracy);
      before = now;
    }
    expect(before).toBe(value);
  }

  /** The agents on the board. */
  async function agents(): Promise<number> {
    const script =
      'for p in /proc/[0-9]*; do read -r c < $p/comm && echo $c; done 2>/dev/null | grep -c "^tilescope-agent"; true';
    return Number((await board.exec(script)).stdout.toString());
  }

  /** Where programs on the board listen for others, by the kernel's tables; no process has more than these. */
  async function listeners(): Promise<string> {
    const script =
      'for t in tcp tcp6 udp udp6; do [ -e /proc/net/$t ] && while read -r n here there state rest; do case $t$state in udp*|*0A) echo $t $here;; esac; done < /proc/net/$t; done; true';
    return (await board.exec(script)).stdout.toString().split('\n').sort().join('\n');
  }

  it('[live-6] goes on while the link is a black hole for longer than anybody waits: nothing is lost, and all has its time', async () => {
    await recorder.arm(ranges, ringBytes);
    await until(() => recorder.recording?.hasBegun);
    const written = [await write()];
    await expectAll(written, 1);
    const { epoch } = recorder.recording?.about ?? {};
    proxy.blackHole(true);
    written.push(...(await writeFor(longSilence)));
    expect(recorder.state.kind).toBe('away');
    proxy.blackHole(false);
    proxy.cut();
    await until(() => recorder.state.kind === 'recording');
    written.push(await write());
    await expectAll(written, 1);
    expect(recorder.recording?.about.epoch).toBe(epoch);
  });

  it('[live-6] goes on after its connection was reset, and lets go of everything else; another window finds it, and its end ends the agent', async () => {
    const from = value + 1;
    const open = await listeners();
    expect(open).toMatch(/^tcp/m);
    proxy.cut(true);
    const written = await writeFor(shortAbsence);
    await expect.poll(agents).toBe(1);
    expect(await listeners()).toBe(open);
    proxy.mend();
    await until(() => recorder.state.kind === 'recording');
    const { kept } = recorder;
    if (kept === undefined) throw new Error('nothing is kept');
    // The window goes, with its extension host.
    await link.leave();
    recorder.dispose();
    written.push(await write());
    link = newWindow();
    recorder = new Recorder(link, memory, machineServices(way.log));
    recorder.resume(kept);
    await link.connect();
    await expectAll(written, from);
    await recorder.end();
    expect(recorder.state).toMatchObject({ kind: 'ended', error: { code: 'cancelled' } });
    await expect.poll(agents).toBe(1);
  });

  it('is ended by a person on the board as any process is, and the window hears of it', async () => {
    await recorder.arm(ranges, ringBytes);
    await until(() => recorder.recording?.hasBegun);
    proxy.cut(true);
    await until(() => recorder.state.kind === 'away');
    await expect.poll(agents).toBe(1);
    const killed =
      'cd /proc; for p in [0-9]*; do read -r c < $p/comm; case $c in tilescope-agent*) kill $p;; esac; done 2>/dev/null; true';
    await board.exec(killed);
    await expect.poll(agents).toBe(0);
    proxy.mend();
    await until(() => recorder.state.kind === 'ended');
    expect(recorder.state).toMatchObject({ error: { code: 'no-recording' } });
  });

  it('ends with its connection where a person ends that, and leaves nobody behind', async () => {
    await recorder.arm(ranges, ringBytes);
    await until(() => recorder.recording?.hasBegun);
    proxy.cut();
    await until(() => recorder.state.kind === 'away');
    await until(() => recorder.state.kind === 'recording');
    await link.disconnect();
    await expect.poll(agents).toBe(0);
  });
});
