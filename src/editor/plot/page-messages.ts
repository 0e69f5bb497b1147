/** Reads what a plot's page sends; what is not in the contract is refused. */
import * as v from 'valibot';
import { mostMemoryBytes, totalBytes } from '../../model/geometry.ts';
import { liveRateShape } from '../../model/live-rate.ts';
import { complexParts, plotKinds } from '../../model/plot/choice.ts';
import { mostPixels } from '../../model/plot/picture.ts';
import {
  cellChoiceShape,
  countShape,
  cutText,
  fitting,
  geometryShape,
  textUpTo,
  whole,
} from '../../model/shapes.ts';
import { isSoundGeometry } from '../../session/journal.ts';
import type { FromPlotPage, KeptPlot } from './messages.ts';

/** Bytes of a file that a page may make. */
const mostMadeBytes = 64 * 1024 * 1024;

const span = v.pipe(
  v.tuple([v.pipe(v.number(), v.finite()), v.pipe(v.number(), v.finite())]),
  v.check(([from, to]) => from < to),
);

const view = v.object({
  x: v.exactOptional(span),
  y: v.exactOptional(span),
  width: whole(1, mostPixels),
  height: whole(1, mostPixels),
});

const choice = v.object({
  kind: v.picklist(plotKinds),
  cells: cellChoiceShape,
  offset: whole(0, mostMemoryBytes),
  stride: whole(0, mostMemoryBytes),
  columns: whole(1, mostMemoryBytes),
  rows: whole(0, mostMemoryBytes),
  part: v.picklist(complexParts),
  x: whole(0, mostMemoryBytes),
  y: whole(0, mostMemoryBytes),
});

/** A file as some hosts deliver it: bytes, or their buffer. */
const bytes = v.pipe(
  v.union([v.instance(Uint8Array), v.instance(ArrayBuffer)]),
  v.transform((value) => (value instanceof Uint8Array ? value : new Uint8Array(value))),
  v.check(({ length }) => length <= mostMadeBytes),
);

const message: v.GenericSchema<unknown, FromPlotPage> = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('drawn'), number: countShape }),
  v.object({ type: v.literal('choose'), choice }),
  v.object({ type: v.literal('view'), view }),
  v.object({ type: v.literal('live'), on: v.boolean() }),
  v.object({ type: v.literal('export') }),
  v.object({ type: v.literal('made'), id: countShape, bytes }),
  v.object({ type: v.literal('failure'), message: cutText(2000) }),
]);

/** The message, or `undefined` if it is not in the contract. */
export function readFromPlotPage(raw: unknown): FromPlotPage | undefined {
  return fitting(message, raw);
}

const kept: v.GenericSchema<unknown, KeptPlot> = v.pipe(
  v.object({
    board: textUpTo(64),
    path: textUpTo(200),
    geometry: v.pipe(geometryShape, v.check(isSoundGeometry)),
    range: v.object({ offset: countShape, length: whole(1) }),
    title: textUpTo(1000),
    hertz: liveRateShape,
    choice,
  }),
  v.check(({ geometry, range }) => range.offset + range.length <= totalBytes(geometry)),
);

/** What VS Code kept of a plot's page, or `undefined` if that is no plot of a memory. */
export function readKeptPlot(raw: unknown): KeptPlot | undefined {
  return fitting(kept, raw);
}
