/** A board over SSH: from the name that a person typed to a live Board. */
import { clean } from '../../model/plain.ts';
import { type Board, type BoardConnector, type BoardLog, type ConnectStep, defaultDevice } from '../board.ts';
import { createCoreBoard } from '../core-board.ts';
import { abortError, BoardError, toBoardError } from '../errors.ts';
import { WireClient, type WireStream } from '../protocol/wire-client.ts';
import {
  AgentStore,
  agentPath,
  type Probe,
  probeBoard,
  uploadAgent,
  verifyByReading,
} from './agent-files.ts';
import { startAgent } from './agent-start.ts';
import { Answers } from './answers.ts';
import { type ConnectScope, openConnection, type SshConnection } from './connection.ts';
import { knownHostName } from './known-hosts.ts';
import { defaultTimeouts, type SshServices, type SshTarget } from './target.ts';

export type { ChangedHostKeyQuestion, HostKeyQuestion, SecretRequest, SshPrompts } from './prompts.ts';
export type { AgentBinaries, AgentBinary, SshEnvironment, SshServices, SshTarget } from './target.ts';

/** Places that an agent may be tried in, and goes at a file that another version's connect removed. */
const maxAttempts = 8;

/** Where a connect reports. */
export interface ConnectContext {
  readonly log: BoardLog;
  readonly onStep: (step: ConnectStep, percent?: number) => void;
}

/**
 * A connector for one board entry. `connect` resolves the configuration, connects (through jump hosts or a proxy command),
 * checks the host key, authenticates, brings the agent to the board if it is not there, verifies and starts it. Aborting
 * its signal ends it at any step and leaves nothing running. Once it has resolved, the signal does nothing.
 */
export function createSshConnector(target: SshTarget, services: SshServices): BoardConnector {
  return {
    async connect(context, signal): Promise<Board> {
      const stream = await openAgentStream(target, services, context, signal);
      context.onStep('describing');
      const client = await WireClient.start(
        stream,
        { log: context.log, device: target.device ?? defaultDevice, facts: { host: target.host } },
        signal,
      );
      const { toolVersion } = services;
      return createCoreBoard(client, context.log, {
        signal,
        route: stream.route,
        ...(toolVersion === undefined ? {} : { toolVersion }),
      });
    },
  };
}

/** A running agent and how it is reached. */
export interface AgentStream extends WireStream {
  /** For the board report, a line each, without secrets. */
  readonly route: readonly string[];
}

/**
 * Everything up to the running agent: a stream that begins with its marker.
 * @throws BoardError; the connection is closed then
 */
export async function openAgentStream(
  target: SshTarget,
  services: SshServices,
  context: ConnectContext,
  signal: AbortSignal,
): Promise<AgentStream> {
  // The connection outlives the connect: it must not end when the caller's signal aborts much later.
  const connecting = new AbortController();
  const onAbort = () => connecting.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const scope: ConnectScope = {
    services,
    answers: new Answers(services.prompts, connecting.signal, context.log),
    timeouts: { ...defaultTimeouts, ...services.timeouts },
    log: context.log,
    onStep: context.onStep,
    signal: connecting.signal,
  };
  let connection: SshConnection | undefined;
  try {
    connection = await openConnection(target, scope);
    return await bringUp(connection, target, scope);
  } catch (error) {
    connection?.close();
    throw signal.aborted ? abortError(signal, error) : toBoardError(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Finds a place for the agent that works, from the best candidate to the last. */
async function bringUp(
  connection: SshConnection,
  target: SshTarget,
  scope: ConnectScope,
): Promise<AgentStream> {
  const store = new AgentStore(scope.services.agents);
  const device = target.device ?? defaultDevice;
  let skip = 0;
  let refusal: BoardError | undefined;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    scope.onStep('checking-agent');
    let probe: Awaited<ReturnType<typeof probeBoard>>;
    try {
      probe = await probeBoard(connection, store, device, skip, scope);
    } catch (error) {
      // No candidate is left: what failed at the ones before says more than that.
      throw refusal ?? error;
    }
    try {
      let verified = false;
      if (probe.present && !probe.canHash) verified = await verifyByReading(connection, store, probe);
      if (!probe.present || (!probe.canHash && !verified)) {
        await uploadAgent(connection, store, probe, scope);
        verified = !probe.canHash;
      }
      // Also where the node is open to this user: the memory beside an owner is the owner's.
      const useSudo = target.sudo === 'yes' && probe.hasDevice && probe.uid !== 0;
      let result = await startAgent(connection, probe, useSudo, verified, scope);
      if (result === 'corrupt') {
        scope.log.warn(`${clean(probe.folder)}: the agent there is damaged, it is uploaded again`);
        await uploadAgent(connection, store, probe, scope);
        result = await startAgent(connection, probe, useSudo, verified, scope);
        if (result === 'corrupt') {
          throw new BoardError(
            'upload-corrupt',
            `${probe.folder}: the agent is damaged again after an upload`,
            {
              host: connection.host.hostName,
              path: probe.folder,
            },
          );
        }
      }
      if (result !== 'missing') return { ...result, route: routeOf(connection, target, probe, useSudo) };
      scope.log.info('the agent was removed meanwhile, by another version of it; once more');
    } catch (error) {
      const reason = toBoardError(error);
      if (!['disk-full', 'read-only', 'no-exec', 'in-the-way'].includes(reason.code)) throw reason;
      scope.log.warn(`${clean(probe.folder)}: ${reason.message}`);
      refusal ??= reason;
      skip = probe.candidate;
    }
  }
  throw (
    refusal ?? new BoardError('agent-failed', 'the agent is removed again and again', { host: target.host })
  );
}

function routeOf(connection: SshConnection, target: SshTarget, probe: Probe, useSudo: boolean): string[] {
  const { user, hostName, port, proxyJump, proxyCommand } = connection.host;
  const way = proxyJump.length > 0 ? `, through ${proxyJump.join(', ')}` : '';
  const command = proxyJump.length === 0 && proxyCommand !== undefined ? ', through a proxy command' : '';
  return [
    `SSH to ${target.host}: ${user}@${knownHostName(hostName, port)}${way}${command}`,
    `agent: ${clean(agentPath(probe))}${useSudo ? ', through sudo' : ''}`,
  ];
}
