/** Ports as ssh(1) takes them: a number, or the name of a service that this machine knows. */
import { readFileSync } from 'node:fs';
import { parseDecimal } from '../../model/numbers.ts';

let services: ReadonlyMap<string, number> | undefined;

/** The port; `undefined` if it is none. */
export function parsePort(text: string): number | undefined {
  const port = parseDecimal(text) ?? knownServices().get(text);
  return port !== undefined && port >= 1 && port <= 65_535 ? port : undefined;
}

function knownServices(): ReadonlyMap<string, number> {
  services ??= new Map([['ssh', 22], ...readServices()]);
  return services;
}

/** Names and other names of TCP services from the machine's list; none where there is no list. */
function readServices(): [string, number][] {
  const folder =
    process.platform === 'win32' ? `${process.env['SystemRoot']}\\System32\\drivers\\etc` : '/etc';
  let text: string;
  try {
    text = readFileSync(`${folder}/services`, 'latin1');
  } catch {
    // Small systems have no list; numbers do as well.
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [name, port = '', ...others] = line.replace(/#.*/, '').trim().split(/\s+/);
    const number = /^(\d+)\/tcp$/.exec(port)?.[1];
    if (name === undefined || number === undefined) return [];
    return [name, ...others].map((one): [string, number] => [one, Number(number)]);
  });
}
