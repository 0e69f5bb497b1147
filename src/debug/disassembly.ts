/** The instructions of a core as the debug protocol tells them. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Tile } from '../model/geometry.ts';
import { cleanLine } from '../model/plain.ts';
import { type Instruction, instructionsAround } from '../model/program/listing.ts';
import type { CoreMemory } from './core-memory.ts';
import type { CoreProgram } from './programs.ts';

/** Instructions that are told at a time at most. */
const mostTold = 4096;

/** What is asked for: instructions around a program address of a tile's core. */
export interface WantedInstructions {
  readonly tile: Tile;
  readonly address: number;
  /** The first one, counted from that at the address. */
  readonly first: number;
  readonly count: number;
}

/**
 * As many instructions as were asked for; those that do not exist are marked as invalid. Addresses are references, which
 * no two tiles share. `sourceOf` names a source file.
 */
export async function disassembled(
  { tile, address, first, count }: WantedInstructions,
  listing: readonly Instruction[],
  program: CoreProgram,
  memory: CoreMemory,
  sourceOf: (file: string) => Promise<DebugProtocol.Source>,
): Promise<DebugProtocol.DisassembledInstruction[]> {
  const reference = (at: number): string => memory.reference(tile, 'program', at) ?? '0x0';
  const wanted = instructionsAround(listing, address, first, Math.min(count, mostTold));
  const known = wanted.findIndex((one) => one !== undefined);
  const behind = (listing.at(-1)?.address ?? address) + 1;
  const found: DebugProtocol.DisassembledInstruction[] = [];
  let line = '';
  for (const [i, one] of wanted.entries()) {
    if (one === undefined) {
      const before = (listing[0]?.address ?? address) - (known - i);
      const at = known > i ? before : behind + i;
      found.push({ address: reference(at), instruction: '', presentationHint: 'invalid' });
      continue;
    }
    const place = program.info.placeAt(one.address);
    const here = place === undefined ? '' : `${place.file}:${place.line}`;
    // The line is told where it is another one.
    const isNew = place !== undefined && place.file !== '' && here !== line;
    line = here;
    const entered = program.info.functionAt(one.address);
    const isEntry = entered?.ranges.some(({ low }) => low === one.address) === true;
    const name = isEntry ? program.callsAt(one.address).at(-1)?.name : undefined;
    found.push({
      address: reference(one.address),
      instruction: cleanLine(one.text),
      ...(name === undefined || name === '' ? {} : { symbol: cleanLine(name) }),
      ...(isNew ? { location: await sourceOf(place.file), line: place.line } : {}),
    });
  }
  return found;
}
