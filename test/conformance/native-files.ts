import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const native = fileURLToPath(new URL('../../native', import.meta.url));
const names = { agent: 'tilescope-agent', addon: 'tilescope.node' } as const;

/** Builds one program for the board (nothing to do when it is built) and answers with its path on this machine. */
export function buildForArm(target: keyof typeof names): string {
  const options: ExecFileSyncOptions = { cwd: native, stdio: ['ignore', 'ignore', 'inherit'] };
  execFileSync('cmake', ['--preset', 'aarch64'], options);
  execFileSync('cmake', ['--build', '--preset', 'aarch64', '--target', target], options);
  return fileURLToPath(new URL(`../../native/build/aarch64/${names[target]}`, import.meta.url));
}
