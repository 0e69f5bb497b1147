/**
 * A TCP proxy on 127.0.0.1 that behaves like a link: delay, a rate, stalls, black hole, cut. Used where the kernel has no traffic
 * control. It counts bytes; it knows nothing of what they mean.
 */
import net from 'node:net';

/** How the link behaves. */
export interface LinkOptions {
  readonly targetPort: number;
  /** Delay of each direction, milliseconds; a round trip takes twice as long. 0 forwards at once. */
  readonly oneWayMs?: number;
  /** Bytes a second that each direction of a connection brings; without it, as many as come. */
  readonly rate?: number;
}

export interface LinkProxy {
  readonly port: number;
  /** What comes from now on takes so many milliseconds in each direction. */
  delay(oneWayMs: number): void;
  /** What comes from now on goes at so many bytes a second in each direction of a connection; `Infinity`: at once. */
  slow(bytesPerSecond: number): void;
  /** From now on nothing comes through in either direction, and nothing is lost: it all comes once the stall is over (`false`). */
  stall(on: boolean): void;
  /** From now on bytes vanish in both directions, without FIN or RST, as when a cable is pulled. `false` lets new bytes pass; those that vanished stay lost. */
  blackHole(on: boolean): void;
  /** Resets every connection. New ones are accepted unless `refuse` is set. */
  cut(refuse?: boolean): void;
  /**
   * Resets every connection once so many more bytes went this way, in the middle of a chunk if need be; 0 lets none of
   * the next one through. Resolves when it has happened. A later call takes the place of an earlier one.
   */
  cutAfter(direction: 'toTarget' | 'toClient', bytes: number): Promise<void>;
  /** As `cutAfter`, but then everything vanishes as after `blackHole(true)`. */
  blackHoleAfter(direction: 'toTarget' | 'toClient', bytes: number): Promise<void>;
  /** Accepts connections again after `cut(true)`. */
  mend(): void;
  /** Bytes forwarded so far, per direction. */
  readonly bytes: { toTarget: number; toClient: number };
  close(): Promise<void>;
}

/** What a line sends at once: a few packets. */
const PORTION = 4096;

/**
 * A queue of chunks that leave a fixed time after they came, and no faster than the line's rate; pauses the source when
 * more than 4 MiB are under way.
 */
class DelayLine {
  readonly #queue: { at: number; chunk: Buffer | null }[] = [];
  readonly #limit = 4 << 20;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly source: net.Socket;
  readonly sink: net.Socket;
  readonly delayMs: () => number;
  readonly rate: () => number;
  #lastLeaves = 0;
  readonly stalled: () => boolean;
  readonly swallow: () => boolean;
  /** How many of so many bytes may go through. */
  readonly admit: (bytes: number) => number;
  /** After fewer than all went through. */
  readonly broken: () => void;

  constructor(
    source: net.Socket,
    sink: net.Socket,
    delayMs: () => number,
    rate: () => number,
    stalled: () => boolean,
    swallow: () => boolean,
    admit: (bytes: number) => number,
    broken: () => void,
  ) {
    this.source = source;
    this.sink = sink;
    this.delayMs = delayMs;
    this.rate = rate;
    this.stalled = stalled;
    this.swallow = swallow;
    this.admit = admit;
    this.broken = broken;
    source.on('data', (chunk) => this.#put(chunk));
    source.on('end', () => this.#put(null));
  }

  /** A stall is over. */
  goOn(): void {
    this.#pump();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #put(chunk: Buffer | null): void {
    if (this.swallow()) return;
    this.#size += chunk?.length ?? 0;
    if (this.#size > this.#limit) this.source.pause();
    const delay = this.delayMs();
    const rate = this.rate();
    const size = chunk?.length ?? 0;
    const portion = rate === Number.POSITIVE_INFINITY ? size : PORTION;
    for (let at = 0; at < size || chunk === null; at += portion) {
      const part = chunk?.subarray(at, at + portion) ?? null;
      const leaves = Math.max(performance.now(), this.#lastLeaves) + ((part?.length ?? 0) * 1000) / rate;
      this.#lastLeaves = leaves;
      this.#queue.push({ at: leaves + delay, chunk: part });
      if (part === null) break;
    }
    if (delay === 0) this.#pump();
    else this.#schedule();
  }

  #schedule(): void {
    const first = this.#queue[0];
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(0, first.at - performance.now()));
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.stalled()) return;
    const now = performance.now();
    for (let first = this.#queue[0]; first !== undefined && first.at <= now; first = this.#queue[0]) {
      this.#queue.shift();
      this.#size -= first.chunk?.length ?? 0;
      if (this.swallow()) continue;
      if (first.chunk === null) this.sink.end();
      else {
        const admitted = this.admit(first.chunk.length);
        this.sink.write(first.chunk.subarray(0, admitted));
        if (admitted < first.chunk.length) this.broken();
      }
    }
    if (this.#size <= this.#limit && this.source.isPaused()) this.source.resume();
    this.#schedule();
  }
}

/** Starts a proxy in front of 127.0.0.1:`targetPort`. */
export async function startProxy(options: LinkOptions): Promise<LinkProxy> {
  let oneWayMs = options.oneWayMs ?? 0;
  let bytesPerSecond = options.rate ?? Number.POSITIVE_INFINITY;
  const delay = (): number => oneWayMs;
  const rate = (): number => bytesPerSecond;
  const sockets = new Set<net.Socket>();
  const lines = new Set<DelayLine>();
  const bytes = { toTarget: 0, toClient: 0 };
  let hole = false;
  let stalled = false;
  let refuse = false;
  const cut = (refuseNew = false): void => {
    refuse = refuseNew;
    for (const line of lines) line.stop();
    lines.clear();
    for (const socket of [...sockets]) socket.resetAndDestroy();
  };
  const blackHole = (on: boolean): void => {
    hole = on;
  };
  let trap: { direction: keyof typeof bytes; left: number; spring: () => void } | undefined;
  const setTrap = (direction: keyof typeof bytes, left: number, act: () => void): Promise<void> =>
    new Promise((sprung) => {
      const spring = (): void => {
        trap = undefined;
        act();
        sprung();
      };
      trap = { direction, left, spring };
    });
  const admit = (direction: keyof typeof bytes) => (length: number) => {
    const admitted = trap?.direction === direction ? Math.min(length, trap.left) : length;
    if (trap?.direction === direction) trap.left -= admitted;
    bytes[direction] += admitted;
    return admitted;
  };
  const broken = (): void => trap?.spring();
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (refuse) {
      client.resetAndDestroy();
      return;
    }
    const target = net.connect({
      port: options.targetPort,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    });
    const up = new DelayLine(
      client,
      target,
      delay,
      rate,
      () => stalled,
      () => hole,
      admit('toTarget'),
      broken,
    );
    const down = new DelayLine(
      target,
      client,
      delay,
      rate,
      () => stalled,
      () => hole,
      admit('toClient'),
      broken,
    );
    for (const line of [up, down]) lines.add(line);
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {
        if (!hole) other.destroy();
      });
      socket.on('close', () => {
        sockets.delete(socket);
        if (!hole && !socket.readableEnded) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    bytes,
    delay: (ms) => {
      oneWayMs = ms;
    },
    slow: (rate) => {
      bytesPerSecond = rate;
    },
    stall: (on) => {
      stalled = on;
      if (!on) for (const line of lines) line.goOn();
    },
    blackHole,
    cut,
    cutAfter: (direction, count) => setTrap(direction, count, cut),
    blackHoleAfter: (direction, count) => setTrap(direction, count, () => blackHole(true)),
    mend: () => {
      refuse = false;
    },
    close: () => {
      hole = false;
      stalled = false;
      cut(true);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
