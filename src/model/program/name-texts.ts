/** What has a name in a tile's memory, in words. */
import { formatTile } from '../geometry.ts';
import type { Localiser } from '../localiser.ts';
import type { PlacedName } from './build.ts';

/** What it is called: its name; of a run-time parameter also which part of it; of a stack, and of what belongs to a neighbour's core, whose it is. */
export function nameText({ kind, name, part, of }: PlacedName, l10n: Localiser): string {
  if (part === 'selector') return l10n.t('selector of {0}', name);
  if (part !== undefined) return part === 'ping' ? l10n.t('{0} (ping)', name) : l10n.t('{0} (pong)', name);
  if (kind !== 'stack') return name;
  return of === undefined ? l10n.t('stack') : l10n.t('stack of {0}', formatTile(of));
}

/** How large it is, its type, and who says so. */
export function nameSizeText({ size, sizeFrom, type, of, kind }: PlacedName, l10n: Localiser): string {
  const parts: string[] = [];
  if (size === 0) parts.push(l10n.t('size not known'));
  else if (kind === 'stack') {
    parts.push(l10n.t('{0} bytes ({1})', size, sizeFrom === 'elf' ? l10n.t('ELF symbols') : sizeFrom));
  } else if (sizeFrom === 'next') parts.push(l10n.t('{0} bytes up to the next name', size));
  else if (sizeFrom === 'elf' || sizeFrom === 'debug' || sizeFrom === 'config')
    parts.push(l10n.t('{0} bytes', size));
  else parts.push(l10n.t('{0} bytes ({1})', size, sizeFrom));
  if (kind === 'stack') parts.push(l10n.t('grows upwards'));
  if (type !== undefined) parts.push(type);
  if (of !== undefined && kind !== 'stack') parts.push(l10n.t('used by {0}', formatTile(of)));
  return parts.join(', ');
}
