/** VS Code's debug sessions as `DebugStops` hears them: those whose type the settings name, but our own. */
import * as vscode from 'vscode';
import { debugType } from '../model/debug-type.ts';
import type { DebugStops } from './debug-stops.ts';

/** Tells `stops` of every debug session from now on. */
export function followDebugSessions(stops: DebugStops): vscode.Disposable {
  const tracking = vscode.debug.registerDebugAdapterTrackerFactory('*', {
    createDebugAdapterTracker: ({ id, type }) => {
      if (!counts(type)) return undefined;
      const heard = (message: unknown): void => stops.heard(id, message);
      return { onDidSendMessage: heard, onWillReceiveMessage: heard, onExit: () => stops.ended(id) };
    },
  });
  const ending = vscode.debug.onDidTerminateDebugSession(({ id }) => stops.ended(id));
  return vscode.Disposable.from(tracking, ending);
}

function counts(type: string): boolean {
  // A sample of a core stops nothing.
  if (type === debugType) return false;
  const types: unknown = vscode.workspace.getConfiguration('tilescope').get('liveStops');
  return Array.isArray(types) && (types.includes('*') || types.includes(type));
}
