import type { BoardLog } from '../../src/board/board.ts';

/** A log that keeps its lines. */
export class KeptLog implements BoardLog {
  readonly lines: string[] = [];
  trace(line: string): void {
    this.lines.push(`trace ${line}`);
  }
  info(line: string): void {
    this.lines.push(`info ${line}`);
  }
  warn(line: string): void {
    this.lines.push(`warn ${line}`);
  }
}
