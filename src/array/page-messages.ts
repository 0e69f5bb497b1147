/** Reads what the Array view's page sends; what is not in the contract is refused. */
import * as v from 'valibot';
import { mostColumns, mostRows } from '../model/geometry.ts';
import { countShape, cutText, fitting, whole } from '../model/shapes.ts';
import type { ArrayCommand, FromArrayPage } from './messages.ts';

const commands: Readonly<Record<ArrayCommand, true>> = {
  refresh: true,
  connect: true,
  allowDriver: true,
  addBoard: true,
  showLog: true,
};

const tile = v.object({ col: whole(0, mostColumns - 1), row: whole(0, mostRows - 1) });

const message: v.GenericSchema<unknown, FromArrayPage> = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('focus'), tile }),
  v.object({ type: v.literal('open'), tile }),
  v.object({ type: v.literal('drawn'), number: countShape }),
  v.object({ type: v.literal('choose'), key: cutText(200) }),
  v.object({ type: v.literal('command'), command: v.picklist(Object.keys(commands) as ArrayCommand[]) }),
  v.object({ type: v.literal('failure'), message: cutText(2000) }),
]);

/** The message, or `undefined` if it is not in the contract. */
export function readFromArrayPage(raw: unknown): FromArrayPage | undefined {
  return fitting(message, raw);
}
