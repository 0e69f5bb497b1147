/** Laps of the matrix (test/conformance/matrix.ts) on a virtual board: local ones run there, those over SSH from here. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Combination, type LapResult, runLap } from '../conformance/matrix.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import type { VirtualHand } from '../conformance/virtual-bench.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { type FamilyName, families } from './families.ts';

const addonPath = '/tmp/tilescope.node';
const agentPath = '/tmp/tilescope-agent';
const mainPath = '/tmp/matrix.mjs';
const resultsPath = '/tmp/matrix.json';

/** One board, on which one family after the other is loaded. */
export class MatrixRun {
  readonly board: VirtualBoard;
  readonly #files: readonly (readonly [string, string])[];
  readonly #folder: string;
  #ssh: SshWay;

  private constructor(
    board: VirtualBoard,
    files: readonly (readonly [string, string])[],
    folder: string,
    ssh: SshWay,
  ) {
    this.board = board;
    this.#files = files;
    this.#folder = folder;
    this.#ssh = ssh;
  }

  /** Builds what runs on the board, boots it, and brings it there. */
  static async start(): Promise<MatrixRun> {
    const folder = mkdtempSync(join(tmpdir(), 'tilescope-matrix-'));
    // Copies: a build that goes on meanwhile must not change what a long run is about.
    const [addon, agent] = (['addon', 'agent'] as const).map((name) => {
      const copy = join(folder, name);
      copyFileSync(buildForArm(name), copy);
      return copy;
    }) as [string, string];
    const main = join(folder, 'matrix.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('../conformance/matrix-main.ts', import.meta.url))],
      outfile: main,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      logLevel: 'error',
    });
    const files = [
      [addon, addonPath],
      [agent, agentPath],
      [main, mainPath],
    ] as const;
    const board = await startBoard({ node: true });
    const run = new MatrixRun(board, files, folder, new SshWay(board, agent));
    await run.#bringFiles();
    return run;
  }

  /** Loads the family and runs its laps. What the kernel log says of forbidden accesses is a failure of the last lap. */
  async family(name: FamilyName, laps: readonly Combination[], seed: number): Promise<LapResult[]> {
    await this.#load(name);
    const results: LapResult[] = [];
    // Attached laps end with a reset: the others first.
    const order = [...laps].sort((a, b) => b.mode.localeCompare(a.mode));
    for (const lap of order) {
      const result =
        lap.way === 'ssh' ? await runLap(this.#hand(), lap, seed) : await this.#onBoard(lap, seed);
      results.push(await this.#clean(result));
      if (!result.passed) await this.#load(name);
    }
    return results;
  }

  async stop(): Promise<void> {
    this.#ssh.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
    await this.board.stop();
  }

  #hand(): VirtualHand {
    const { board } = this;
    return {
      connect: () => this.#ssh.connect(),
      witness: () => board.witness(),
      control: (command) => board.control(command),
      counters: () => board.counters(),
      async kill(pid) {
        await board.exec(`kill -9 ${pid}`);
      },
    };
  }

  async #onBoard(lap: Combination, seed: number): Promise<LapResult> {
    const environment = {
      TILESCOPE_ADDON: addonPath,
      TILESCOPE_AGENT: agentPath,
      TILESCOPE_LAPS: `'${JSON.stringify([lap])}'`,
      TILESCOPE_SEED: String(seed),
      TILESCOPE_RESULTS: resultsPath,
    };
    const words = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    const run = await this.board.exec(
      `rm -f ${resultsPath}; ${words.join(' ')} timeout 240 node ${mainPath} 2>&1`,
    );
    const kept = await this.board.exec(`cat ${resultsPath}`);
    const [result] = kept.code === 0 ? (JSON.parse(kept.stdout.toString()) as LapResult[]) : [];
    return (
      result ?? {
        ...lap,
        passed: false,
        message: `no result (exit code ${run.code}): ${run.stdout.toString()}`,
        ms: 0,
      }
    );
  }

  async #clean(result: LapResult): Promise<LapResult> {
    try {
      await this.board.assertClean();
      return result;
    } catch (error) {
      return { ...result, passed: false, message: `${result.message}\n${String(error)}` };
    }
  }

  /** The module as the family; a board on which a failed lap left something is booted anew. */
  async #load(name: FamilyName): Promise<void> {
    const { module } = families[name];
    try {
      await this.board.reloadModule(module);
    } catch {
      await this.board.reboot({ module });
      await this.#bringFiles();
    }
  }

  async #bringFiles(): Promise<void> {
    for (const [from, to] of this.#files) await this.board.put(from, to);
  }
}
