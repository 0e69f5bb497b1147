/**
 * Runs laps of the matrix on the board, with the addon in this process. Environment: the addon, the agent, the laps as
 * JSON, the seed, the file for the results.
 */
import { writeFileSync } from 'node:fs';
import { localHand } from './local-hand.ts';
import { type Combination, type LapResult, runLap } from './matrix.ts';

const laps = JSON.parse(process.env['TILESCOPE_LAPS'] ?? '[]') as Combination[];
const hand = localHand({
  addonPath: process.env['TILESCOPE_ADDON'],
  agentPath: process.env['TILESCOPE_AGENT'],
});
const results: LapResult[] = [];
for (const lap of laps) results.push(await runLap(hand, lap, Number(process.env['TILESCOPE_SEED'])));
writeFileSync(process.env['TILESCOPE_RESULTS'] ?? '/tmp/results.json', JSON.stringify(results));
