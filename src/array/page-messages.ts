/** Reads what the Array view's page sends; what is not in the contract is refused. */
import type { Tile } from '../model/geometry.ts';
import type { ArrayCommand, FromArrayPage } from './messages.ts';

const commands: Readonly<Record<ArrayCommand, true>> = {
  refresh: true,
  connect: true,
  allowDriver: true,
  addBoard: true,
  showLog: true,
};

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function readTile(value: unknown): Tile | undefined {
  const col = field(value, 'col');
  const row = field(value, 'row');
  const isPlace = (n: unknown): n is number =>
    typeof n === 'number' && Number.isInteger(n) && n >= 0 && n < 4096;
  return isPlace(col) && isPlace(row) ? { col, row } : undefined;
}

/** The message, or `undefined` if it is not in the contract. */
export function readFromArrayPage(raw: unknown): FromArrayPage | undefined {
  const type = field(raw, 'type');
  switch (type) {
    case 'ready':
      return { type };
    case 'focus':
    case 'open': {
      const tile = readTile(field(raw, 'tile'));
      return tile && { type, tile };
    }
    case 'drawn': {
      const number = field(raw, 'number');
      return typeof number === 'number' && Number.isSafeInteger(number) ? { type, number } : undefined;
    }
    case 'choose': {
      const key = field(raw, 'key');
      return typeof key === 'string' ? { type, key: key.slice(0, 200) } : undefined;
    }
    case 'command': {
      const command = field(raw, 'command');
      if (typeof command !== 'string' || !Object.hasOwn(commands, command)) return undefined;
      return { type, command: command as ArrayCommand };
    }
    case 'failure': {
      const message = field(raw, 'message');
      return typeof message === 'string' ? { type, message: message.slice(0, 2000) } : undefined;
    }
    default:
      return undefined;
  }
}
