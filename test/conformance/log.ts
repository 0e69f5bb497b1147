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
  /** What a failure tells of it: all that a person would read, then the last lines with traces. */
  get ending(): string {
    const { lines } = this;
    return [...lines.filter((line) => !line.startsWith('trace ')), ...lines.slice(-40)].join('\n  ');
  }
}
