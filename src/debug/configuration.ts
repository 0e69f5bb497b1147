/** What a launch configuration of type `aie` says. It was typed by a person, or made by the picker. */
import * as v from 'valibot';
import { countShape, textUpTo } from '../model/shapes.ts';

const configurationShape = v.object({
  /** Id of a board of the sidebar, or its name there. */
  board: v.optional(textUpTo(200)),
  /** First column of the partition. */
  partition: v.optional(countShape),
  /** Folders with the build whose cores run there; empty: without programs. */
  programs: v.optional(v.pipe(v.array(textUpTo(4096)), v.maxLength(64))),
  /** Beginnings of paths as the compiler knew them, and where these lie on this machine. */
  sourceMap: v.optional(v.record(textUpTo(4096), textUpTo(4096))),
  order: v.optional(v.picklist(['place', 'state'])),
});

/** A launch configuration that has been checked. */
export type AieConfiguration = v.InferOutput<typeof configurationShape>;

/** The configuration, or the name of the first setting that is none. */
export function readConfiguration(given: unknown): AieConfiguration | { readonly wrong: string } {
  const read = v.safeParse(configurationShape, given);
  if (read.success) return read.output;
  return { wrong: String(read.issues[0].path?.[0]?.key ?? '') };
}

/** The path with its beginning as the map has it; the longest one counts. */
export function mappedPath(path: string, map: Readonly<Record<string, string>>): string {
  const [from, to] = Object.entries(map)
    .filter(([beginning]) => beginning !== '' && path.startsWith(beginning))
    .reduce((best, one) => (one[0].length > best[0].length ? one : best), ['', '']);
  return from === '' ? path : to + path.slice(from.length);
}
