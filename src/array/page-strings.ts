/** The words that the Array view's page has of its own. In `src` so that the export of localisable strings finds them. */
import type { Localiser } from '../model/localiser.ts';

/** Every string of the page by its key. `{0}` and so on stay in the result: the page fills them in. */
export function arrayStrings(l10n: Localiser) {
  return {
    partition: l10n.t('Partition'),
    gridName: l10n.t('Array of {0}'),
    gridHelp: l10n.t(
      'Arrow keys move from tile to tile, Home and End go to the ends of the row, Enter opens the memory of the tile.',
    ),
    legend: l10n.t('Tiles by state'),
    legendLine: l10n.t('{0}: {1}'),
    row: l10n.t('Row'),
    rowHint: l10n.t('Row of the array, the shim row is 0'),
    computeRow: l10n.t('Core'),
    computeRowHint: l10n.t('Row counted from the first row of cores'),
    column: l10n.t('Column'),
    shimSide: l10n.t('shim'),
    memorySide: l10n.t('mem'),
    shimRow: l10n.t('shim tiles'),
    memoryRow: l10n.t('memory tiles'),
    coreRow: l10n.t('cores'),
    rowName: l10n.t('Row {0}, {1}'),
    coreRowName: l10n.t('Row {0}, compute row {1}'),
    arrowsLegend: l10n.t('waits for a lock of that tile'),
    hangArrowsLegend: l10n.t('waits in a circle'),
    reading: l10n.t('Reading...'),
    hangs: l10n.t('Tiles that wait for each other'),
    warnings: l10n.t('Warnings'),
    warnsLegend: l10n.t('has a warning'),
  };
}
