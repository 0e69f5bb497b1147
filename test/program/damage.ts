/** Damages files for tests: what a reader must answer with a fault, or read, but never fail otherwise. */

import { FileFault } from '../../src/model/program/faults.ts';
import { Random } from '../conformance/random.ts';

/** One damaged copy: cut, lengthened, bytes changed, or a number in it replaced by an extreme one. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  let copy = bytes.slice();
  const steps = 1 + random.below(4);
  for (let step = 0; step < steps && copy.length > 0; step++) {
    const at = random.below(copy.length);
    switch (random.below(5)) {
      case 0:
        copy = copy.slice(0, at);
        break;
      case 1:
        copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        copy.set(random.bytes(Math.min(1 + random.below(8), copy.length - at)), at);
        break;
      case 3: {
        const extreme = random.pick([0, 1, 0x7fffffff, 0xffffffff, 0xfffffff0, copy.length]);
        const place = at & ~3;
        if (place + 4 <= copy.length) new DataView(copy.buffer).setUint32(place, extreme, true);
        break;
      }
      default: {
        const piece = copy.slice(at, at + 1 + random.below(64));
        const longer = new Uint8Array(copy.length + piece.length);
        longer.set(copy.subarray(0, at));
        longer.set(piece, at);
        longer.set(copy.subarray(at), at + piece.length);
        copy = longer;
      }
    }
  }
  return copy;
}

/**
 * How long a run of damaged files goes on: until this process has had so many minutes of a processor, however busy the machine is.
 * The answer says whether there is time left.
 */
export function processorMinutes(minutes: number): () => boolean {
  const begin = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(begin);
    return user + system < minutes * 60e6;
  };
}

/**
 * Gives `read` damaged files, from one seed after the other, until `more` says stop. Throws with the seed where it fails otherwise
 * than with a fault.
 */
export function readDamaged(
  samples: readonly [Uint8Array, ...Uint8Array[]],
  read: (bytes: Uint8Array) => unknown,
  seed: number,
  more: (round: number) => boolean,
  fault: abstract new (...args: never[]) => Error = FileFault,
): void {
  for (let round = 0; more(round); round++) {
    const random = new Random(seed + round);
    const bytes = damaged(random.pick(samples), random);
    try {
      read(bytes);
    } catch (error) {
      if (!(error instanceof fault)) throw new Error(`SEED=${seed + round}`, { cause: error });
    }
  }
}
